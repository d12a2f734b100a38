//go:build cgo && linux

package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/exec"
)

// TestDryRunIsTheSameRun compares the events of a dry-run with those of a run on
// tokens: the same ops in the same order, with the same states, but for the time
// that they took.
func TestDryRunIsTheSameRun(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
	}{
		{"06-signature-slot.dsc", []string{"--field", "PIN=env:CARD_PIN", "--field", "SIGN_PIN=env:SIGN_PIN", "--field", "LOCATION_FIELD=Signature"}},
		{"07-change-signature-puk.dsc", []string{"--field", "OLD_SIGN_PUK=env:SIGN_PUK", "--field", "NEW_SIGN_PUK=env:CARD_PUK", "--field", "NEW_SIGN_PIN=env:CARD_PIN"}},
		{"09-initialise.dsc", []string{"--field", "PIN_FIELD=env:CARD_PIN", "--field", "PUK_FIELD=env:CARD_PUK", "--yes"}},
		{"08-change-signature-pin.dsc", []string{"--answer", "SignPIN=env:CARD_PIN", "--answer", "SignPIN.old=env:SIGN_PIN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			args := append([]string{"apply", example(t, c.name), "--profile", "softhsm"}, c.args...)
			dry := m.events(append(args, "--dry-run")...)
			// Nothing was touched, not even the state folder.
			m.holds("CARD", "1234", 0, 0, 0)
			m.opened(true, "SIGN", "user", "5678")
			if _, err := os.Stat(m.dir + "/state"); err == nil {
				t.Error("a dry-run made the state folder")
			}
			wet := m.events(args...)
			for _, e := range dry {
				if e.MS != 0 {
					t.Errorf("a dry-run took %d ms for %s", e.MS, e.ID)
				}
			}
			for i := range wet {
				wet[i].MS = 0
			}
			if diff := cmp.Diff(dry, wet); diff != "" {
				t.Errorf("a dry-run and a run differ:\n%s", diff)
			}
			if len(wet) < 6 || !slices.ContainsFunc(wet, func(e exec.Event) bool { return e.State == exec.Done }) {
				t.Errorf("events: %+v", wet)
			}
		})
	}
}

// TestEventsOnStandardOutput is for scripts that read along: nothing else may be
// there.
func TestEventsOnStandardOutput(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	o := m.must(exitOK, []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN", "--events", "-"})
	parseEvents(t, o.stdout)
}

// events runs the command and gives its events.
func (m *machine) events(args ...string) []exec.Event {
	m.Helper()
	path := m.dir + "/events"
	m.must(exitOK, append(args, "--events", path))
	b, err := os.ReadFile(path)
	if err != nil {
		m.Fatal(err)
	}
	return parseEvents(m, string(b))
}

func parseEvents(t testing.TB, text string) []exec.Event {
	t.Helper()
	var events []exec.Event
	for line := range strings.Lines(text) {
		var e exec.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.ID == "" {
			t.Fatalf("no event: %q (%v)", line, err)
		}
		events = append(events, e)
	}
	return events
}

// TestPINState refuses on what the token's flags say, without showing it a PIN.
// SoftHSM2 never locks, so the shim says so for it.
func TestPINState(t *testing.T) {
	for _, c := range []struct {
		name, flags, says string
		args              []string
		code              int
	}{
		{"locked", "0x40000", "the PIN is locked", nil, exitRefused},
		{"final try", "0x20000", "one more wrong PIN locks the token", nil, exitRefused},
		{"final try spent on purpose", "0x20000", "", []string{"--spend-final-try"}, exitOK},
		{"locked all the same", "0x40000", "the PIN is locked", []string{"--spend-final-try"}, exitRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.moduleEnv["SHIM_FLAGS"], m.moduleEnv["SHIM_LOG"] = c.flags, m.dir+"/calls"
			m.must(c.code, append([]string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}, c.args...), c.says)
			if _, err := os.Stat(m.dir + "/calls"); (err == nil) != (c.code == exitOK) {
				t.Errorf("calls were made: %v", err == nil)
			}
		})
	}
}

// TestWrongPINIsTriedOnce counts the logins.
func TestWrongPINIsTriedOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.moduleEnv["SHIM_LOG"] = m.dir + "/calls"
	m.must(exitDevice, []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:SIGN_PIN"}, "C_Login", "is wrong; it is not tried again")
	if calls := m.calls(); !slices.Equal(calls, []string{"C_Login"}) {
		t.Errorf("calls: %v", calls)
	}
	m.holds("CARD", "1234", 0, 0, 0)
}
