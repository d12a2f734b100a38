package exec_test

import (
	"strings"
	"testing"

	"inscribe/exec"
)

func selector(t testing.TB, text string) exec.Selector {
	t.Helper()
	s, err := exec.ParseSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseSelector(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "fresh": "", "CARD": "", "My card": "", "pkcs11:token=CARD": "", "pkcs11:": "", "pkcs11:token=a%20b;serial=12;": "",
		"pkcs11:manufacturer=x;model=y;slot-description=z;slot-manufacturer=w": "",
		"pkcs11:token=CARD?pin-value=86420":                                    "holds a PIN",
		"pkcs11:token=CARD?pin-source=file:/pin":                               "holds a PIN",
		"pkcs11:token=CARD?module-path=/x.so":                                  "only path attributes",
		"pkcs11:slot-id=3":                                                     "slot-id changes",
		"pkcs11:object=key":                                                    `"object" does not choose a token`,
		"pkcs11:token=CARD;token=SIGN":                                         `attribute "token" is there twice`,
		"pkcs11:token":                                                         "no attribute name=value",
		"pkcs11:token=%zz":                                                     "no attribute name=value",
	} {
		_, err := exec.ParseSelector(text)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: error %v, want %q", text, err, want)
		case err != nil && strings.Contains(err.Error(), "86420"):
			t.Errorf("%q: the PIN shows in %v", text, err)
		}
	}
}

func TestChoose(t *testing.T) {
	on := exec.FlagTokenInitialized
	slots := []exec.Slot{
		{ID: 1, Description: "Reader 0", Manufacturer: "ACME", Token: exec.TokenInfo{Label: "CARD", Serial: "01", Model: "v2", Manufacturer: "Soft", Flags: on}},
		{ID: 2, Description: "Reader 1", Manufacturer: "ACME", Token: exec.TokenInfo{Label: "CARD-SIG", Serial: "02", Model: "v2", Manufacturer: "Soft", Flags: on}},
		{ID: 3, Description: "Reader 2", Token: exec.TokenInfo{Label: "a b/c;d", Serial: "03", Flags: on}},
		{ID: 4, Description: "Reader 3"},
		{ID: 5, Description: exec.CleanText("Reader \xfc"), Token: exec.TokenInfo{Label: exec.CleanText("M\xfcller  \x00x"), Serial: "05", Flags: on}},
		{ID: 6, Description: "Reader \ufffd", Token: exec.TokenInfo{Label: exec.CleanText("M\xe4ller"), Serial: "06", Flags: on}},
	}
	for _, c := range []struct {
		text string
		id   exec.SlotID // 0: an error
		says []string
	}{
		{"CARD", 1, nil}, // the whole label, not a beginning of it
		{"pkcs11:token=CARD-SIG", 2, nil},
		{"pkcs11:serial=02", 2, nil},
		{"pkcs11:token=a%20b%2Fc%3Bd", 3, nil},
		{"pkcs11:slot-description=Reader%201", 2, nil},
		{"pkcs11:slot-description=Reader%203", 4, nil}, // by its place, though not initialised
		{"pkcs11:model=v2;serial=01", 1, nil},
		{"fresh", 4, nil},
		{"M\xfcller", 5, nil}, // no UTF-8
		{"M%FCller", 5, nil},  // as it is shown
		{"pkcs11:token=M%FCller", 5, nil},
		{"pkcs11:slot-description=Reader%20%FC", 5, nil},
		{"pkcs11:token=M%E4ller", 6, nil},
		{"pkcs11:token=M%EFller", 0, []string{"no token matches"}},
		{"card", 0, []string{"no token matches card", `token "CARD" (serial 01)`, `token "CARD-SIG"`, "a token that is not initialised", "--token fresh"}},
		{"pkcs11:model=v2", 0, []string{"2 tokens match", "CARD-SIG", "pkcs11:serial=01"}},
		{"pkcs11:token=CARD;serial=02", 0, []string{"no token matches"}},
		{"", 0, []string{"5 tokens match any token"}},
	} {
		got, err := selector(t, c.text).Choose(slots, "default")
		if c.id != 0 {
			if err != nil || got.ID != c.id {
				t.Errorf("%q chooses %d (%v), want %d", c.text, got.ID, err, c.id)
			}
			continue
		}
		refused(t, err, exec.Device, append(c.says, "default slot")...)
	}
	one := slots[:1]
	if got, err := selector(t, "").Choose(one, "default"); err != nil || got.ID != 1 {
		t.Errorf("the only token is not chosen: %v", err)
	}
	_, err := selector(t, "CARD").Choose(nil, "signature")
	refused(t, err, exec.Device, "there is no token at all", "signature slot")
	// A token that cannot be read may be the one that is meant, or a second one.
	dark := append([]exec.Slot{{ID: 6, Description: "Reader 9", Unreadable: exec.CKRDeviceError}}, one...)
	if got, err := selector(t, "CARD").Choose(dark, "default"); err != nil || got.ID != 1 {
		t.Errorf("the named token is not chosen: %v", err)
	}
	for _, text := range []string{"", "fresh", "pkcs11:serial=77", "pkcs11:slot-description=Reader%209"} {
		_, err := selector(t, text).Choose(dark, "default")
		refused(t, err, exec.Device, "CKR_DEVICE_ERROR", `a token that cannot be read, in "Reader 9"`, "default slot")
	}
	// Two cards that nothing tells apart.
	twins := []exec.Slot{slots[0], {ID: 9, Token: slots[0].Token}}
	for _, text := range []string{"", "CARD", "pkcs11:serial=01"} {
		_, err := selector(t, text).Choose(twins, "default")
		refused(t, err, exec.Device, "2 tokens match", "slot-description=Reader%200")
	}
	_, err = selector(t, "").Choose([]exec.Slot{twins[1], twins[1]}, "default")
	refused(t, err, exec.Device, "take out the others")
	// The slots of one card have one serial number, and what is advised chooses.
	pair := []exec.Slot{slots[0], slots[1]}
	pair[1].Token.Serial, pair[0].Token.Label, pair[0].Description, pair[1].Description = "01", "CARD (User PIN); 1", "", ""
	_, err = selector(t, "pkcs11:serial=01").Choose(pair, "default")
	refused(t, err, exec.Device, "2 tokens match", "pkcs11:token=CARD%20%28User%20PIN%29%3B%201")
	if got, err := selector(t, "pkcs11:token=CARD%20%28User%20PIN%29%3B%201").Choose(pair, "default"); err != nil || got.ID != 1 {
		t.Errorf("the advice chooses %d: %v", got.ID, err)
	}
	two := []exec.Slot{slots[3], {ID: 5}}
	_, err = selector(t, "fresh").Choose(two, "default")
	refused(t, err, exec.Device, "2 tokens match fresh", "slot-description=Reader%203")
}

