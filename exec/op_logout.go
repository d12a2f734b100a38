package exec

import (
	"cmp"
	"errors"

	"inscribe/plan"
)

// logout ends the login and keeps the session. Of two that follow each other, for a
// request under one login, the second may find nobody logged in, which is what it is
// for: some modules end all logins of a card with one of them.
func (r *run) logout(op *plan.Op, slot string, _ *Record) error {
	var e *Error
	err := r.token(slot).Logout(r.ctx)
	if both := op.Application != "" && errors.As(err, &e) && e.CKR == CKRUserNotLoggedIn; err != nil && !both {
		return err
	}
	r.at(slot).user = ""
	if shows := r.hidden(slot); shows != nil {
		return cmp.Or(err, shows) // a key that shows where the logout failed shows for that
	}
	return nil
}
