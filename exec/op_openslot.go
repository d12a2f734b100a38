package exec

import "inscribe/plan"

// openSlot notes that the token is chosen. The choice itself was made, and held
// to be the only one, before the first write; no session is opened, because an
// initialisation could not run beside one.
func (r *run) openSlot(op *plan.Op, slot string, _ *Record) error {
	if r.token(slot) == nil {
		if err := r.chooseToken(op, slot); err != nil {
			return err
		}
	}
	info, err := r.token(slot).Info(r.ctx)
	if err != nil {
		return err
	}
	if facts := r.Plan.Facts(); info.Identity(facts) != r.info(slot).Identity(facts) {
		return &Error{Kind: Device, Message: "another token is in the slot than a moment ago: " + info.Name(), Advice: "put the first one back and run again"}
	}
	r.at(slot).opened = true
	return nil
}
