package exec

import "inscribe/plan"

// unblock sets a PIN under the PUK. PKCS#11 knows the PUK as the SO PIN and sets
// with C_InitPIN in the SO's session; a card's own PUK goes as the old value to
// C_SetPIN, with nobody logged in.
func (r *run) unblock(op *plan.Op, slot string, record *Record) error {
	if op.Old == nil {
		return r.initPIN(op, slot, record)
	}
	if err := r.openSession(slot); err != nil {
		return err
	}
	if err := r.changePIN(op, slot, record); err != nil {
		return err
	}
	return r.forgetTries(slot, "user")
}
