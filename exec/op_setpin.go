package exec

import "inscribe/plan"

// setPIN changes the user PIN by the old one, with nobody logged in.
func (r *run) setPIN(op *plan.Op, slot string, _ *Record) error {
	t := r.tokens[slot]
	info, err := t.Info(r.ctx)
	if err != nil {
		return err
	}
	if err := r.tries(info, false, false); err != nil {
		return err
	}
	if err := r.openSession(slot); err != nil {
		return err
	}
	return r.changePIN(op, slot)
}

// openSession opens the one session of a slot where there is none.
func (r *run) openSession(slot string) error {
	if r.session[slot] {
		return nil
	}
	if err := r.tokens[slot].OpenSession(r.ctx); err != nil {
		return err
	}
	r.session[slot] = true
	return nil
}

// changePIN is C_SetPIN for whoever is logged in.
func (r *run) changePIN(op *plan.Op, slot string) error {
	old, err := r.credential(op.Old, slot)
	if err != nil {
		return err
	}
	new, err := r.credential(op.New, slot)
	if err != nil {
		return err
	}
	if err := r.tokens[slot].SetPIN(r.ctx, old, new); err != nil {
		return loginError(err, old)
	}
	return nil
}
