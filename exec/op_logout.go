package exec

import "inscribe/plan"

// logout ends the login and keeps the session. A slot that nobody is logged in to
// is left alone: a plan logs out of one slot before the other in every case.
func (r *run) logout(op *plan.Op, slot string, _ *Record) error {
	if r.user[slot] == "" {
		return nil
	}
	if err := r.tokens[slot].Logout(r.ctx); err != nil {
		return err
	}
	r.user[slot] = ""
	return nil
}
