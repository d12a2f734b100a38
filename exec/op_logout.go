package exec

import "inscribe/plan"

// logout ends the login and keeps the session.
func (r *run) logout(op *plan.Op, slot string, _ *Record) error {
	if err := r.tokens[slot].Logout(r.ctx); err != nil {
		return err
	}
	r.user[slot] = ""
	return nil
}
