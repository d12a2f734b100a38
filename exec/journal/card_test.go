//go:build unix

package journal

import (
	"path/filepath"
	"testing"

	"inscribe/exec"
)

// slotOf is a slot of a card where labels tell tokens apart.
func slotOf(serial, label string) map[string]exec.Identity {
	return map[string]exec.Identity{"default": {Manufacturer: "Soft", Model: "v2", Serial: serial, Label: label}}
}

// TestOneLockACard: the two slots of a card are one lock for other processes, whose
// profile may know it by its serial number alone. A serial number that many tokens have
// is no card's.
func TestOneLockACard(t *testing.T) {
	for _, c := range []struct {
		name       string
		one, other map[string]exec.Identity
		busy       bool
	}{
		{"two slots", slotOf("10203040", "CARD (PIN)"), slotOf("10203040", "CARD (Signature PIN)"), true},
		{"with a profile and without", slotOf("10203040", "CARD (PIN)"), slotOf("10203040", ""), true},
		{"two cards", slotOf("10203040", "CARD"), slotOf("10203041", "CARD"), false},
		{"one number for all", slotOf("123", "CARD"), slotOf("123", "SIGN"), false},
		{"zeros", slotOf("0000000000", "CARD"), slotOf("0000000000", "SIGN"), false},
	} {
		f := In(t.TempDir())
		open(t, f, c.one, "a", false)
		again := In(filepath.Dir(f.dir))
		j, _, _, err := again.Open(c.other, exec.Work{OpsSHA256: "b"}, false)
		if c.busy {
			fails(t, err, exec.Refused, "another inscribe is at work on this token")
			_, err = again.Ledger(c.other)
			fails(t, err, exec.Refused, "another inscribe is at work on this token")
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else {
			_ = j.Close()
		}
	}
}

// TestRowsOnTokensOfOneSerialNumber: where serial numbers are not known to be unique,
// rows of a batch are at work at once on tokens that their labels tell apart, and other
// processes are kept off until the last of them ends.
func TestRowsOnTokensOfOneSerialNumber(t *testing.T) {
	f := In(t.TempDir())
	one, _, _, err := f.Row("batch", "one").Open(slotOf("10203040", "ONE"), exec.Work{OpsSHA256: "ops"}, false)
	if err != nil {
		t.Fatal(err)
	}
	two, _, _, err := f.Row("batch", "two").Open(slotOf("10203040", "TWO"), exec.Work{OpsSHA256: "ops"}, false)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = f.Row("batch", "three").Open(slotOf("10203040", "TWO"), exec.Work{OpsSHA256: "ops"}, false)
	fails(t, err, exec.Refused, "another inscribe is at work on this token")
	for _, j := range []exec.Journal{one, two} {
		_, _, _, err = In(filepath.Dir(f.dir)).Open(slotOf("10203040", "THREE"), exec.Work{OpsSHA256: "ops"}, false)
		fails(t, err, exec.Refused, "another inscribe is at work on this token")
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open(t, In(filepath.Dir(f.dir)), slotOf("10203040", "THREE"), "ops", false)
}
