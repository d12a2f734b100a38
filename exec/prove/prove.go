package prove

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/plan"
)

// maxStates is how many states are followed at a time: all cases of ten fields
// whose states nothing lets join.
const maxStates = 1 << 10

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
	// Cases is how many full cases there are.
	Cases uint64
	// Skipped are the fields that were tried for the default slot only, because
	// there were too many states.
	Skipped  []string
	Failures []Failure

	cases []exec.Case // all in which it fails
}

// Prove runs the plan in every case. Values in inputs take part where they are
// bound; none of them is kept or changed.
func Prove(ctx context.Context, p *plan.Plan, in exec.Inputs) (*Proof, error) {
	from := starts(p)
	beginnings := make([]exec.Beginning, len(from))
	for i, s := range from {
		beginnings[i] = exec.Beginning{Case: s.of, Model: model.New(p.Facts(), s.Start)}
	}
	found, err := exec.Explore(ctx, exec.Options{
		Plan: p, Inputs: in, DestroyConfirmed: true, Selectors: model.Selectors(), Issuer: model.Issuer{},
	}, beginnings, maxStates)
	if err != nil {
		return nil, err
	}
	proof := &Proof{Cases: found.Count, Skipped: found.Skipped}
	for _, e := range found.Endings {
		f := failure(p, e.Err)
		first := e.Cases[0]
		f.Decided = map[string]string{}
		for _, name := range found.Fields {
			f.Decided[name] = cmp.Or(first[name], plan.Default)
		}
		for _, b := range slices.Backward(from) {
			if b.fits(first) {
				f.Fresh, f.PINPad = b.Fresh, b.PINPad
			}
		}
		f.Case = words(first)
		if more := len(e.Cases) - 1; more > 0 {
			f.Case += fmt.Sprintf(" (and %d more)", more)
		}
		proof.Failures = append(proof.Failures, *f)
		proof.cases = append(proof.cases, e.Cases...)
	}
	return proof, nil
}

// What a beginning is called in a case; no field has a blank in its name.
const (
	theToken  = "the token"
	fresh     = "is fresh"
	used      = "is initialised"
	theReader = "the reader"
	pinPad    = "has a PIN pad"
	noPINPad  = "has no PIN pad"
)

// words tells a case; fields first, in the order of their names.
func words(c exec.Case) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if name != theToken && name != theReader {
			parts = append(parts, fmt.Sprintf("%s decides for the %s slot", name, c[name]))
		}
	}
	for _, name := range []string{theToken, theReader} {
		if c[name] != "" {
			parts = append(parts, name+" "+c[name])
		}
	}
	return strings.Join(parts, ", ")
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
		p.Warnings = append(p.Warnings, plan.Warning{Message: fmt.Sprintf("unproven: the cases of the unbound fields are more than %d states; %s were tried for the default slot only",
			maxStates, strings.Join(proof.Skipped, ", "))})
	}
	p.Seal()
}

// start is a state in which a run may find its tokens.
type start struct {
	model.Start
	of exec.Case
}

// fits reports whether a case may begin so.
func (s start) fits(c exec.Case) bool {
	for name, is := range s.of {
		if c[name] != "" && c[name] != is {
			return false
		}
	}
	return true
}

// starts are a fresh token and an initialised one where the plan initialises it,
// since it must work on either, and a reader with a PIN pad and one without where
// that decides who is asked.
func starts(p *plan.Plan) []start {
	tokens, readers := []string{used}, []string{noPINPad}
	if slices.ContainsFunc(p.Ops, func(o plan.Op) bool { return o.Kind == plan.InitToken }) {
		tokens = []string{fresh, used}
		if p.Facts().Is(profile.Reinit) == profile.No {
			tokens = tokens[:1] // apply refuses the other when it sees it
		}
	}
	auto := slices.ContainsFunc(p.Dialogs, func(d plan.Dialog) bool { return d.Auto })
	if auto && !p.Facts().Get(profile.PINPad).Known() {
		readers = []string{noPINPad, pinPad}
	}
	var out []start
	for _, reader := range readers {
		for _, token := range tokens {
			s := start{model.Start{Fresh: token == fresh, PINPad: reader == pinPad}, exec.Case{}}
			// What cannot be otherwise is no case.
			if len(tokens) > 1 {
				s.of[theToken] = token
			}
			if len(readers) > 1 {
				s.of[theReader] = reader
			}
			out = append(out, s)
		}
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
