package exec

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"inscribe/internal/secret"
	"inscribe/plan"
)

// Model is a module that a run can be forked on.
type Model interface {
	Module
	// Fork gives an equal module that shares nothing that changes.
	Fork() Model
	// State is the same text for two modules that no later call can tell apart.
	// Objects whose CKA_ID is forgotten count for nothing but the space that
	// they take.
	State(forgotten func(id []byte) bool) string
}

// Case is what is decided of what was open: the slot ("default", "signature") by
// field, and what a [Beginning] names.
type Case map[string]string

// Beginning is a state in which a run may find its tokens. Its case has other
// names than fields have.
type Beginning struct {
	Case  Case
	Model Model
}

// Ending is an error in which runs end, with the cases in which they do. Each
// case holds what makes the run fail, and no more than that.
type Ending struct {
	Err   *Error
	Cases []Case
	Count uint64 // of full cases
}

// Exploration is the outcome of [Explore].
type Exploration struct {
	// Endings are the errors in the order of the ops.
	Endings []*Ending
	// Fields are those that decide, in the order in which the ops read them.
	Fields []string
	// Count is the number of full cases: beginnings times 2 to the power of the
	// fields that decide.
	Count uint64
	// Skipped are fields that were decided for the default slot alone, because
	// more states than allowed would have had to be followed.
	Skipped []string
}

// branch is a run in the cases that led to one state.
type branch struct {
	*run
	cases  []Case
	weight uint64 // full cases that the branch stands for
}

// Explore runs a plan in every case of the fields that decide slots, on models.
// Runs part only where an op reads a field that is not decided yet, and join
// where nothing that is still to come can tell them apart; at most limit are
// followed at a time. An error that is no [*Error] ends the exploration.
func Explore(ctx context.Context, o Options, from []Beginning, limit int) (*Exploration, error) {
	out := &Exploration{}
	if err := refusals(o.Plan); err != nil {
		return out, nil // the plan itself says why it cannot run
	}
	out.Fields = deciding(o.Plan)
	each := uint64(1) << min(len(out.Fields), 60)
	out.Count = uint64(len(from)) * each
	var branches []*branch
	for _, b := range from {
		r := newRun(ctx, o)
		r.Module, r.Inputs, r.Cases, r.Symbolic = b.Model, o.Inputs.Clone(), map[string]string{}, true
		r.journal, r.begun = nowhere{}, true
		branches = append(branches, &branch{r, []Case{b.Case}, each})
	}
	ahead := futures(o.Plan)
	for i := range o.Plan.Ops {
		op := &o.Plan.Ops[i]
		for _, f := range reads(op) {
			branches = part(branches, f, limit, out)
		}
		alive := branches[:0]
		for _, b := range branches {
			err := b.step(op)
			if err == nil {
				alive = append(alive, b)
				continue
			}
			e, ok := err.(*Error)
			if !ok || ctx.Err() != nil {
				return nil, err
			}
			out.end(e, b)
		}
		branches = join(alive, &ahead[i])
	}
	return out, nil
}

// reads are the fields that an op reads to see whether and where it runs.
func reads(op *plan.Op) []string {
	var out []string
	for _, c := range op.When {
		out = append(out, c.Field)
	}
	if f := op.SlotField(); f != "" {
		out = append(out, f)
	}
	return out
}

