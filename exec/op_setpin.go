package exec

import (
	"fmt"
	"slices"

	"inscribe/check/profile"
	"inscribe/plan"
)

// setPIN changes the user PIN by the old one, with nobody logged in.
func (r *run) setPIN(op *plan.Op, slot string, record *Record) error {
	info, err := r.token(slot).Info(r.ctx)
	if err != nil {
		return err
	}
	if err := r.flagsAllow(op, info); err != nil {
		return err
	}
	if err := r.openSession(slot); err != nil {
		return err
	}
	if r.cutOff(op) {
		return r.resumeChange(op, slot, record)
	}
	return r.changePIN(op, slot, record)
}

// resumeChange goes on where an earlier run was cut off in a change. Only a login tells
// which of the two PINs holds: the new one is shown first, since most changes that were
// begun were made. Where it is wrong, the change was not made, or the value is another
// one than then; nobody knows which, so that the old one may be wrong too. A token that
// locks gets it in the next run, and then by turns: no run costs two tries. One that
// never locks has none to lose, and goes on.
func (r *run) resumeChange(op *plan.Op, slot string, record *Record) error {
	if !r.oldNext[op.ID] {
		err := r.opens(op.New, slot)
		if err == nil {
			record.Wrong = ""
			return r.token(slot).Logout(r.ctx)
		}
		if !wrongPIN(err) {
			return err
		}
		record.Wrong = "new"
		if r.Plan.Facts().Is(profile.Locks) != profile.No {
			return byTurns(err, "old")
		}
		if err := r.warned(op, slot); err != nil {
			return err
		}
	}
	if slices.Contains(op.Requires, "user") {
		// The login before the change was left out: nobody knew which PIN holds.
		if err := r.opens(op.Old, slot); wrongPIN(err) {
			record.Wrong = "old"
			return byTurns(err, "new")
		} else if err != nil {
			return err
		}
		r.at(slot).user = "user"
		delete(r.began, op.ID) // it was not made
	}
	err := r.changePIN(op, slot, record)
	e, failed := err.(*Error)
	switch {
	case wrongPIN(err):
		record.Wrong = "old"
		return byTurns(err, "new")
	case err == nil, failed && e.Kind != Refused && !e.CKR.RefusesPIN() && !unmade(err):
		record.Wrong = "" // it may be made by now
	}
	return err
}

// warned refuses to show a second value to a token that tells of its last try.
func (r *run) warned(op *plan.Op, slot string) error {
	info, err := r.token(slot).Info(r.ctx)
	if err != nil {
		return err
	}
	if err := r.flagsAllow(op, info); err != nil {
		return &Error{Kind: Refused, Message: "an earlier run was cut off while it changed the PIN; the new PIN is wrong, so the old one should hold", Cause: err,
			Advice: "if the old PIN is sure, say --spend-final-try"}
	}
	return nil
}

// byTurns says which value of a change that was cut off the next run shows.
func byTurns(err error, next string) error {
	err.(*Error).Advice = fmt.Sprintf("an earlier run was cut off while it changed the PIN, and nobody knows whether it was changed. Check both values: the same command shows the %s one next. If you know which PIN holds, give it as the old one, with --abandon", next)
	return err
}

func wrongPIN(err error) bool {
	e, ok := err.(*Error)
	return ok && e.CKR.WrongPIN()
}

// opens logs in with a PIN.
func (r *run) opens(ref *plan.Ref, slot string) error {
	c, err := r.credential(ref, slot)
	if err != nil {
		return err
	}
	return r.show(slot, "user", c, func() error { return r.token(slot).Login(r.ctx, NormalUser, c) })
}

// openSession opens the one session of a slot where there is none.
func (r *run) openSession(slot string) error {
	s := r.at(slot)
	if s.session {
		return nil
	}
	if err := s.token.OpenSession(r.ctx); err != nil {
		return err
	}
	s.session = true
	return nil
}

// changePIN is C_SetPIN for whoever is logged in. The journal knows of the start now and
// no earlier: of a run that was cut off before, it is known that the old PIN holds.
func (r *run) changePIN(op *plan.Op, slot string, record *Record) error {
	old, err := r.credential(op.Old, slot)
	if err != nil {
		return err
	}
	new, err := r.credential(op.New, slot)
	if err != nil {
		return err
	}
	if err := r.noteStart(*record); err != nil {
		return err
	}
	err = r.show(slot, whoOf(op), old, func() error { return r.token(slot).SetPIN(r.ctx, old, new) })
	return r.doubt(op, slot, old, err)
}
