package exec

import "inscribe/plan"

// closeSlot ends the session of a slot, which ends its login too. A slot in
// which everything was found done may have none.
func (r *run) closeSlot(op *plan.Op, slot string, _ *Record) error {
	s := r.at(slot)
	if !s.session {
		return nil
	}
	s.session, s.user = false, ""
	return s.token.CloseSession(r.ctx)
}
