package exec

import (
	"errors"
	"slices"

	"inscribe/plan"
)

// setPIN changes the user PIN by the old one, with nobody logged in. Where an
// earlier run was cut off in the change, only a login tells which of the two
// holds: the new one is tried first, since most changes that were begun were made.
func (r *run) setPIN(op *plan.Op, slot string, _ *Record) error {
	t := r.token(slot)
	info, err := t.Info(r.ctx)
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
		if changed, err := r.holds(op, slot); changed || err != nil {
			return err
		}
		if slices.Contains(op.Requires, "user") {
			if err := r.openWithOld(op, slot); err != nil {
				return err
			}
		}
	}
	return r.changePIN(op, slot)
}

// openWithOld logs in with the old PIN, where the login before the change was left
// out because nobody knew which PIN holds.
func (r *run) openWithOld(op *plan.Op, slot string) error {
	c, err := r.credential(op.Old, slot)
	if err != nil {
		return err
	}
	if err := r.show(slot, "user", c, func() error { return r.token(slot).Login(r.ctx, NormalUser, c) }); err != nil {
		return err
	}
	r.at(slot).user = "user"
	return nil
}

// holds tries whether the new PIN of a change is the PIN already. It costs one try
// if it is not, which the right old one gives back; so it is not done where that
// would leave one.
func (r *run) holds(op *plan.Op, slot string) (bool, error) {
	c, err := r.credential(op.New, slot)
	if err != nil {
		return false, err
	}
	t := r.token(slot)
	var e *Error
	switch err := r.show(slot, "user", c, func() error { return t.Login(r.ctx, NormalUser, c) }); {
	case err == nil:
		return true, t.Logout(r.ctx)
	case errors.As(err, &e) && e.CKR.WrongPIN():
	default:
		return false, err
	}
	info, err := t.Info(r.ctx)
	if err != nil {
		return false, err
	}
	if err := r.flagsAllow(op, info); err != nil {
		return false, &Error{Kind: Refused, Message: "an earlier run was cut off while it changed the PIN; the new PIN is wrong, so the old one should hold", Cause: err,
			Advice: "if the old PIN is sure, say --spend-final-try"}
	}
	return false, nil
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

// changePIN is C_SetPIN for whoever is logged in.
func (r *run) changePIN(op *plan.Op, slot string) error {
	old, err := r.credential(op.Old, slot)
	if err != nil {
		return err
	}
	new, err := r.credential(op.New, slot)
	if err != nil {
		return err
	}
	err = r.show(slot, whoOf(op), old, func() error { return r.token(slot).SetPIN(r.ctx, old, new) })
	return r.doubt(op, slot, old, err)
}
