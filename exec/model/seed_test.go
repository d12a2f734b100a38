package model_test

import (
	"strings"
	"testing"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/plan"
)

// selectors choose two tokens by their labels.
func selectors(t *testing.T) map[string]exec.Selector {
	t.Helper()
	out := map[string]exec.Selector{}
	for slot, label := range map[string]string{plan.Default: "CARD", plan.Signature: "SIGN"} {
		s, err := exec.ParseSelector(label)
		if err != nil {
			t.Fatal(err)
		}
		out[slot] = s
	}
	return out
}

func seeded(t *testing.T, kind string, tokens ...model.Seed) *model.Module {
	t.Helper()
	m, err := model.Seeded(profile.Lookup(kind), model.Seeds{Info: exec.ModuleInfo{Manufacturer: "Maker"}, Tokens: tokens, Selectors: selectors(t)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func seed(label string, flags exec.TokenFlags, objects ...*exec.Item) model.Seed {
	return model.Seed{Slot: exec.Slot{Description: "reader", Token: exec.TokenInfo{Label: label, Serial: "1", Flags: flags, MinPIN: 4, FreePublic: 99}}, Objects: objects}
}

const ready = exec.FlagTokenInitialized | exec.FlagUserPINInit

var publicKey = &exec.Item{Class: "public key", Label: "k", ID: "0a", Key: "RSA 2048", Public: exec.PublicKey{Type: exec.CKKRSA, Modulus: []byte{1}, Exponent: []byte{3}}}

// TestSeededFlags: flags of tries hold until the right value was shown or another
// one was set, and others stay.
func TestSeededFlags(t *testing.T) {
	const all = ready | exec.FlagWriteProtected | exec.FlagUserPINFinalTry | exec.FlagUserPINToChange | exec.FlagSOPINLocked | exec.FlagSOPINToChange | exec.FlagProtectedAuthPath
	m := seeded(t, "generic", seed("CARD", all))
	tok := m.Token(0)
	flags := func() exec.TokenFlags {
		t.Helper()
		info, err := tok.Info(ctx)
		if err != nil || info.MinPIN != 4 || info.FreePublic != 99 || info.Label != "CARD" {
			t.Fatalf("%+v, %v", info, err)
		}
		return info.Flags
	}
	if got := flags(); got != all {
		t.Errorf("flags %#x, want %#x", got, all)
	}
	want(t, "open", tok.OpenSession(ctx), exec.CKROK)
	want(t, "locked SO", tok.Login(ctx, exec.SO, value("so")), exec.CKRPINLocked)
	want(t, "login", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKROK)
	if got := flags(); got != all&^exec.FlagUserPINFinalTry {
		t.Errorf("flags after a login %#x", got)
	}
	want(t, "logout", tok.Logout(ctx), exec.CKROK)
	want(t, "change", tok.SetPIN(ctx, value("1"), value("2")), exec.CKROK)
	if got := flags(); got != all&^(exec.FlagUserPINFinalTry|exec.FlagUserPINToChange) {
		t.Errorf("flags after a change %#x", got)
	}
}

// TestSeededObjects: public objects show at once, private ones after a login; a
// private key that nobody could see is taken to be beside its public one, and one
// that somebody would have seen is not.
func TestSeededObjects(t *testing.T) {
	data := &exec.Item{Class: "data object", Label: "d", Private: true, Bytes: 3, Data: &exec.DataItem{Application: "IDM", ObjectID: "06022a03"}}
	open := &exec.Item{Class: "data object", Label: "o", Bytes: 3, Data: &exec.DataItem{SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}} // "abc"
	cert := &exec.Item{Class: "certificate", Label: "k", ID: "0a", DER: []byte("der")}
	find := func(tok exec.Token, attrs ...exec.Attribute) int {
		t.Helper()
		found, err := tok.FindObjects(ctx, attrs)
		want(t, "find", err, exec.CKROK)
		return len(found)
	}
	private := exec.Ulong(exec.CKAClass, exec.CKOPrivateKey)
	for _, seen := range []bool{false, true} {
		s := seed("CARD", ready, publicKey, cert, data, open)
		s.PrivateSeen = seen
		tok := seeded(t, "generic", s).Token(0)
		want(t, "open", tok.OpenSession(ctx), exec.CKROK)
		if n := find(tok); n != 3 {
			t.Errorf("%d objects without a login", n)
		}
		want(t, "login", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKROK)
		n := 0
		if !seen {
			n = 1
		}
		if got := find(tok, private, exec.Bytes(exec.CKAID, []byte{10}), exec.Text(exec.CKALabel, "k")); got != n || find(tok) != 4+n {
			t.Errorf("seen %v: %d private keys, %d objects", seen, got, find(tok))
		}
		for content, n := range map[string]int{"abc": 1, "abd": 0} {
			if got := find(tok, exec.Text(exec.CKALabel, "o"), exec.Bytes(exec.CKAValue, []byte(content))); got != n {
				t.Errorf("%d public data objects hold %q", got, content)
			}
		}
		for content, n := range map[string]int{"xyz": 1, "xyzz": 0} { // the length alone is known
			if got := find(tok, exec.Text(exec.CKAApplication, "IDM"), exec.Bytes(exec.CKAValue, []byte(content))); got != n {
				t.Errorf("%d private data objects hold %q", got, content)
			}
		}
	}
}

// TestSeededOffers: what a token says that it generates counts, and not what the
// profile says of its kind.
func TestSeededOffers(t *testing.T) {
	told := seed("CARD", ready)
	told.Offers = []exec.Mechanism{{Type: exec.CKMRSAKeyPairGen, Min: 1, Max: 2}}
	m := seeded(t, "softhsm", told, seed("SIGN", ready))
	for id, n := range map[exec.SlotID]int{0: 1, 1: 3} {
		if got, err := m.Token(id).Mechanisms(ctx); err != nil || len(got) != n {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// TestSeededCard: two slots of one card share its room for keys, and other cards do
// not take of it.
func TestSeededCard(t *testing.T) {
	p, err := profile.Parse("small", []byte("inherits = \"opensc\"\n[fact]\nkey-capacity = { is = 2, source = \"x\" }\nsignature-key-needs-both-logins = { is = false, source = \"x\" }\n"), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	other := seed("OTHER", ready, publicKey, publicKey)
	other.Token.Serial = "2"
	m, err := model.Seeded(p, model.Seeds{Tokens: []model.Seed{other, seed("CARD", ready, publicKey), seed("SIGN", ready)}, Selectors: selectors(t)})
	if err != nil {
		t.Fatal(err)
	}
	tok := m.Token(2)
	want(t, "open", tok.OpenSession(ctx), exec.CKROK)
	want(t, "login", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKROK)
	for _, ckr := range []exec.CKR{exec.CKROK, exec.CKRDeviceMemory} {
		_, _, err := tok.GenerateKeyPair(ctx, exec.CKMECKeyPairGen, nil, []exec.Attribute{exec.Bool(exec.CKAPrivate, true)})
		want(t, "key", err, ckr)
	}
}

// TestSeededPrivatePartsAreNotKept: a private key that is written to the model stays
// in no memory.
func TestSeededPrivatePartsAreNotKept(t *testing.T) {
	tok := seeded(t, "generic", seed("CARD", ready)).Token(0)
	want(t, "open", tok.OpenSession(ctx), exec.CKROK)
	want(t, "login", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKROK)
	o, err := tok.CreateObject(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey), exec.Bytes(exec.CKAValue, []byte("d")), exec.Bytes(exec.CKAPrime1, []byte("p"))})
	want(t, "create", err, exec.CKROK)
	attrs, err := tok.Attributes(ctx, o, exec.CKAValue, exec.CKAPrime1)
	want(t, "read", err, exec.CKROK)
	if attrs[0].Value != nil || attrs[1].Value != nil {
		t.Errorf("%v", attrs)
	}
}

func TestSeedsThatCannotBe(t *testing.T) {
	for text, item := range map[string]*exec.Item{
		"there is none":                       nil,
		`its id "x" is not hexadecimal`:       {Class: "certificate", ID: "x"},
		"a certificate without its der":       {Class: "certificate"},
		"a public key without its publicKey":  {Class: "public key"},
		"a data object without its data":      {Class: "data object"},
		`its objectId "x" is not hexadecimal`: {Class: "data object", Data: &exec.DataItem{ObjectID: "x"}},
		`its class is "spoon"`:                {Class: "spoon"},
	} {
		_, err := model.Seeded(profile.Generic(), model.Seeds{Tokens: []model.Seed{seed("CARD", ready, publicKey, item)}, Selectors: selectors(t)})
		if err == nil || !strings.Contains(err.Error(), `object 2 of token "CARD"`) || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want %q", err, text)
		}
	}
}
