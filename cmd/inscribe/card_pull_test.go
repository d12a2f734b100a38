//go:build cgo && linux

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/internal/vcard"
	"inscribe/internal/vcard/lab"
)

// picture is what the card shows of its objects, without what is another one in
// each run: kind, label, the PIN that guards it, and what belongs to it.
func (m *cardMachine) picture() string {
	m.Helper()
	entries := m.entries()
	var lines []string
	for _, e := range entries {
		var with []string
		for _, o := range entries {
			if o.id == e.id && o.kind != e.kind {
				with = append(with, o.kind+" "+o.label)
			}
		}
		slices.Sort(with)
		lines = append(lines, fmt.Sprintf("%s %q behind %q with %s", e.kind, e.label, e.auth, strings.Join(with, ", ")))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// from puts the card, as a snapshot has it, into the reader, on a machine that
// has never seen it.
func (m *cardMachine) from(snapshot []byte, state string) {
	m.Helper()
	m.reader().Pull()
	if err := m.card().Restore(snapshot); err != nil {
		m.Fatal(err)
	}
	m.env["XDG_STATE_HOME"] = filepath.Join(m.dir, "state", state)
	m.insert()
}

func (m *cardMachine) insert() {
	m.Helper()
	if err := m.reader().Insert(); err != nil {
		m.Fatal(err)
	}
}

func (m *cardMachine) snapshot() []byte {
	m.Helper()
	b, err := m.card().Snapshot()
	if err != nil {
		m.Fatal(err)
	}
	return b
}

// TestCardPulledAnywhere pulls the card at an APDU of a run: before the card has
// seen it, and after it did what it says. Once the card is back, the same command
// ends where an undisturbed run would have ended, and no PIN has lost a try.
func TestCardPulledAnywhere(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	blank := m.snapshot()
	args := []string{"apply", m.file("x.dsc", threeKeys), "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
	m.reader().PullAt(0, vcard.BeforeCommand)
	m.must(0, args, "6 written, 0 kept")
	apdus, want := m.reader().Count(), m.picture()
	for _, n := range torture(t).sample(8, apdus) {
		for when, word := range map[vcard.Tear]string{vcard.BeforeCommand: "before", vcard.BeforeResponse: "after"} {
			t.Run(fmt.Sprint(n, word), func(t *testing.T) {
				counts(t, "three keys, on a card", "pulled "+word+" the APDU")
				outer := m.machine.TB
				m.machine.TB = t
				defer func() { m.machine.TB = outer }()
				m.from(blank, fmt.Sprint(n, word))
				m.reader().PullAt(n, when)
				first := m.run(args...)
				pulled := !m.reader().Inserted()
				if !pulled {
					t.Fatalf("the run was over before APDU %d: %s", n, first)
				}
				m.saysTakenOut(first)
				m.insert()
				m.must(0, args, "Applied x.dsc")
				if got := m.picture(); got != want {
					t.Errorf("the card holds\n%s\nand after an undisturbed run\n%s\nthe first run said: %s", got, want, first)
				}
				m.tries(lab.UserPIN, 3, 10)
				m.tries(lab.SignaturePIN, 3, 10)
			})
		}
	}
}

// saysTakenOut demands that a run says what happened, and what to do, unless the
// card was pulled before the run had chosen it or after its last op.
func (m *cardMachine) saysTakenOut(o outcome) {
	m.Helper()
	if o.code == exitOK || strings.Contains(o.stderr, "insert the ") {
		return
	}
	for _, words := range []string{"the card was taken out", "put it in again and run the same command"} {
		if !strings.Contains(o.stderr, words) {
			m.Errorf("it does not say %q: %s", words, o)
		}
	}
}
