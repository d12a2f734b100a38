//go:build cgo && linux

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/internal/vcard"
	"inscribe/internal/vcard/lab"
)

// setPIN is a description that sets the PIN of a slot under its PUK.
func setPIN(slot string) string {
	return "[Fields]\nPUK=\nNEW=\n[Description]\nPKCS11Library=yourMiddleware.dll\nSetPin=true\nInitial" + slot + "PUK=PUK\n" + slot + "PIN=NEW\n"
}

// changePIN is a description that changes the PIN of a slot by the old one.
func changePIN(slot string) string {
	return "[Description]\nPKCS11Library=yourMiddleware.dll\nSetPin=true\n" + slot + "PIN=!FROM_USER_DIALOG_3_FIELD\n"
}

// cardSlots are the two slots: how keywords begin, and the PIN's reference.
var cardSlots = map[string]struct {
	prefix, pin, puk, other, otherPIN string
	reference                         byte
}{
	"default":   {"", "1234", "11112222", "signature", "5678", lab.UserPIN},
	"signature": {"Sign", "5678", "33334444", "default", "1234", lab.SignaturePIN},
}

// TestCardChangesPINs changes the PIN of either slot; the other one stays.
func TestCardChangesPINs(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	m.env["NEW"], m.env["WRONG"], m.env["LONG"] = "97531", "8888", "123456789"
	for slot, s := range cardSlots {
		m.env["OLD"] = s.pin
		file := m.file(slot+".dsc", changePIN(s.prefix))
		change := func(old, new string) []string {
			return []string{"apply", file, "--answer", s.prefix + "PIN.old=env:" + old, "--answer", s.prefix + "PIN=env:" + new}
		}
		// Refused before the card sees a value; then a wrong one, which costs a try.
		m.must(exitRefused, change("OLD", "LONG"), "has more than 8 characters")
		m.must(exitRefused, change("LONG", "NEW"), "has more than 8 characters")
		m.tries(s.reference, 3, 10)
		m.must(exitDevice, change("WRONG", "NEW"), "op-02 login: "+slot+" slot", "is wrong; it is not tried again")
		m.tries(s.reference, 2, 10)
		m.must(0, change("OLD", "NEW"))
		m.opened(true, slot, "97531")
		m.opened(false, slot, s.pin)
		m.opened(true, slot, "97531")
		m.tries(s.reference, 3, 10)
	}
	m.opened(true, "default", "97531")
	m.opened(true, "signature", "97531")

	// The published example, which holds the new value against its validation.
	m.env["OLD"], m.env["NEWER"], m.env["LETTERS"] = "97531", "13579", "12ab"
	args := []string{"apply", example(t, "08-change-signature-pin.dsc"), "--answer", "SignPIN.old=env:OLD", "--answer"}
	m.must(exitRefused, append(args, "SignPIN=env:LETTERS"), "does not match the validation")
	m.must(0, append(args, "SignPIN=env:NEWER"))
	m.opened(true, "signature", "13579")
	m.opened(true, "default", "97531")
	m.tries(lab.SignaturePIN, 3, 10)
}

// TestCardUnblocks locks either slot's PIN and opens it again with its own PUK,
// by C_SetPIN without a login.
func TestCardUnblocks(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	m.env["NEW"] = "2468"
	for slot, s := range cardSlots {
		m.env["PUK"], m.env["OTHER_PUK"] = s.puk, cardSlots[s.other].puk
		for range 3 {
			m.opened(false, slot, "0000")
		}
		m.tries(s.reference, 0, 10)
		m.must(0, []string{"tokens", "--module", lab.OpenSC}, "user PIN locked, its PUK unlocks it")
		// The locked PIN is not tried, the other slot's PUK does not open it.
		m.env["OLD"] = s.pin
		m.must(exitRefused, []string{"apply", m.file("change.dsc", changePIN(s.prefix)), "--answer", s.prefix + "PIN.old=env:OLD", "--answer", s.prefix + "PIN=env:NEW"}, "the PIN is locked", "unblock it with the PUK")
		file := m.file("unblock.dsc", setPIN(s.prefix))
		for puk, says := range map[string]string{"1": "fewer than 4", "12345678901234567890": "more than 8"} {
			m.env["UNFIT"] = puk
			m.must(exitRefused, []string{"apply", file, "--field", "PUK=env:UNFIT", "--field", "NEW=env:NEW"}, "field PUK has "+says+" characters")
			m.tries(s.reference, 0, 10)
		}
		m.must(exitDevice, []string{"apply", file, "--field", "PUK=env:OTHER_PUK", "--field", "NEW=env:NEW"}, "unblock: "+slot+" slot")
		m.tries(s.reference, 0, 9)
		m.must(0, []string{"apply", file, "--field", "PUK=env:PUK", "--field", "NEW=env:NEW"})
		m.opened(true, slot, "2468")
		m.tries(s.reference, 3, 10)
	}
}

