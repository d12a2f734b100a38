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
	t := r.tokens[slot]
	info, err := t.Info(r.ctx)
	if err != nil {
		return err
	}
	if err := r.tries(info, op.As == "so", op.Proves); err != nil {
		return err
	}
	if err := r.openSession(slot); err != nil {
		return err
	}
	user := NormalUser
	if op.As == "so" {
		user = SO
	}
	if err := t.Login(r.ctx, user, c); err != nil {
		return loginError(err, c)
	}
	r.user[slot] = op.As
	return nil
}

// loginError says which value was wrong; it is not tried again.
func loginError(err error, c Credential) error {
	if e, ok := err.(*Error); ok && e.CKR.WrongPIN() {
		e.Message = c.Name + " is wrong; it is not tried again"
	}
	return err
}
