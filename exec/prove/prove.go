package prove

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// MaxFields is how many unbound fields are tried in all their cases, 2 to the
// power of it.
const MaxFields = 10

// Failure is a case in which the plan fails.
type Failure struct {
	Op     string
	Line   int
	Case   string // "" for every case
	Reason string
	WayOut string
	// Decided and Fresh are the first such case itself: the slot that each
	// unbound field decides for, and whether the token was never initialised.
	Decided map[string]string
	Fresh   bool
	PINPad  bool
}

// Proof is the outcome.
type Proof struct {
	// Cases is how many were run.
	Cases int
	// Skipped are the fields beyond MaxFields, which were tried for the default
	// slot only.
	Skipped  []string
	Failures []Failure
}

// Prove runs the plan in every case. Values in inputs take part where they are
// bound; none of them is kept or changed.
func Prove(ctx context.Context, p *plan.Plan, in exec.Inputs) (*Proof, error) {
	fields := deciding(p)
	proof := &Proof{}
	if len(fields) > MaxFields {
		proof.Skipped, fields = fields[MaxFields:], fields[:MaxFields]
	}
	found := map[string]*Failure{}
	cases := map[string][]string{}
	var order []string
	for _, start := range starts(p) {
		for bits := range 1 << len(fields) {
			decided, words := map[string]string{}, []string{}
			for i, f := range fields {
				decided[f] = plan.Default
				if bits>>i&1 == 1 {
					decided[f] = plan.Signature
				}
				words = append(words, fmt.Sprintf("%s decides for the %s slot", f, decided[f]))
			}
			for _, f := range proof.Skipped {
				decided[f] = plan.Default
			}
			if start.words != "" {
				words = append(words, start.words)
			}
			proof.Cases++
			err := run(ctx, p, in, decided, start.Start)
			if err == nil {
				continue
			}
			var e *exec.Error
			if !errors.As(err, &e) {
				return nil, err
			}
			f := failure(p, e)
			key := f.Op + f.Reason
			if found[key] == nil {
				f.Decided, f.Fresh, f.PINPad = decided, start.Fresh, start.PINPad
				found[key] = f
				order = append(order, key)
			}
			cases[key] = append(cases[key], strings.Join(words, ", "))
		}
	}
	for _, key := range order {
		f := found[key]
		if len(cases[key]) < proof.Cases {
			f.Case = cases[key][0]
			if more := len(cases[key]) - 1; more > 0 {
				f.Case += fmt.Sprintf(" (and %d more)", more)
			}
		}
		proof.Failures = append(proof.Failures, *f)
	}
	return proof, nil
}

// Refuse adds the failures to the plan as refusals, and what was not covered as
// a warning.
func (proof *Proof) Refuse(p *plan.Plan) {
	for _, f := range proof.Failures {
		reason := f.Reason
		if f.Case != "" {
			reason = "if " + f.Case + ": " + reason
		}
		p.Refusals = append(p.Refusals, plan.Refusal{Op: f.Op, Line: f.Line, Reason: reason, WayOut: f.WayOut})
	}
	if len(proof.Skipped) > 0 {
		p.Warnings = append(p.Warnings, plan.Warning{Message: fmt.Sprintf("unproven: %d fields decide slots, and only %d were tried in all cases; %s were tried for the default slot",
			len(proof.Skipped)+MaxFields, MaxFields, strings.Join(proof.Skipped, ", "))})
	}
	p.Seal()
}

// deciding are the unbound fields that decide slots, in the order of the ops.
func deciding(p *plan.Plan) []string {
	var fields []string
	add := func(name string) {
		if name != "" && !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	for i := range p.Ops {
		add(p.Ops[i].SlotField())
		for _, c := range p.Ops[i].When {
			add(c.Field)
		}
	}
	return fields
}

type start struct {
	model.Start
	words string
}

// starts are the states of the token that a run may find: both where the plan
// initialises one, since it must work on either.
func starts(p *plan.Plan) []start {
	list := []start{{}}
	for i := range p.Ops {
		if p.Ops[i].Kind != plan.InitToken {
			continue
		}
		// A token that can be initialised once only is refused by apply when it
		// sees it.
		list = []start{{model.Start{Fresh: true}, "the token is fresh"}}
		if p.Facts().Is(profile.Reinit) != profile.No {
			list = append(list, start{words: "the token is initialised"})
		}
		break
	}
	auto := slices.ContainsFunc(p.Dialogs, func(d plan.Dialog) bool { return d.Auto })
	if !auto || p.Facts().Get(profile.PINPad).Known() {
		return list
	}
	for _, s := range slices.Clone(list) {
		words := strings.TrimPrefix(s.words+", the reader has a PIN pad", ", ")
		s.PINPad, s.words = true, words
		list = append(list, s)
	}
	return list
}

func run(ctx context.Context, p *plan.Plan, in exec.Inputs, decided map[string]string, s model.Start) error {
	_, err := exec.Apply(ctx, exec.Options{
		Plan: p, Inputs: cloned(in), Cases: decided, Symbolic: true, DestroyConfirmed: true,
		Module: model.New(p.Facts(), s), Selectors: model.Selectors(), Issuer: model.Issuer{}, Journals: &exec.Memory{},
	})
	return err
}

// cloned copies inputs, because a run forgets them at its end.
func cloned(in exec.Inputs) exec.Inputs {
	out := exec.Inputs{Text: maps.Clone(in.Text), Secrets: map[string]secret.Secret{}, Literals: in.Literals}
	for name, s := range in.Secrets {
		out.Secrets[name] = s.Clone()
	}
	return out
}

// failure reads op and line out of an error; slots and tokens of the model mean
// nothing to a reader.
func failure(p *plan.Plan, e *exec.Error) *Failure {
	f := &Failure{WayOut: e.Help()}
	bare := *e
	bare.Op, bare.Slot = "", ""
	f.Reason = bare.Error()
	id, _, _ := strings.Cut(e.Op, " ")
	for i := range p.Ops {
		if p.Ops[i].ID == id {
			f.Op, f.Line = id, p.Ops[i].Source.Line
		}
	}
	return f
}