// TestCardRefusesWhatPKCS11CannotDo: when planning, with the reason, and before the
// card has seen anything that changes it.
func TestCardRefusesWhatPKCS11CannotDo(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	before := m.snapshot()
	for name, c := range map[string]struct {
		reason string
		fields []string
	}{
		"07-change-signature-puk.dsc": {"line 9: PKCS#11 has no call that changes the PUK of a card of the profile opensc", []string{"OLD_SIGN_PUK", "NEW_SIGN_PUK", "NEW_SIGN_PIN"}},
		"10-unblock.dsc":              {"line 12: PKCS#11 has no call that changes the PUK of a card of the profile opensc", nil},
		"09-initialise.dsc":           {"line 11: tokens of the profile opensc cannot be initialised over PKCS#11", []string{"PIN_FIELD", "PUK_FIELD"}},
	} {
		if o := m.run("plan", example(t, name)); !strings.Contains(o.stdout, "refused: "+c.reason) {
			t.Errorf("%s: %s", name, o)
		}
		args := []string{"apply", example(t, name), "--yes"}
		for _, f := range c.fields {
			args = append(args, "--field", f+"=env:SIGN_PUK")
		}
		m.must(exitRefused, args, c.reason)
	}
	if after := m.snapshot(); string(after) != string(before) {
		t.Error("a refused run changed the card")
	}
}

// TestCardOneLoginIsNotEnough: on the stock profile of OpenSC a key in the
// signature slot needs both logins. A plan knows that from the profile; where the
// profile does not say it, the run fails and says what is missing.
func TestCardOneLoginIsNotEnough(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	const signOnly = "[Fields]\nSIGN=\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\nSignPIN=SIGN\n[Application_A]\nECCurve=P-256\nCertTempl=sig\nLocation=#Signature\n"
	file := m.file("x.dsc", signOnly)
	args := []string{"apply", file, "--field", "SIGN=env:SIGN_PIN", "--lab-ca"}
	m.must(exitRefused, args, "a key in the signature slot of a card of the profile opensc needs the login of the default slot as well", "add PIN beside SignPIN")
	m.file("inscribe.toml", "[profile.single]\ntitle = \"one login\"\ninherits = \"opensc\"\nfact.signature-key-needs-both-logins = { is = false, source = \"a wrong guess\" }\n")
	files := len(m.card().FileIDs())
	m.must(exitDevice, append(args, "--profile", "single"), "op-03 genkey: signature slot", "CKR_GENERAL_ERROR",
		"needs the login of the default slot as well, and this run has only that of the signature slot", "signature-key-needs-both-logins")
	m.holds("signature", "5678", 0, 0, 0)
	if now := len(m.card().FileIDs()); now != files {
		t.Errorf("%d files on the card, %d before", now, files)
	}
	m.tries(lab.SignaturePIN, 3, 10)

	// With both it works, on the same card.
	both := strings.Replace(strings.Replace(signOnly, "SIGN=\n", "SIGN=\nPIN=\n", 1), "SignPIN=SIGN\n", "SignPIN=SIGN\nPIN=PIN\n", 1)
	m.must(0, []string{"apply", m.file("y.dsc", both), "--field", "SIGN=env:SIGN_PIN", "--field", "PIN=env:CARD_PIN", "--lab-ca", "--abandon"}, "2 written, 0 kept")
	m.pair("02", "sig", "EC Key")
	m.holds("default", "1234", 0, 0, 0)
}

