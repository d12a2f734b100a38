package exec

import "inscribe/plan"

// Blind is a model of a token whose private objects nobody saw.
type Blind interface{ Blind() bool }

// blind reports whether what is among the private objects of a slot is not known.
func (r *run) blind(slot string) bool {
	t, ok := r.token(slot).(Blind)
	return r.Seeded && ok && t.Blind()
}

// takenFor reports whether what an op left among the private objects is taken to be
// there still: an earlier run did the op, and nobody who could see looked since.
func (r *run) takenFor(op *plan.Op, slot string) bool {
	_, done := r.earlier[op.ID]
	return done && r.blind(slot)
}
