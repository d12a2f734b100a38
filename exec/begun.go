package exec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/plan"
)

// What an initialisation makes of a token can be another one to the journal, and to
// the words by which it was chosen: a fresh token gets a serial number, and where the
// profile does not know that serial numbers are unique, its label tells a token from
// others. A run that was cut off there is found again by what its records say.

// Became gives the tokens of a run by slot, as they became.
func Became(records []Record) map[string]Identity {
	out := map[string]Identity{}
	for _, rec := range records {
		maps.Copy(out, rec.Tokens)
	}
	return out
}

// Were gives the labels, by slot, that the tokens of a run had before it began to
// initialise them.
func Were(records []Record) map[string]string {
	var out map[string]string
	for _, rec := range records {
		if rec.Event != "start" || rec.Op != string(plan.InitToken) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if _, known := out[rec.Slot]; !known {
			out[rec.Slot] = rec.Was
		}
	}
	return out
}

// Replaces reports whether a run is to remove what it found under its labels.
func Replaces(records []Record) bool {
	return slices.ContainsFunc(records, func(rec Record) bool { return rec.Replaces || rec.Op == string(plan.Delete) })
}

// ended reports whether an initialisation has made another token, be it not the one
// that it should be.
func (r Record) ended() bool {
	return r.Event == "done" || r.Event == "failed" && r.Tokens != nil
}

// Torn gives the labels of the initialisations that began and of whose end nobody
// knows, by slot.
func Torn(records []Record) map[string]string {
	var out map[string]string
	begun := map[string]bool{}
	for _, rec := range records {
		switch {
		case rec.Event == "start" && rec.Label != "": // no other op begins with a label
			if out == nil {
				out = map[string]string{}
			}
			out[rec.Slot], begun[rec.ID] = rec.Label, true
		case rec.ended() && begun[rec.ID]:
			delete(out, rec.Slot)
		}
	}
	return out
}

// Relabelled is the identity of a token after an initialisation that gives it the
// label; the zero one where that changes nothing of its identity.
func (id Identity) Relabelled(label string, facts *profile.Profile) Identity {
	if label == "" || label == id.Label || !id.Named() || facts.Is(profile.UniqueSerial) == profile.Yes {
		return Identity{}
	}
	id.Label = label
	return id
}

// Again finds the token of a run that was cut off: as the journal knows it, else with
// the label of an initialisation that was torn. Such a one has no PIN, and others tells
// of it whether it is known to be another run's.
func Again(listed []Slot, was Identity, torn string, facts *profile.Profile, others func(Identity) bool) (Slot, bool) {
	find := func(id Identity) int {
		return slices.IndexFunc(listed, func(s Slot) bool {
			return id.Named() && s.Token.Flags.Has(FlagTokenInitialized) && s.Token.Identity(facts).Is(id)
		})
	}
	if i := find(was); i >= 0 {
		return listed[i], true
	}
	now := was.Relabelled(torn, facts)
	if i := find(now); i >= 0 && !listed[i].Token.Flags.Has(FlagUserPINInit) && !others(now) {
		return listed[i], true
	}
	return Slot{}, false
}

// begunRun is what an unfinished run of the plan says of the token of one slot.
type begunRun struct {
	began, became Identity
	// label is the one that its initialisation gives, was the one before.
	label, was string
	// initialising says that the initialisation began, done that it ended.
	initialising, done bool
}

// begunRuns are the unfinished runs of the plan that initialise the token of a slot. A
// folder that cannot be read is no reason to stop here: a run does so when it opens its
// journal, and who only looks goes on without.
func (r *run) begunRuns(name string) []begunRun {
	if r.Journals == nil || r.Abandon {
		return nil
	}
	runs, _ := r.Journals.Begun(r.workOfRun())
	var out []begunRun
	for _, records := range runs {
		b := begunRun{label: r.newLabel(name)}
		for _, rec := range records {
			switch {
			case rec.Event == "run":
				b.began = rec.Tokens[name]
			case rec.Op != string(plan.InitToken) || rec.Slot != name:
			case rec.Event == "start":
				b.initialising = true
				if rec.Label != "" {
					b.label = rec.Label
				}
				if b.was == "" {
					b.was = rec.Was
				}
			case rec.ended():
				b.done = true
			case rec.Event == "failed" && rec.Untouched:
				b.initialising = false
			}
		}
		b.became = Became(records)[name]
		if b.initialising {
			out = append(out, b)
		}
	}
	return out
}

// fresh reports whether the run took a fresh token.
func (b begunRun) fresh() bool { return b.began.Serial == "" }

// begunOn finds the token that a cut-off run of this plan took, where the selector may
// not name it any more. "fresh" said again does not take the next one; any other
// selector names such a token as it was when the run began, if it names none that is
// there. It then goes on under the identity that the journal knows.
func (r *run) begunOn(name string, candidates []Slot) (Slot, bool, error) {
	selector := r.Selectors[name]
	if selector.at != nil {
		return Slot{}, false, nil // a batch looks at its own rows
	}
	runs := r.begunRuns(name)
	var named []Slot
	for _, s := range candidates {
		if selector.Matches(s) {
			named = append(named, s)
		}
	}
	if len(named) > 1 && !selector.fresh {
		return Slot{}, false, nil // which says so
	}
	for i, b := range runs {
		if selector.fresh && !b.fresh() {
			continue
		}
		s, found, err := r.tokenOf(b, candidates, func(id Identity) bool {
			return slices.ContainsFunc(runs, func(other begunRun) bool { return other != runs[i] && other.became.Is(id) })
		})
		was := s
		if b.was != "" {
			was.Token.Label = b.was
		}
		switch {
		case err != nil && selector.fresh:
			return Slot{}, false, err
		case !found || len(named) == 1 && !selector.fresh && named[0].ID != s.ID || len(named) == 0 && !selector.fresh && !selector.Matches(was):
			continue
		}
		if s.Token.Identity(r.Plan.Facts()) != b.became {
			r.at(name).knownAs = &b.became
		}
		return s, true, nil
	}
	return Slot{}, false, nil
}

// tokenOf finds the token of a run. Where it was fresh and the run ended in the
// initialisation itself, it is the one token with the label that it was given and no
// PIN. Of a row of a batch it may be one of several, if what other rows left is as good;
// see [Options.Alike].
func (r *run) tokenOf(b begunRun, candidates []Slot, others func(Identity) bool) (Slot, bool, error) {
	if !b.fresh() || b.done {
		if !b.done && strings.Trim(b.began.Serial, "0 ") == "" {
			b.label = "" // nothing but the label would tell it from any other token
		}
		s, found := Again(candidates, b.became, b.tornLabel(), r.Plan.Facts(), others)
		return s, found, nil
	}
	var found []Slot
	for _, s := range candidates {
		if s.Token.Flags.Has(FlagTokenInitialized) && !s.Token.Flags.Has(FlagUserPINInit) && s.Token.Label == b.label {
			found = append(found, s)
		}
	}
	if len(found) > 0 && len(found) <= 1+r.Alike {
		return found[0], true, nil
	}
	if len(found) > 0 {
		return Slot{}, false, &Error{Kind: Refused, Message: fmt.Sprintf("an earlier run of this plan was cut off while it initialised a fresh token, and it can be any of %s", describeTokens(found)),
			Advice: "name it by its serial number with --token, or give that run up with --abandon"}
	}
	return Slot{}, false, nil
}

// tornLabel is the label that the token may have by now; empty where it is known.
func (b begunRun) tornLabel() string {
	if b.done {
		return ""
	}
	return b.label
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
