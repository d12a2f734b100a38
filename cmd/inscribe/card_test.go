//go:build cgo && linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/internal/vcard"
	"inscribe/internal/vcard/lab"
	"inscribe/internal/vcard/myeid"
)

// The tests of the files card*_test.go run on one emulated card with a true
// signature slot: one serial number, two slots, two PINs, two counters, behind
// pcscd and OpenSC.

// cardStation finds the two slots of the card by their labels, which OpenSC makes
// of the card's and the PIN's.
const cardStation = `[middleware."yourMiddleware.dll"]
module = "` + lab.OpenSC + `"
profile = "opensc"
default.token = "LAB (User PIN)"
signature.token = "LAB (Signature PIN)"
[ca.lab]
type = "embedded"
dir = "ca"
`

// cardMachine is a machine with such a card.
type cardMachine struct {
	*machine
	*lab.Lab
	values lab.Values
}

// newCard makes a machine with a personalised card.
func newCard(t testing.TB) *cardMachine {
	t.Helper()
	m := newBlankCard(t)
	if err := m.Personalise(0, m.values); err != nil {
		t.Fatal(err)
	}
	return m
}

// newBlankCard makes a machine with a card as it is delivered.
func newBlankCard(t testing.TB) *cardMachine {
	t.Helper()
	return newBlankCards(t, 1)
}

// newBlankCards makes a machine with as many cards, each in a reader.
func newBlankCards(t testing.TB, cards int) *cardMachine {
	t.Helper()
	m := &cardMachine{machine: &machine{TB: t, dir: t.TempDir(), moduleEnv: map[string]string{}, library: lab.OpenSC}, values: lab.DefaultValues()}
	m.station = strings.Replace(cardStation, `"ca"`, fmt.Sprintf("%q", filepath.Join(m.dir, "ca")), 1)
	m.env = environment(m.dir)
	delete(m.env, "SOFTHSM2_CONF")
	labDir := filepath.Join(m.dir, "lab")
	if err := os.Mkdir(labDir, 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if m.Lab, err = lab.Start(labDir, cards); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Lab.Close)
	for _, v := range m.Lab.Env() {
		name, value, _ := strings.Cut(v, "=")
		m.env[name] = value
	}
	maps.Copy(m.env, map[string]string{"CARD_PIN": m.values.PIN, "CARD_PUK": m.values.PUK, "SIGN_PIN": m.values.SignPIN, "SIGN_PUK": m.values.SignPUK})
	return m
}

func (m *cardMachine) card() *myeid.Card     { return m.Cards[0] }
func (m *cardMachine) reader() *vcard.Reader { return m.Readers[0] }

// tool runs a program of OpenSC, which shares no code with Inscribe.
func (m *cardMachine) tool(name string, args ...string) (string, error) {
	c := osexec.Command(name, args...)
	c.Env = append(append(os.Environ(), m.Lab.Env()...), "LC_ALL=C")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", name, err, stderr.Bytes())
	}
	return string(out), nil
}

// slots are the labels of the card's slots, and the PIN that the tests begin with.
func (m *cardMachine) slot(name string) (label string) {
	if name == "signature" {
		return m.values.Label + " (" + m.values.SignPINLabel + ")"
	}
	return m.values.Label + " (" + m.values.PINLabel + ")"
}

// objects lists a slot with pkcs11-tool.
func (m *cardMachine) objects(slot, pin string) []object {
	m.Helper()
	out, err := m.tool("pkcs11-tool", "--module", lab.OpenSC, "--token-label", m.slot(slot), "--login", "--pin", pin, "--list-objects")
	if err != nil {
		m.Fatal(err)
	}
	return parseObjects(out)
}

// holds demands numbers of objects in a slot.
func (m *cardMachine) holds(slot, pin string, private, public, cert int) []object {
	m.Helper()
	objects := m.objects(slot, pin)
	if count(objects, "private") != private || count(objects, "public") != public || count(objects, "cert") != cert {
		m.Fatalf("the %s slot holds other than %d private and %d public keys and %d certificates:\n%v", slot, private, public, cert, objects)
	}
	return objects
}

// opened demands that a PIN opens a slot, or does not. A wrong one costs a try.
func (m *cardMachine) opened(want bool, slot, pin string) {
	m.Helper()
	_, err := m.tool("pkcs11-tool", "--module", lab.OpenSC, "--token-label", m.slot(slot), "--login", "--pin", pin, "--list-objects")
	if err != nil && !strings.Contains(err.Error(), "CKR_PIN_INCORRECT") && !strings.Contains(err.Error(), "CKR_PIN_LOCKED") {
		m.Fatal(err)
	}
	if (err == nil) != want {
		m.Errorf("%s opens the %s slot: %v", pin, slot, err == nil)
	}
}

// tries demands that a PIN has so many tries left, and its PUK.
func (m *cardMachine) tries(reference byte, pin, puk int) {
	m.Helper()
	if gotPIN, gotPUK := m.card().Tries(reference); gotPIN != pin || gotPUK != puk {
		m.Errorf("PIN %d has %d tries left and its PUK %d, want %d and %d", reference, gotPIN, gotPUK, pin, puk)
	}
}

// entry is an object as the card itself tells of it, by pkcs15-tool.
type entry struct{ kind, label, id, auth string }

