package exec

import "inscribe/plan"

// closeSlot ends the session of a slot, which ends its login too. A slot in
// which everything was found done may have none.
func (r *run) closeSlot(op *plan.Op, slot string, _ *Record) error {
	if !r.session[slot] {
		return nil
	}
	r.session[slot], r.user[slot] = false, ""
	return r.tokens[slot].CloseSession(r.ctx)
}