// TestCardWithSwappedPINs exchanges the references of the two PINs on the card, so
// that each value stands behind the other slot: the first login fails, it costs
// one try of that PIN and none of the other, and nothing is written.
func TestCardWithSwappedPINs(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	files := m.card().FileIDs()
	m.card().SwapPINs(lab.UserPIN, lab.SignaturePIN)
	args := []string{"apply", m.file("x.dsc", threeKeys), "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
	m.must(exitDevice, args, "op-02 login: default slot", "field CARD is wrong; it is not tried again", "CKR_PIN_INCORRECT")
	m.tries(lab.UserPIN, 2, 10)
	m.tries(lab.SignaturePIN, 3, 10)
	if now := m.card().FileIDs(); fmt.Sprint(now) != fmt.Sprint(files) {
		t.Errorf("files %x, before %x", now, files)
	}
	// The flags do not warn of one wrong PIN; the next is still only one try.
	m.must(exitDevice, args, "op-02 login")
	m.tries(lab.UserPIN, 1, 10)
	m.must(exitRefused, args, "one more wrong PIN locks the token")
	m.tries(lab.UserPIN, 1, 10)
}

// TestCardIsNotInserted tells an empty reader from none: the run says what to do, and
// so do a verification and the list of tokens.
func TestCardIsNotInserted(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	args := []string{"apply", m.file("x.dsc", threeKeys), "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
	m.reader().Pull()
	m.must(exitDevice, args, "no token is in the reader", "Lab Reader", "help: insert the card")
	m.must(exitOK, []string{"tokens"}, "no token is in the reader", "insert the card")
	m.must(exitDevice, append([]string{"verify"}, args[1:]...), "no token is in the reader", "Lab Reader", "help: insert the card")
	m.insert()
	m.must(exitOK, args, "Applied x.dsc")
	m.env["PCSCLITE_CSOCK_NAME"] = filepath.Join(m.dir, "none")
	m.must(exitDevice, args, "sees no reader", "pcscd")
}

// TestCardPulledWhilePINsChange pulls the card at an APDU of a change of a PIN.
// Where nobody can know which value holds, nothing is tried and the next run says
// so; else it ends as if undisturbed. At most one try is spent.
func TestCardPulledWhilePINsChange(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	blank := m.snapshot()
	m.env["NEW"] = "97531"
	for slot, s := range cardSlots {
		m.env["OLD"], m.env["PUK"] = s.pin, s.puk
		change := []string{"apply", m.file("change.dsc", changePIN(s.prefix)), "--answer", s.prefix + "PIN.old=env:OLD", "--answer", s.prefix + "PIN=env:NEW"}
		unblock := []string{"apply", m.file("unblock.dsc", setPIN(s.prefix)), "--field", "PUK=env:PUK", "--field", "NEW=env:NEW"}
		for what, args := range map[string][]string{"change": change, "unblock": unblock} {
			m.from(blank, slot+what)
			m.reader().PullAt(0, vcard.BeforeCommand)
			m.must(0, args)
			for _, n := range torture(t).sample(3, m.reader().Count()) {
				for when, word := range map[vcard.Tear]string{vcard.BeforeCommand: "before", vcard.BeforeResponse: "after"} {
					t.Run(fmt.Sprint(slot, " ", what, " ", n, word), func(t *testing.T) {
						counts(t, what+" a PIN, on a card", "pulled "+word+" the APDU")
						outer := m.machine.TB
						m.machine.TB = t
						defer func() { m.machine.TB = outer }()
						m.from(blank, fmt.Sprint(slot, what, n, word))
						m.reader().PullAt(n, when)
						first := m.run(args...)
						if m.reader().Inserted() {
							t.Fatalf("the run was over before APDU %d: %s", n, first)
						}
						m.saysTakenOut(first)
						m.insert()
						pin, puk := m.card().Tries(s.reference)
						o := first
						if first.code != exitOK { // else all was done when the card went
							o = m.run(args...)
						}
						if o.code == exitRefused && strings.Contains(o.stderr, "which one holds is not known") {
							if nowPIN, nowPUK := m.card().Tries(s.reference); nowPIN != pin || nowPUK != puk {
								t.Errorf("a value was tried all the same")
							}
							o = m.finishChange(s.prefix, slot, args)
						}
						if o.code == exitDevice && strings.Contains(o.stderr, "the same command shows the old one next") {
							if nowPIN, nowPUK := m.card().Tries(s.reference); nowPIN != pin-1 || nowPUK != puk {
								t.Errorf("it cost more than one try: %s", o)
							}
							o = m.run(args...) // it was not changed
						}
						if o.code != 0 {
							t.Fatalf("first: %s\nthen: %s", first, o)
						}
						m.tries(s.reference, 3, 10)
						m.opened(true, slot, "97531")
						m.opened(true, s.other, s.otherPIN)
					})
				}
			}
		}
	}
}

// finishChange is what a person does who is told that either value may hold: look
// which one it is, and go on from there.
func (m *cardMachine) finishChange(prefix, slot string, args []string) outcome {
	m.Helper()
	_, err := m.tool("pkcs11-tool", "--module", lab.OpenSC, "--token-label", m.slot(slot), "--login", "--pin", m.env["NEW"], "--list-objects")
	if err == nil {
		return outcome{}
	}
	return m.run(append(args, "--abandon")...)
}

// TestCardWithSwappedGuards has the card guard each new key with the other slot's
// PIN than it was told to. In the default slot its login does not open its own key;
// in the signature slot, which needs both logins to make one, the request is signed
// under its own alone, and is refused. Nothing but the one signature was asked for,
// and no try spent.
func TestCardWithSwappedGuards(t *testing.T) {
	const (
		fields  = "[Fields]\nCARD=\nSIGN=\n"
		body    = "[Description]\nPKCS11Library=yourMiddleware.dll\nPIN=CARD\nSignPIN=SIGN\n"
		sigKey  = "[Application_%s]\nECCurve=P-256\nCertTempl=sig\nLocation=%s\n"
		authKey = "[Application_B]\nECCurve=P-256\nCertTempl=auth\n"
	)
	signatureOnly := fields + body + "ApplicationList=A\n" + fmt.Sprintf(sigKey, "A", "#Signature")
	signatureFirst := fields + body + "ApplicationList=AB\n" + fmt.Sprintf(sigKey, "A", "#Signature") + authKey
	byField := strings.Replace(fields, "SIGN=\n", "SIGN=\nWHERE=\n", 1) + body + "ApplicationList=A\n" + fmt.Sprintf(sigKey, "A", "WHERE")
	const opens = "the login of the signature slot alone does not open the new key, so another PIN guards it"
	for _, c := range []struct {
		what, text string
		guard      func(m *cardMachine)
		fields     []string
		says       []string
		signature  [3]int // private keys, public keys, certificates of the signature slot
	}{
		{what: "swapped, both slots", text: threeKeys, guard: func(m *cardMachine) { m.card().SwapGuards(lab.UserPIN, lab.SignaturePIN) },
			says: []string{"op-03 genkey: default slot", "C_GenerateKeyPair: CKR_GENERAL_ERROR"}},
		{what: "swapped, signature slot alone", text: signatureOnly, guard: func(m *cardMachine) { m.card().SwapGuards(lab.UserPIN, lab.SignaturePIN) },
			says: []string{"reqcert: signature slot", "C_Sign", opens}, signature: [3]int{1, 1, 0}},
		{what: "swapped, a field says the signature slot", text: byField, guard: func(m *cardMachine) { m.card().SwapGuards(lab.UserPIN, lab.SignaturePIN) }, fields: []string{"--field", "WHERE=Signature"},
			says: []string{"reqcert: signature slot", opens}, signature: [3]int{1, 1, 0}},
		{what: "all by the default PIN, both slots", text: threeKeys, guard: func(m *cardMachine) { m.card().GuardBy(lab.SignaturePIN, lab.UserPIN) },
			says: []string{"reqcert: signature slot", opens}, signature: [3]int{1, 1, 0}},
		{what: "all by the default PIN, signature slot first", text: signatureFirst, guard: func(m *cardMachine) { m.card().GuardBy(lab.SignaturePIN, lab.UserPIN) },
			says: []string{"reqcert: signature slot", opens}, signature: [3]int{1, 1, 0}},
		{what: "all by the signature PIN, signature slot first", text: signatureFirst, guard: func(m *cardMachine) { m.card().GuardBy(lab.UserPIN, lab.SignaturePIN) },
			says: []string{"reqcert: default slot", "the login of the default slot alone does not open the new key, so another PIN guards it"}, signature: [3]int{1, 1, 1}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			m := newCard(t)
			c.guard(m)
			args := append([]string{"apply", m.file("x.dsc", c.text), "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}, c.fields...)
			m.must(exitDevice, args, c.says...)
			m.holds("signature", "5678", c.signature[0], c.signature[1], c.signature[2])
			m.tries(lab.UserPIN, 3, 10)
			m.tries(lab.SignaturePIN, 3, 10)
			// It stays so, and no certificate comes of it.
			if o := m.run(args...); o.code != exitDevice {
				t.Errorf("the same again: %s", o)
			}
			m.holds("signature", "5678", c.signature[0], c.signature[1], c.signature[2])
		})
	}
}

// TestCardSavedPlan leaves the slot open until the plan is run: the request is signed
// under one login in the case of the signature slot, and in the other as it was.
func TestCardSavedPlan(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	const text = "[Fields]\nCARD=\nSIGN=\nWHERE=\n[Description]\nPKCS11Library=yourMiddleware.dll\nPIN=CARD\nSignPIN=SIGN\nApplicationList=A\n[Application_A]\nECCurve=P-256\nCertTempl=sig\nLocation=WHERE\n"
	path := m.file("x.dsc", text)
	saved := filepath.Join(m.dir, "x.plan")
	m.must(exitOK, []string{"plan", path, "--profile", "opensc", "--out", saved}, "if WHERE decides for the signature slot: log out, so that the key shows")
	args := []string{"apply", saved, "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN", "--field"}
	m.must(exitOK, append(args, "WHERE=Signature"), "2 written, 0 kept")
	m.pair("02", "sig", "EC Key")
	m.must(exitOK, append(args, "WHERE=", "--state", filepath.Join(m.dir, "other")), "2 written, 0 kept")
	m.pair("01", "sig", "EC Key")
	m.card().SwapGuards(lab.UserPIN, lab.SignaturePIN)
	m.must(exitDevice, append(args, "WHERE=Signature", "--state", filepath.Join(m.dir, "third"), "--existing", "add"), "reqcert: signature slot", "so another PIN guards it")
	m.tries(lab.UserPIN, 3, 10)
	m.tries(lab.SignaturePIN, 3, 10)
}

// TestCardThatGuardsNothing is what nobody can see over PKCS#11 without a second
// signature: a key that its own PIN opens, and everybody without one too. The module
// hides it without a login all the same.
func TestCardThatGuardsNothing(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	m.card().GuardBy(lab.SignaturePIN, 0)
	m.must(exitOK, []string{"apply", m.file("x.dsc", threeKeys), "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"})
}

// TestCardWritesToTheSignatureSlot: what is written there without a key wants both
// logins too.
func TestCardWritesToTheSignatureSlot(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	for name, content := range certificateList(m.machine) {
		m.file(name, content)
	}
	const text = "[Fields]\nCARD=\nSIGN=\nCERT=\nDATA=\n[Description]\nPKCS11Library=yourMiddleware.dll\nPIN=CARD\nSignPIN=SIGN\nApplicationList=A\n"
	apps := map[string]string{
		"certificate": "[Application_A]\nWriteCertificate=true\nCertificate=CERT\nKeyLabel=#given\nLocation=#Signature\n",
		"data":        "[Application_A]\nDataObject=DATA\nLabelExpressionDataObject=d\nLocation=#Signature\n",
	}
	for what, app := range apps {
		path := m.file(what+".dsc", text+app)
		args := []string{"apply", path, "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN", "--field", "CERT=file:given", "--field", "DATA=aGVsbG8="}
		m.must(exitOK, args, "1 written, 0 kept")
		m.must(exitOK, args, "nothing to do")
	}
	m.tries(lab.UserPIN, 3, 10)
	m.tries(lab.SignaturePIN, 3, 10)
}

// TestCardKeepsItsPUK: no flag of PKCS#11 speaks of a card's own PUK, so that its tries
// are counted, shown, and never all spent without a word.
func TestCardKeepsItsPUK(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	m.env["NEW"], m.env["WRONG"] = "2468", "99999999"
	for slot, s := range cardSlots {
		m.env["PUK"] = s.puk
		file := m.file(slot+".dsc", setPIN(s.prefix))
		with := func(puk string, more ...string) []string {
			return append([]string{"apply", file, "--field", "PUK=env:" + puk, "--field", "NEW=env:NEW"}, more...)
		}
		for left := 9; left > 7; left-- {
			m.must(exitDevice, with("WRONG"), "field PUK is wrong; it is not tried again")
			m.tries(s.reference, 3, left)
		}
		// Nobody knows how many tries this card was made with.
		m.must(exitRefused, with("WRONG"), "op-02 unblock: "+slot+" slot", "earlier runs showed this token 2 wrong PUKs and none that was right since", "--spend-final-try")
		m.tries(s.reference, 3, 8)
		m.must(exitOK, []string{"tokens"}, "; PUK: 2 wrong ones in a row, as counted here")
		// Where a profile knows it, all but the last one are given.
		m.file("inscribe.toml", "[profile.ten]\ntitle = \"ten tries\"\ninherits = \"opensc\"\nfact.puk-retries = { is = 10, source = \"said to pkcs15-init\" }\n")
		for left := 7; left > 0; left-- {
			m.must(exitDevice, with("WRONG", "--profile", "ten"), "field PUK is wrong")
			m.tries(s.reference, 3, left)
		}
		m.must(exitRefused, with("WRONG", "--profile", "ten"), "9 wrong PUKs")
		m.tries(s.reference, 3, 1)
		if slot == "default" { // the right one starts the count anew
			m.must(exitOK, with("PUK", "--spend-final-try"))
			m.tries(s.reference, 3, 10)
			if o := m.run("tokens"); strings.Contains(o.stdout, "PUK: ") {
				t.Error(o)
			}
			continue
		}
		o := m.run(with("WRONG", "--spend-final-try")...)
		m.tries(s.reference, 3, 0)
		if o.code != exitDevice || !strings.Contains(o.stderr, "CKR_PIN_LOCKED") || strings.Contains(o.stderr, "with the PUK") {
			t.Error(o)
		}
		m.must(exitDevice, with("PUK", "--spend-final-try"), "the PUK is locked", "a locked PUK is for ever on most tokens")
	}
}

// TestCardBlockedOnce: a description that blocks the PIN at its end is done once, and the
// same command again finds it done without a login.
func TestCardBlockedOnce(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	args := []string{"apply", example(t, "10-block.dsc"), "--lab-ca", "--yes", "--field", "PIN_FIELD=env:CARD_PIN"}
	m.must(exitOK, args, "3 written, 0 kept")
	m.must(exitOK, args, "everything was there already, nothing to do")
	m.must(exitOK, []string{"verify", args[1], "--lab-ca", "--field", "PIN_FIELD=env:CARD_PIN"})
	// Elsewhere, where no run is known, nobody is told to unblock it.
	m.must(exitRefused, append(args, "--state", m.dir+"/other"), "the PIN is locked", "this description blocks the PIN itself")
}

// TestCardTakesNoEmptyData: OpenSC creates an empty data object and cannot read it. The
// profile says so, and where nothing says so, none stays behind.
func TestCardTakesNoEmptyData(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	const text = "[Fields]\nCARD=\nDATA=\n[Description]\nPKCS11Library=yourMiddleware.dll\nPIN=CARD\nApplicationList=A\n[Application_A]\nDataObject=DATA\nLabelExpressionDataObject=d\n"
	args := func(data string) []string {
		return []string{"apply", m.file("x.dsc", text), "--field", "CARD=env:CARD_PIN", "--field", "DATA=" + data}
	}
	before := m.snapshot()
	m.must(exitRefused, args(""), "field DATA is empty", "profile opensc")
	m.must(exitRefused, append(args(""), "--dry-run"), "field DATA is empty")
	if string(m.snapshot()) != string(before) {
		t.Error("the card changed")
	}
	m.file("inscribe.toml", "[profile.wrong]\ntitle = \"empty data\"\ninherits = \"opensc\"\nfact.empty-data-objects = { is = true, source = \"a wrong guess\" }\n")
	right := m.station
	m.station = strings.Replace(m.station, `profile = "opensc"`, "", 1)
	for range 2 {
		m.must(exitDevice, append(args(""), "--profile", "wrong"), "op-03 putdata", "CKR_GENERAL_ERROR")
		if objects := m.objects("default", m.values.PIN); len(objects) > 0 {
			t.Fatalf("left behind: %v", objects)
		}
	}
	m.station = right
	m.must(exitOK, append(args("aGVsbG8="), "--abandon"), "1 written")
}
