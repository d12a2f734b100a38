package exec

import "inscribe/plan"

// initPIN sets the first PIN after the token was initialised.
func (r *run) initPIN(op *plan.Op, slot string, _ *Record) error {
	c, err := r.credential(op.New, slot)
	if err != nil {
		return err
	}
	if err := r.token(slot).InitPIN(r.ctx, c); err != nil {
		return err
	}
	return r.forgetTries(slot, "user")
}