// entries lists keys and certificates with pkcs15-tool.
func (m *cardMachine) entries() []entry {
	m.Helper()
	out, err := m.tool("pkcs15-tool", "--list-keys", "--list-public-keys", "--list-certificates")
	if err != nil {
		m.Fatal(err)
	}
	kinds := []string{"Private RSA Key", "Private EC Key", "Public RSA Key", "Public EC Key", "X.509 Certificate"}
	var entries []entry
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		head, label, isHead := strings.Cut(strings.TrimSuffix(line, "]"), " [")
		if isHead && slices.Contains(kinds, head) {
			entries = append(entries, entry{kind: head, label: label})
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || len(entries) == 0 {
			continue
		}
		switch e := &entries[len(entries)-1]; strings.TrimSpace(name) {
		case "ID":
			e.id = strings.TrimSpace(value)
		case "Auth ID":
			e.auth = strings.TrimSpace(value)
		}
	}
	return entries
}

// pair demands one key pair and one certificate of a label behind a PIN of the
// card, that belong together and to the CA.
func (m *cardMachine) pair(auth, label, key string) {
	m.Helper()
	entries := m.entries()
	only := func(what string, is func(entry) bool) entry {
		m.Helper()
		i := slices.IndexFunc(entries, is)
		if i < 0 || slices.ContainsFunc(entries[i+1:], is) {
			m.Fatalf("there is not one %s of the label %q behind PIN %s:\n%v", what, label, auth, entries)
		}
		return entries[i]
	}
	// The card guards the private key alone; the others go with it by their id.
	private := only("private key", func(e entry) bool { return e.kind == "Private "+key && e.label == label && e.auth == auth })
	public := only("public key", func(e entry) bool { return e.kind == "Public "+key && e.id == private.id })
	cert := only("certificate", func(e entry) bool { return e.kind == "X.509 Certificate" && e.id == private.id })
	if public.label != label || cert.label != label {
		m.Errorf("the labels are %q and %q, want %q", public.label, cert.label, label)
	}
	pem, err := m.tool("pkcs15-tool", "--read-certificate", cert.id)
	if err != nil {
		m.Fatal(err)
	}
	onCard, err := m.tool("pkcs15-tool", "--read-public-key", private.id)
	if err != nil {
		m.Fatal(err)
	}
	certified, err := openssl([]byte(pem), "x509", "-noout", "-pubkey")
	if err != nil {
		m.Fatal(err)
	}
	if certified, err = openssl(certified, "pkey", "-pubin", "-outform", "DER"); err != nil {
		m.Fatal(err)
	}
	held, err := openssl([]byte(onCard), "pkey", "-pubin", "-outform", "DER")
	if err != nil {
		m.Fatal(err)
	}
	if !bytes.Equal(certified, held) {
		m.Errorf("the certificate %q is for another key than the card holds", label)
	}
}

// cardFields are the values of the example of the signature slot.
var cardFields = []string{"--field", "PIN=env:CARD_PIN", "--field", "SIGN_PIN=env:SIGN_PIN"}

// TestCardSignatureSlot issues keys and certificates in both slots of one card.
func TestCardSignatureSlot(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	m.must(0, []string{"check", example(t, "06-signature-slot.dsc")})
	m.must(0, []string{"plan", example(t, "06-signature-slot.dsc")}, "profile opensc", "Plan: 3 keys, 3 certificates")
	apply := append([]string{"apply", example(t, "06-signature-slot.dsc"), "--field", "LOCATION_FIELD=Signature", "--lab-ca"}, cardFields...)
	m.must(0, apply, "6 written, 0 kept", `default    token "LAB (User PIN)"`, `signature  token "LAB (Signature PIN)"`)
	check := func() {
		m.holds("default", "1234", 1, 1, 1)
		m.holds("signature", "5678", 2, 2, 2)
		m.pair("01", "myAuthCertTemplate", "RSA Key")
		m.pair("02", "myAuthCertTemplate", "RSA Key")
		m.pair("02", "mySigCertTemplate", "RSA Key")
		m.tries(lab.UserPIN, 3, 10)
		m.tries(lab.SignaturePIN, 3, 10)
	}
	check()
	m.must(0, apply, "nothing to do", "skipped: the key is there already")
	check()

	// Each PIN opens its own slot and not the other one.
	m.opened(false, "default", "5678")
	m.opened(false, "signature", "1234")
}

// TestCardIsOneLock runs on one slot of a card: meanwhile nobody logs in to the other,
// of whatever state folder.
func TestCardIsOneLock(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	x := m.file("x.dsc", "[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\nPIN=!FROM_USER_DIALOG_1_FIELD\n\n[Application_A]\nECCurve=P-256\nCertTempl=auth\n")
	term := m.onTerminal("apply", x, "--lab-ca")
	term.expect("PIN")
	look := []string{"tokens", "--module", lab.OpenSC, "--token", m.slot("signature"), "--pin", "env:SIGN_PIN"}
	m.must(exitRefused, look, "another inscribe is at work on this token")
	other := []string{"--state", m.dir + "/other user"}
	m.must(exitRefused, append(look, other...), "another inscribe is at work on this token, as process ")
	m.must(exitRefused, append([]string{"apply", x, "--lab-ca", "--answer", "PIN=env:CARD_PIN"}, other...), "another inscribe is at work on this token, as process ")
	term.enter("1234")
	if o := term.ends(); o.code != exitOK {
		t.Fatal(o)
	}
	m.holds("default", "1234", 1, 1, 1)
}
