package exec

import "inscribe/plan"

// look is one thing that is looked at before an op.
type look func(r *run, op *plan.Op, slot string) error

// When a run takes a look: the journal is that of the tokens that were chosen, and
// nobody is asked for what would not be used.
const (
	beforeJournal = iota
	beforeAsking
	afterAsking
)

// looks are all of them, in order: what is cheap or asks nobody comes first. A run takes
// each for all ops before the first write, a proof all of its own for an op when its
// turn has come. A proof leaves out labels, at which the plan looks as far as they are
// known, and what earlier runs or others left, of which a model has nothing.
var looks = []struct {
	look   look
	when   int
	proved bool
}{
	{(*run).checkNewLabel, beforeJournal, false},
	{(*run).chooseToken, beforeJournal, true},
	{(*run).destroys, beforeJournal, true},
	{(*run).checkCutOff, beforeAsking, false},
	{(*run).checkHook, beforeAsking, true},
	{(*run).checkFlags, beforeAsking, true},
	{(*run).checkCount, beforeAsking, false},
	{(*run).checkMechanism, beforeAsking, true},
	{(*run).checkIssuer, beforeAsking, true},
	{(*run).checkClaims, beforeAsking, true},
	{(*run).checkSpace, beforeAsking, false},
	{(*run).checkLabel, beforeAsking, false},
	{(*run).checkGiven, beforeAsking, false},
	{(*run).checkCredentials, afterAsking, true},
	{(*run).checkHookValues, afterAsking, true},
	{(*run).distinctPINs, afterAsking, true},
}

// take takes the looks of a moment, one after the other.
func (r *run) take(when int) error {
	for _, l := range looks {
		if l.when != when {
			continue
		}
		if err := r.eachDue(l.look); err != nil {
			return err
		}
	}
	return nil
}

// eachDue takes a look at all ops that are due.
func (r *run) eachDue(look look) error {
	for op, slot := range r.due {
		if err := look(r, op, slot); err != nil {
			return r.wrap(err, op, slot)
		}
	}
	return nil
}