// deciding are the fields that the ops read, in that order.
func deciding(p *plan.Plan) []string {
	var out []string
	for i := range p.Ops {
		for _, f := range reads(&p.Ops[i]) {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// part forks the branches that have not decided a field.
func part(branches []*branch, field string, limit int, out *Exploration) []*branch {
	open := func(b *branch) bool { return b.Cases[field] == "" }
	more := 0
	for _, b := range branches {
		if open(b) {
			more++
		}
	}
	if more == 0 {
		return branches
	}
	skip := len(branches)+more > limit
	if skip && !slices.Contains(out.Skipped, field) {
		out.Skipped = append(out.Skipped, field)
		out.Count /= 2
		for _, e := range out.Endings {
			e.Count /= 2
		}
	}
	for _, b := range branches {
		if !open(b) {
			if skip {
				b.weight /= 2
			}
			continue
		}
		b.weight /= 2
		if !skip {
			other := b.fork()
			other.decide(field, plan.Signature)
			branches = append(branches, other)
		}
		b.decide(field, plan.Default)
	}
	return branches
}

func (b *branch) decide(field, slot string) {
	b.run.Cases[field] = slot
	for i, c := range b.cases {
		c = maps.Clone(c)
		c[field] = slot
		b.cases[i] = c
	}
}

// fork copies a branch.
func (b *branch) fork() *branch {
	r := *b.run
	model := r.Module.(Model).Fork()
	r.Module, r.Inputs, r.Cases = model, r.Inputs.Clone(), maps.Clone(r.Cases)
	r.slots, r.work, r.owners = map[string]*slotState{}, map[string]*work{}, maps.Clone(r.owners)
	for slot, s := range b.slots {
		r.slots[slot] = s.clone(model)
	}
	for name, w := range b.work {
		copied := *w
		r.work[name] = &copied
	}
	r.result.Tokens, r.result.Objects, r.result.Outputs = maps.Clone(r.result.Tokens), slices.Clone(r.result.Objects), maps.Clone(r.result.Outputs)
	r.result.Notes = slices.Clone(r.result.Notes)
	return &branch{&r, slices.Clone(b.cases), b.weight}
}

// step takes the looks of a proof at one op, and runs it.
func (b *branch) step(op *plan.Op) error {
	if !b.applies(op) {
		return nil
	}
	slot := b.slot(op)
	for _, l := range looks {
		if !l.proved {
			continue
		}
		if err := l.look(b.run, op, slot); err != nil {
			return b.wrap(err, op, slot)
		}
	}
	return b.op(op)
}

// nowhere is the journal of runs that nobody goes on with.
type nowhere struct{}

func (nowhere) Write(Record) error                       { return nil }
func (nowhere) Sync() error                              { return nil }
func (nowhere) Tries(_, _ string) (int, error)           { return 0, nil }
func (nowhere) AddTries(_, _ string, _ int) (int, error) { return 0, nil }
func (nowhere) Locks() []*os.File                        { return nil }
func (nowhere) Close() error                             { return nil }

// end notes where a branch failed. The slot belongs to the case.
func (x *Exploration) end(err *Error, b *branch) {
	err.Slot = ""
	i := slices.IndexFunc(x.Endings, func(e *Ending) bool { return e.Err.Error() == err.Error() })
	if i < 0 {
		i = len(x.Endings)
		x.Endings = append(x.Endings, &Ending{Err: err})
	}
	x.Endings[i].Cases = combine(append(x.Endings[i].Cases, b.cases...))
	x.Endings[i].Count += b.weight
}

// join makes one of the branches that the future cannot tell apart.
func join(branches []*branch, ahead *future) []*branch {
	if len(branches) < 2 {
		return branches
	}
	// Most part in a field that is still to be read: that is seen at once.
	alike := map[string][]*branch{}
	for _, b := range branches {
		key := ""
		for _, f := range ahead.fields {
			key += b.run.Cases[f] + " "
		}
		alike[key] = append(alike[key], b)
	}
	if len(alike) == len(branches) {
		return branches
	}
	at := map[string]*branch{}
	kept := branches[:0]
	for _, b := range branches {
		state := b.state(ahead)
		same := at[state]
		if same == nil {
			at[state] = b
			kept = append(kept, b)
			continue
		}
		same.cases = combine(append(same.cases, b.cases...))
		same.weight += b.weight
	}
	return kept
}

// future is what the rest of a plan, after op i, can still see of a state.
type future struct {
	i       int
	fields  []string       // that are still to be read
	objects bool           // some op looks for objects by more than a new CKA_ID
	last    map[string]int // the last op of each application
	made    map[string]bool
}

// unended reports whether an application has ops left.
func (f *future) unended(application string) bool { return f.last[application] > f.i }

// forgets reports whether an application is over that made a key of its own, which
// nobody can meet again: its CKA_ID is new.
func (f *future) forgets(application string) bool {
	return f.made[application] && !f.unended(application)
}

// futures gives the future after each op.
func futures(p *plan.Plan) []future {
	out := make([]future, len(p.Ops))
	last, made := map[string]int{}, map[string]bool{}
	for i := range p.Ops {
		op := &p.Ops[i]
		last[op.Application] = i
		made[op.Application] = made[op.Application] || op.Kind == plan.GenKey
	}
	var fields []string
	objects, keys := false, false
	for i := len(p.Ops) - 1; i >= 0; i-- {
		out[i] = future{i, fields, objects, last, made}
		op := &p.Ops[i]
		for _, field := range reads(op) {
			if !slices.Contains(fields, field) {
				fields = append(slices.Clone(fields), field)
			}
		}
		objects = objects || op.Kind == plan.PutList || op.Kind == plan.PutData || op.Kind == plan.Delete || op.Kind == plan.PutCert && op.Certificate != nil
		if op.Kind == plan.PutList && keys {
			// A key of the list may have the label of a key that is made later.
			for j := i; j < len(p.Ops); j++ {
				out[j].objects = true
			}
		}
		keys = keys || op.Kind == plan.GenKey
	}
	return out
}

// state says all that the future can see of a branch.
func (b *branch) state(ahead *future) string {
	var s strings.Builder
	for _, f := range ahead.fields {
		fmt.Fprintf(&s, "%q=%s ", f, b.run.Cases[f])
	}
	forgotten := map[string]bool{}
	for a, w := range b.work {
		if ahead.forgets(a) {
			forgotten[hex.EncodeToString(w.id)] = true
		}
	}
	for _, slot := range plan.Slots {
		// Session and login are in the state of the module.
		fmt.Fprintf(&s, "%s %v %q;", slot, b.at(slot).opened, b.at(slot).leftPIN.Name)
	}
	for _, a := range slices.Sorted(maps.Keys(b.work)) {
		if w := b.work[a]; ahead.unended(a) {
			fmt.Fprintf(&s, "%q %v %x %v %v;", a, w.private != 0, w.id, w.request != nil, w.cert != nil)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b.owners)) {
		if ahead.objects && !forgotten[key[strings.IndexByte(key, ' ')+1:]] {
			fmt.Fprintf(&s, "%s=%s;", key, b.owners[key])
		}
	}
	s.WriteString(b.Module.(Model).State(func(id []byte) bool { return !ahead.objects || forgotten[hex.EncodeToString(id)] }))
	return s.String()
}

// combine joins cases that differ in one decision of two: both are the case
// without it.
func combine(cases []Case) []Case {
	for i := 0; i < len(cases); i++ {
		for j := i + 1; j < len(cases); j++ {
			name, one := differs(cases[i], cases[j])
			if !one {
				continue
			}
			joined := maps.Clone(cases[i])
			delete(joined, name)
			cases = append(slices.Delete(slices.Delete(cases, j, j+1), i, i+1), joined)
			i = -1
			break
		}
	}
	return cases
}

// differs tells the one decision in which two cases of the same decisions differ;
// "" where they are the same.
func differs(a, b Case) (name string, one bool) {
	if len(a) != len(b) {
		return "", false
	}
	for k, v := range a {
		w, has := b[k]
		switch {
		case !has || v != w && one:
			return "", false
		case v != w:
			name, one = k, true
		}
	}
	return name, one || maps.Equal(a, b)
}

// Clone copies inputs, because a run forgets them.
func (in Inputs) Clone() Inputs {
	out := Inputs{Text: maps.Clone(in.Text), Secrets: map[string]secret.Secret{}, Literals: in.Literals}
	for name, s := range in.Secrets {
		out.Secrets[name] = s.Clone()
	}
	return out
}
