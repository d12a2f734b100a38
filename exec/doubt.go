package exec

import (
	"errors"

	"inscribe/check/profile"
	"inscribe/plan"
)

const (
	doubtPIN = "the token contradicts itself, so nobody knows whether it was changed: run the same command again, which finds out with the new value"
	doubtPUK = "the token contradicts itself, so nobody knows whether it was changed: find out which one opens the token, then give this run up with --abandon"
)

// doubt looks whether a token that refuses to change a PIN or PUK says otherwise
// elsewhere. Then the change counts as cut off and not as refused: a next run with
// the old value might cost a try. To look costs none.
func (r *run) doubt(op *plan.Op, slot string, old Credential, err error) error {
	var e *Error
	if op.Kind == plan.Unblock || !errors.As(err, &e) || e.Call != "C_SetPIN" || !e.CKR.RefusesPIN() || !r.contradicted(op, slot, old, e.CKR) {
		return err // a PUK is the same after it set a PIN
	}
	e.doubtful, e.Advice = true, doubtPIN
	if op.Kind == plan.SetPUK {
		e.Advice = doubtPUK
	}
	return err
}

// contradicted reports whether the old value opened the token a moment ago, or the
// flags, where they are honest, know of no wrong one, or no longer ask for a change.
func (r *run) contradicted(op *plan.Op, slot string, old Credential, told CKR) bool {
	refused := told.WrongPIN() || told.Locked()
	if refused && r.at(slot).user == whoOf(op) && !old.PINPad {
		return true
	}
	info, err := r.token(slot).Info(r.ctx)
	if err != nil {
		return false
	}
	low, locked, change := FlagUserPINCountLow|FlagUserPINFinalTry|FlagUserPINLocked, FlagUserPINLocked, FlagUserPINToChange
	if op.Kind == plan.SetPUK {
		low, locked, change = FlagSOPINCountLow|FlagSOPINFinalTry|FlagSOPINLocked, FlagSOPINLocked, FlagSOPINToChange
	}
	facts := r.Plan.Facts()
	honest := facts.Is(honestAbout(whoOf(op))) == profile.Yes
	switch {
	case r.info(slot).Flags.Has(change) && !info.Flags.Has(change):
		return true
	case told.Locked():
		return honest && !info.Flags.Has(locked)
	case told.WrongPIN():
		// One that locks may tell of the last try alone.
		return honest && facts.Is(profile.Locks) == profile.No && info.Flags&low == 0
	}
	return false
}
