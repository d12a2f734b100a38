//go:build cgo && linux

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/internal/vcard/lab"
)

// TestCardSeeded asks what a run would do on a card with a true signature slot, and
// then does it: the two say the same, and the card saw no PIN in between.
func TestCardSeeded(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	args := slices.Concat([]string{"apply", m.file("x.dsc", threeKeys), "--lab-ca"}, []string{"--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"})
	same := func(what string, code int, says string, args []string) {
		t.Helper()
		before := m.snapshot()
		plugged, _ := m.verdict(append(slices.Clone(args), "--dry-run", "--seed", "plugged")...)
		listed, _ := m.verdict(append(slices.Clone(args), "--dry-run", "--seed", m.list())...)
		if after := m.snapshot(); string(after) != string(before) {
			t.Errorf("%s: a dry-run changed the card", what)
		}
		applied, o := m.verdict(args...)
		if applied.code != code || !strings.Contains(o.stdout+o.stderr, says) {
			t.Fatalf("%s: %s", what, o)
		}
		for _, dry := range []verdict{plugged, listed} {
			if diff := cmp.Diff(applied, dry, cmp.AllowUnexported(verdict{})); diff != "" {
				t.Errorf("%s: a dry-run says something else than apply:\n%s", what, diff)
			}
		}
	}
	same("empty", exitOK, "6 written, 0 kept", args)
	same("again", exitOK, "nothing to do", args)
	same("another plan, the same labels", exitRefused, `a public key with the label "auth"`, append(slices.Clone(args), "--abandon", "--existing", "refuse", "--state", m.dir+"/other"))
	same("one token for both slots", exitRefused, "both slots are one", append(slices.Clone(args), "--signature-token", m.slot("default")))
	m.opened(false, "signature", "0000")
	m.opened(false, "signature", "0000")
	same("the signature PIN at its final try", exitRefused, "one more wrong PIN locks the token", args)
	m.opened(false, "signature", "0000")
	same("the signature PIN locked", exitRefused, "the PIN is locked", args)
	m.tries(lab.SignaturePIN, 0, 10)
	m.tries(lab.UserPIN, 3, 10)
	m.reader().Pull()
	same("no card", exitDevice, "no token is in the reader", args)
}
