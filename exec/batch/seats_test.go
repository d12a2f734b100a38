package batch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/batch"
	"inscribe/plan"
)

// slot makes a slot of "label/serial", or of "-" for a fresh token.
func slot(n int, text string) exec.Slot {
	s := exec.Slot{ID: exec.SlotID(n), Description: fmt.Sprint("reader ", n)}
	if text == "-" {
		return s
	}
	label, serial, _ := strings.Cut(text, "/")
	s.Token = exec.TokenInfo{Label: label, Serial: serial, Flags: exec.FlagTokenInitialized | exec.FlagUserPINInit}
	return s
}

// TestSeats: which tokens are seats, and which are refused with what reason.
func TestSeats(t *testing.T) {
	for _, c := range []struct {
		name, profile, def, sig string
		slots                   []string
		bound                   []map[string]exec.Identity
		was                     string // the label of the bound ones before they were initialised
		torn                    bool
		want                    []string
	}{
		{name: "one token by its label", profile: "softhsm", def: "CARD", slots: []string{"CARD/1", "OTHER/2"}, want: []string{"CARD"}},
		{name: "any token", profile: "softhsm", def: "pkcs11:", slots: []string{"A/1", "B/2", "-"}, want: []string{"A", "B"}},
		{name: "pairs by the star", profile: "softhsm", def: "pkcs11:token=CARD-*", sig: "pkcs11:token=SIGN-*",
			slots: []string{"CARD-1/1", "SIGN-2/2", "CARD-2/3", "SIGN-1/4", "CARD-3/5"},
			want:  []string{"CARD-1+SIGN-1", "CARD-2+SIGN-2", "CARD-3: 0 tokens are its signature slot"}},
		{name: "a star that takes the partners too", profile: "softhsm", def: "pkcs11:token=*", sig: "pkcs11:token=* sign",
			slots: []string{"A/1", "A sign/2"}, want: []string{"A+A sign"}},
		{name: "one signature token for two", profile: "softhsm", def: "pkcs11:model=", sig: "SIGN",
			slots: []string{"A/1", "B/2", "SIGN/3"}, want: []string{"A+SIGN: would be the signature slot of 2", "B+SIGN: would be the signature slot of 2"}},
		{name: "cards with two slots", profile: "opensc", def: "pkcs11:token=* (User PIN)", sig: "pkcs11:token=* (Signature PIN)",
			slots: []string{"A (User PIN)/1", "A (Signature PIN)/1", "A (User PIN)/2", "A (Signature PIN)/2"},
			want:  []string{"A (User PIN)+A (Signature PIN)", "A (User PIN)+A (Signature PIN)"}},
		{name: "either slot of a card", profile: "opensc", def: "pkcs11:", slots: []string{"A (User PIN)/1", "A (Signature PIN)/1"},
			want: []string{"A (User PIN): more than one slot of its card", "A (Signature PIN): more than one slot of its card"}},
		{name: "no serial number", profile: "softhsm", def: "pkcs11:", slots: []string{"A/", "B/0000", "C/00 00", "D/1"},
			want: []string{"A: tells it from no other", "B: tells it from no other", "C: tells it from no other", "D"}},
		{name: "two of the same number", profile: "softhsm", def: "pkcs11:", slots: []string{"A/1", "B/1", "C/2"}, want: []string{"A: nothing tells", "B: nothing tells", "C"}},
		{name: "told apart by the label", profile: "generic", def: "pkcs11:", slots: []string{"A/1", "B/1"}, want: []string{"A", "B"}},
		{name: "not told apart by the label", profile: "generic", def: "pkcs11:", slots: []string{"A/1", "A/1"}, want: []string{"A: nothing tells", "A: nothing tells"}},
		{name: "fresh ones", profile: "softhsm", def: "fresh", slots: []string{"-", "A/1", "-"}, want: []string{"-", "-"}},
		{name: "bound by another name", profile: "softhsm", def: "CARD", slots: []string{"NEW/1", "CARD/2"},
			bound: []map[string]exec.Identity{{"default": {Serial: "1"}}, {"default": {Serial: "7"}}}, was: "CARD", want: []string{"NEW", "CARD"}},
		{name: "bound and not chosen", profile: "softhsm", def: "SIGN", slots: []string{"CARD/1", "SIGN/2"},
			bound: []map[string]exec.Identity{{"default": {Serial: "1"}}}, want: []string{"SIGN"}},
		{name: "torn", profile: "softhsm", def: "fresh", slots: []string{"-", "A/1", "-"}, torn: true, want: []string{"-|-"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := batch.Pool{Facts: profile.Lookup(c.profile), Default: selector(t, c.def), Signature: selector(t, c.sig), Both: c.sig != ""}
			if err := p.Check(); err != nil {
				t.Fatal(err)
			}
			var slots []exec.Slot
			for n, text := range c.slots {
				slots = append(slots, slot(n, text))
			}
			var got []string
			var bound []batch.Row
			for _, tokens := range c.bound {
				row := batch.Row{Tokens: tokens}
				if c.was != "" {
					row.Were = map[string]string{"default": c.was}
				}
				bound = append(bound, row)
			}
			for n, s := range p.Seats(slots, bound, c.torn, nil) {
				label := func(slot exec.Slot) string {
					if slot.Token.Label == "" {
						return "-"
					}
					return slot.Token.Label
				}
				text := label(s.Slots[plan.Default])
				if partner, has := s.Slots[plan.Signature]; has {
					text += "+" + label(partner)
					if c.profile == "opensc" && partner.Token.Serial != s.Slots[plan.Default].Token.Serial {
						t.Errorf("%s is of two cards", text)
					}
				}
				for _, more := range s.Torn[min(1, len(s.Torn)):] {
					text += "|" + label(more)
				}
				if s.Refused != "" {
					text += ": " + s.Refused
					if n < len(c.want) && strings.Contains(c.want[n], ": ") && strings.HasPrefix(text, c.want[n][:strings.Index(c.want[n], ": ")]) {
						if _, why, _ := strings.Cut(c.want[n], ": "); strings.Contains(s.Refused, why) {
							text = c.want[n]
						}
					}
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSelectorsThatPairNothing are refused before a token is looked at.
func TestSelectorsThatPairNothing(t *testing.T) {
	for _, c := range [][4]string{
		{"softhsm", "pkcs11:token=*-*", "pkcs11:token=S-*", "2 stars"},
		{"softhsm", "pkcs11:token=CARD-*", "SIGN", "only one of"},
		{"softhsm", "pkcs11:token=CARD-*", "", "--signature-token"},
		{"softhsm", "CARD", "fresh", "cannot be fresh"},
		{"softhsm", "", "SIGN", "which tokens are meant"},
	} {
		p := batch.Pool{Facts: profile.Lookup(c[0]), Default: selector(t, c[1]), Signature: selector(t, c[2]), Both: true}
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), c[3]) {
			t.Errorf("%v: %v", c, err)
		}
	}
}
