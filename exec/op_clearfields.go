package exec

import "inscribe/plan"

// clearFields forgets values. Apply does the same once more at its very end, so
// that a run which fails before this op forgets them too.
func (r *run) clearFields(op *plan.Op, _ string, _ *Record) error {
	for _, name := range op.Clears {
		r.Inputs.Secrets[name].Wipe()
		delete(r.Inputs.Text, name)
	}
	return nil
}
