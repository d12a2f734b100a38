package exec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"inscribe/plan"
)

// Work is what tells one personalisation from others: what is done, and for whom.
type Work struct {
	// OpsSHA256 is [plan.Plan.WorkSHA256]: runs with the same one have the same ops.
	OpsSHA256 string
	// Purpose is [plan.Plan.PurposeSHA256]: what is done, on whatever kind of token.
	Purpose string
	// Holder is that of the values; see [Inputs.Holder].
	Holder string
	// Beside says that the run may be on a token that a batch gave to another holder:
	// it was told to, or it wipes the token first.
	Beside bool
	// Replaces says that the run removes what it finds under its labels.
	Replaces bool
}

// Holder names for whom the values are: a digest of all that are not secret, by field,
// so that the journal knows another holder without knowing this one. No secret goes into
// it: who reads the journal could try values until the digest fits.
func (in Inputs) Holder() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(in.Text)) {
		fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(in.Text[name]), in.Text[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// workOfRun is the work of this run.
func (r *run) workOfRun() Work {
	if r.does.OpsSHA256 == "" { // the plan is made anew for each digest, and ClearFields takes the values
		r.does = Work{OpsSHA256: r.Plan.WorkSHA256(), Purpose: r.Plan.PurposeSHA256(), Holder: r.Inputs.Holder(), Replaces: r.Plan.Replace}
	}
	w := r.does
	w.Beside = r.AllowExisting || r.wipesAll()
	return w
}

// wipesAll reports whether the run initialises all of its tokens.
func (r *run) wipesAll() bool {
	wiped := map[string]bool{}
	for op, slot := range r.due {
		if op.Kind == plan.InitToken {
			wiped[slot] = true
		}
	}
	for name := range r.chosen {
		if !wiped[name] && !(wiped[otherSlot(name)] && r.sameCard(name, otherSlot(name))) {
			return false
		}
	}
	return true
}
