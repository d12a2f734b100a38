package exec

import "inscribe/plan"

// login opens the session where there is none and logs in, after a look at the
// token's flags: a PIN try is never spent blindly.
func (r *run) login(op *plan.Op, slot string, _ *Record) error {
	ref := op.Credential
	if len(op.Cases) > 0 {
		ref = caseFor(op, slot)
	}
	c, err := r.credential(ref, slot)
	if err != nil {
		return err
	}
	t := r.token(slot)
	info, err := t.Info(r.ctx)
	if err != nil {
		return err
	}
	if err := r.flagsAllow(op, info); err != nil {
		return err
	}
	if err := r.openSession(slot); err != nil {
		return err
	}
	user := NormalUser
	if op.As == "so" {
		user = SO
	}
	if err := r.show(slot, op.As, c, func() error { return t.Login(r.ctx, user, c) }); err != nil {
		return err
	}
	s := r.at(slot)
	s.user = op.As
	if op.As == "user" {
		s.pin = c
	}
	return nil
}