// TestStars: a star stands for any text where it is asked for, and for itself
// elsewhere.
func TestStars(t *testing.T) {
	on := exec.FlagTokenInitialized
	for _, c := range []struct {
		text  string
		slot  exec.Slot
		stars int
		star  string
		ok    bool
	}{
		{"pkcs11:token=CARD-*", exec.Slot{Token: exec.TokenInfo{Label: "CARD-17", Flags: on}}, 1, "17", true},
		{"CARD-*", exec.Slot{Token: exec.TokenInfo{Label: "CARD-", Flags: on}}, 1, "", true},
		{"CARD-*", exec.Slot{Token: exec.TokenInfo{Label: "SIGN-1", Flags: on}}, 1, "", false},
		{"a*a", exec.Slot{Token: exec.TokenInfo{Label: "a", Flags: on}}, 1, "", false},
		{"pkcs11:token=* (User PIN);model=v2", exec.Slot{Token: exec.TokenInfo{Label: "LAB (User PIN)", Model: "v2", Flags: on}}, 1, "LAB", true},
		{"pkcs11:token=* (User PIN);model=v2", exec.Slot{Token: exec.TokenInfo{Label: "LAB (User PIN)", Model: "v3", Flags: on}}, 1, "", false},
		{"pkcs11:token=CARD-*", exec.Slot{Token: exec.TokenInfo{Label: "CARD-17"}}, 1, "", false},
		{"pkcs11:slot-description=Reader *", exec.Slot{Description: "Reader 3"}, 1, "3", true},
		{"pkcs11:token=*;model=*", exec.Slot{}, 2, "", false},
		{"fresh", exec.Slot{}, 0, "", true},
		{"", exec.Slot{Token: exec.TokenInfo{Flags: on}}, 0, "", true},
	} {
		s := selector(t, c.text)
		star, ok := s.MatchesStar(c.slot)
		if s.Stars() != c.stars || ok != c.ok || ok && star != c.star {
			t.Errorf("%q: %d stars, %q, %v", c.text, s.Stars(), star, ok)
		}
		if c.stars > 0 && s.Matches(c.slot) {
			t.Errorf("%q stands for any text without being asked to", c.text)
		}
	}
	if s := exec.At(3); s.Matches(exec.Slot{ID: 2}) || !s.Matches(exec.Slot{ID: 3}) || s.Matches(exec.Slot{ID: 3, Unreadable: exec.CKRGeneralError}) {
		t.Error("a slot by its number")
	}
}
