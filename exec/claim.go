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
	given, err := r.givenTo(op)
	if err != nil {
		return err
	}
	for _, w := range given {
		key := slot + " " + w.KeyID
		if owner := r.owners[key]; owner != "" && owner != op.Application {
			return &Error{Kind: Refused, Message: fmt.Sprintf("applications %s and %s write to the %s slot under one CKA_ID", owner, op.Application, slot),
				Advice: "write each certificate once"}
		}
		r.owners[key] = op.Application
	}
	return nil
}
