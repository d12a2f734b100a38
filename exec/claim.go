package exec

import (
	"fmt"

	"inscribe/plan"
)

// checkClaims refuses a second application under one CKA_ID of a slot: programs that
// pair certificates and keys by it would find either. What is given is known from
// the start, so the verdict comes before the first write, and is the same where a
// run goes on and skips what is done.
func (r *run) checkClaims(op *plan.Op, slot string) error {
	switch {
	case op.Kind == plan.PutCert && op.Certificate != nil:
		cert, err := r.given(op)
		if err != nil {
			return err
		}
		id, err := r.givenID(op, cert)
		if err != nil {
			return err
		}
		return r.claim(op, slot, id)
	case op.Kind == plan.PutList:
		entries, err := r.list(op)
		if err != nil {
			return err
		}
		for _, e := range entries {
			id, err := r.entryID(e)
			if err != nil {
				return err
			}
			if err := r.claim(op, slot, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) claim(op *plan.Op, slot string, id []byte) error {
	key := slot + " " + string(id)
	if owner := r.owners[key]; owner != "" && owner != op.Application {
		return &Error{Kind: Refused, Message: fmt.Sprintf("applications %s and %s write to the %s slot under one CKA_ID", owner, op.Application, slot),
			Advice: "write each certificate once"}
	}
	r.owners[key] = op.Application
	return nil
}
