package exec_test

import (
	"context"
	"errors"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// shelf is a module that lists other tokens than its own.
type shelf struct {
	*model.Module
	slots []exec.Slot
}

func (s shelf) Slots(context.Context) ([]exec.Slot, error) { return s.slots, nil }

// opened keeps the tokens for which a run opens its journal, and ends it there.
type opened struct {
	begun  [][]exec.Record
	tokens map[string]exec.Identity
}

var errOpened = errors.New("far enough")

func (o *opened) Open(tokens map[string]exec.Identity, _ exec.Work, _ bool) (exec.Journal, []exec.Record, bool, error) {
	o.tokens = tokens
	return nil, nil, false, errOpened
}

func (o *opened) Spent(map[string]exec.Identity, string) (string, error) { return "", nil }
func (o *opened) Wrote(map[string]exec.Identity, string) string          { return "" }

func (o *opened) Begun(exec.Work) ([][]exec.Record, error) { return o.begun, nil }

// TestBegunRunFindsItsToken: a run that was cut off while it gave its token another
// label goes on with that one under the name that its journal knows, and with no other.
func TestBegunRunFindsItsToken(t *testing.T) {
	id := func(serial, label string) exec.Identity {
		return exec.Identity{Manufacturer: "M", Model: "m", Serial: serial, Label: label}
	}
	token := func(n exec.SlotID, serial, label string, flags exec.TokenFlags) exec.Slot {
		return exec.Slot{ID: n, Description: "reader", Token: exec.TokenInfo{Manufacturer: "M", Model: "m", Serial: serial, Label: label, Flags: exec.FlagTokenInitialized | flags}}
	}
	cut := func(was exec.Identity, done ...exec.Identity) []exec.Record {
		out := []exec.Record{{Event: "run", Tokens: map[string]exec.Identity{"default": was}},
			{Event: "start", ID: "op-02", Op: "inittoken", Slot: "default", Label: "NEW", Was: was.Label}}
		for _, became := range done {
			out = append(out, exec.Record{Event: "done", ID: "op-02", Op: "inittoken", Slot: "default", Label: "NEW", Tokens: map[string]exec.Identity{"default": became}})
		}
		return out
	}
	const pin = exec.FlagUserPINInit
	old, other := token(0, "1", "OLD", pin), token(1, "2", "OLD", pin)
	anew := token(0, "1", "NEW", 0)
	for name, c := range map[string]struct {
		selector string
		slots    []exec.Slot
		begun    [][]exec.Record
		abandon  bool
		want     exec.Identity // none: no token is found
	}{
		"by the old label":             {"OLD", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD"))}, false, id("1", "OLD")},
		"by the new label":             {"NEW", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD"))}, false, id("1", "OLD")},
		"by its serial number":         {"pkcs11:serial=1", []exec.Slot{anew, other}, [][]exec.Record{cut(id("1", "OLD"))}, false, id("1", "OLD")},
		"by nothing":                   {"", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD"))}, false, id("1", "OLD")},
		"not changed yet":              {"OLD", []exec.Slot{old}, [][]exec.Record{cut(id("1", "OLD"))}, false, id("1", "OLD")},
		"after the initialisation":     {"OLD", []exec.Slot{token(0, "1", "NEW", pin)}, [][]exec.Record{cut(id("1", "OLD"), id("1", "NEW"))}, false, id("1", "NEW")},
		"it had no serial number":      {"pkcs11:slot-description=reader", []exec.Slot{anew}, [][]exec.Record{cut(id("", ""))}, false, id("", "")},
		"another one is named":         {"OLD", []exec.Slot{anew, other}, [][]exec.Record{cut(id("1", "OLD"))}, false, id("2", "OLD")},
		"another serial number":        {"OLD", []exec.Slot{token(0, "3", "NEW", 0)}, [][]exec.Record{cut(id("1", "OLD"))}, false, exec.Identity{}},
		"a PIN was set since":          {"OLD", []exec.Slot{token(0, "1", "NEW", pin)}, [][]exec.Record{cut(id("1", "OLD"))}, false, exec.Identity{}},
		"it never had that label":      {"OTHER", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD"))}, false, exec.Identity{}},
		"zeros tell it from no other":  {"OLD", []exec.Slot{token(0, "000", "NEW", 0)}, [][]exec.Record{cut(id("000", "OLD"))}, false, exec.Identity{}},
		"it is another run's":          {"OLD", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD")), cut(id("1", "X"), id("1", "NEW"))}, false, exec.Identity{}},
		"two are named":                {"", []exec.Slot{anew, other}, [][]exec.Record{cut(id("1", "OLD"))}, false, exec.Identity{}},
		"the run is given up":          {"OLD", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD"))}, true, exec.Identity{}},
		"no run initialised anything":  {"OLD", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD"))[:1]}, false, exec.Identity{}},
		"fresh, and none was one then": {"fresh", []exec.Slot{anew}, [][]exec.Record{cut(id("1", "OLD"))}, false, exec.Identity{}},
	} {
		b := newBenchOn(t, initialise, "generic")
		journals := &opened{begun: c.begun}
		b.Module, b.Journals, b.DestroyConfirmed, b.Abandon = shelf{b.module, c.slots}, journals, true, c.abandon
		b.Selectors = map[string]exec.Selector{"default": selector(t, c.selector)}
		_, err := b.apply()
		if got := journals.tokens["default"]; got != c.want || (err.Error() == errOpened.Error()) != (journals.tokens != nil) {
			t.Errorf("%s: goes on with %+v, want %+v (%v)", name, got, c.want, err)
		}
	}
}
