package main

import (
	"bytes"
	"strings"
	"testing"

	"inscribe/check/profile"
	"inscribe/exec"
)

// TestReadableKeysByTheProfile: of a key that was made on a card whose module does not
// tell how it is guarded, a listing says nothing worse than the engine.
func TestReadableKeysByTheProfile(t *testing.T) {
	for name, want := range map[string]bool{"opensc": false, "softhsm": true} {
		var out bytes.Buffer
		m := moduleTokens{facts: profile.Lookup(name), Slots: []slotToken{{Slot: exec.Slot{Token: exec.TokenInfo{Flags: exec.FlagTokenInitialized}},
			Objects: []*exec.Item{{Class: "private key", Label: "logon"}}, PrivateSeen: true}}}
		(&app{stdout: &out}).printTokens(m)
		if got := strings.Contains(out.String(), "was or is readable"); got != want {
			t.Errorf("%s:\n%s", name, out.String())
		}
	}
}
