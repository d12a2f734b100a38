package exec

import (
	"maps"
	"slices"

	"inscribe/plan"
)

// objectsOf gives what the result has of an op's application, for its record.
func (r *run) objectsOf(op *plan.Op, slot string) []ResultObject {
	if op.Kind != plan.GenKey && op.Kind != plan.PutCert && op.Kind != plan.PutList {
		return nil
	}
	var out []ResultObject
	for _, o := range r.result.Objects {
		if o.Application == op.Application && o.Slot == slot {
			out = append(out, o)
		}
	}
	return out
}

// Objects gives the keys and certificates that a finished run left, by its records and
// by what these have of earlier runs: as a run that finds all of it there would.
func Objects(records []Record) []ResultObject {
	left := map[string][]ResultObject{} // by op
	for _, rec := range records {
		for _, e := range append(slices.Clone(rec.Earlier), rec) {
			if e.Event == "done" {
				left[e.ID] = e.Objects
			}
		}
	}
	var out []ResultObject
	for _, id := range slices.Sorted(maps.Keys(left)) {
		for _, o := range left[id] {
			same := func(other ResultObject) bool { return other.Application == o.Application && other.ID == o.ID }
			if i := slices.IndexFunc(out, same); i >= 0 {
				out[i] = o // the certificate came later than its key
			} else {
				out = append(out, o)
			}
		}
	}
	return out
}
