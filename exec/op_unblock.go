package exec

import "inscribe/plan"

// unblock sets a PIN under the PUK, which PKCS#11 knows as the SO PIN: C_InitPIN
// in the SO's session.
func (r *run) unblock(op *plan.Op, slot string, record *Record) error {
	return r.initPIN(op, slot, record)
}
