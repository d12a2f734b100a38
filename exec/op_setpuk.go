package exec

import "inscribe/plan"

// setPUK changes the PUK, which PKCS#11 knows as the SO PIN, in the SO's
// session.
func (r *run) setPUK(op *plan.Op, slot string, record *Record) error {
	return r.changePIN(op, slot, record)
}
