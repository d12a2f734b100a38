package exec

import (
	"fmt"

	"inscribe/plan"
)

// beganFresh finds the token that a cut-off run of this plan took when it was
// fresh, so that "fresh" said again does not take the next one. The journal may
// tell its new identity; where the run ended in the initialisation itself, it is the
// one token with the label that it was given and no PIN, and goes on under the identity
// that the journal knows. Of a row of a batch it may be one of several, if what other
// rows left is as good; see [Options.Alike].
func (r *run) beganFresh(name string) (Slot, bool, error) {
	if r.Journals == nil {
		return Slot{}, false, nil
	}
	runs, err := r.Journals.Begun(r.Plan.WorkSHA256())
	if err != nil || r.Abandon {
		return Slot{}, false, err
	}
	facts := r.Plan.Facts()
	for _, records := range runs {
		began, became := Identity{}, Identity{}
		started, label := false, r.newLabel(name)
		for _, rec := range records {
			switch {
			case rec.Event == "run":
				began = rec.Tokens[name]
			case rec.Op != string(plan.InitToken) || rec.Slot != name:
			case rec.Event == "start":
				started = true
				if rec.Label != "" {
					label = rec.Label
				}
			case rec.Event == "done":
				became = rec.Tokens[name]
			case rec.Event == "failed" && rec.Untouched:
				started = false
			}
		}
		if !started || began.Serial != "" {
			continue // it did not take a fresh token, or did nothing to it
		}
		var found []Slot
		for _, s := range r.listed {
			switch {
			case !s.Token.Flags.Has(FlagTokenInitialized):
			case became != Identity{}:
				if s.Token.Identity(facts) == became {
					return s, true, nil
				}
			case !s.Token.Flags.Has(FlagUserPINInit) && s.Token.Label == label:
				found = append(found, s)
			}
		}
		if len(found) > 0 && len(found) <= 1+r.Alike {
			r.known[name] = began
			return found[0], true, nil
		}
		if len(found) > 0 {
			return Slot{}, false, &Error{Kind: Refused, Message: fmt.Sprintf("an earlier run of this plan was cut off while it initialised a fresh token, and it can be any of %s", describeTokens(found)),
				Advice: "name it by its serial number with --token, or give that run up with --abandon"}
		}
	}
	return Slot{}, false, nil
}

// newLabel is the label that the plan gives the token of a slot.
func (r *run) newLabel(name string) string {
	for op, slot := range r.due {
		if op.Kind == plan.InitToken && slot == name {
			label, err := r.label(op)
			if err == nil {
				return label
			}
		}
	}
	return ""
}
