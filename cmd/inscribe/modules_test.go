//go:build cgo && linux

package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	texttemplate "text/template"
	"time"

	"inscribe/check/profile"
	"inscribe/internal/golden"
	"inscribe/plan"
)

// moduleColumn is a column of docs/modules.md.
type moduleColumn struct {
	name, profile, started string
	// durable says that a kill in the middle of a write takes nothing but the write.
	// SoftHSM2 and openCryptoki write their files in place.
	durable bool
	lab     func(testing.TB) *testLab
}

var modules = []moduleColumn{
	{"SoftHSM2", "softhsm", "Two tokens in a folder.", false, softHSMLab},
	{"SoftHSM2 by p11-kit", "softhsm", "The same behind `p11-kit server`, in another process, reached with `p11-kit-client.so`. It passes on only the mechanisms that p11-kit knows.", true, p11kitLab},
	{"openCryptoki", "opencryptoki", "The software token, with `pkcsslotd`.", false, openCryptokiLab},
	{"NSS softokn", "nss", "Two databases that `certutil -N` made, with a PIN each; `init` in `station.toml` names them.", true, nssLab},
	{"tpm2-pkcs11", "tpm2", "Two tokens on one TPM, simulated by `swtpm`, behind the resource manager `tpm2-abrmd`.", true, tpmLab},
	{"OpenSC with a MyEID card", "opensc", "One card with a true signature slot, emulated, in a reader of `pcscd`. `hook.initialise` in `station.toml` makes it from a blank one with `pkcs15-init`; a profile of `inscribe.toml` that inherits from `opensc` says so, with `init-by-hook`.", true, cardLab},
}

// task is a row: a description, what it is run with, and how another program
// sees what it did.
type task struct {
	row  string
	file string // a published example, or else:
	text string
	args []string
	// token is the slot whose fresh token the run is for.
	token string
	// sets are the secrets that hold afterwards.
	sets  map[string]string
	again bool // everything is there already
	alone bool // without the spy, which can hide what a module does
	hook  bool // with a profile that leaves it to the station's command
	// entries is how many certificates and keys the list holds.
	entries int
	done    func(l *testLab) error
}

const (
	head       = "[Fields]\nPIN=\nCERT=\nPUK=\n[Description]\nPKCS11Library=yourMiddleware.dll\n"
	oneApp     = head + "ApplicationList=A\nPIN=PIN\n[Application_A]\n"
	rsaKey     = oneApp + "KeySize=2048\nCertTempl=rsa\n"
	rsa4096Key = oneApp + "KeySize=4096\nCertTempl=rsa4096\n"
	ecKey      = oneApp + "KeyType=EC\nECCurve=P-256\nCertTempl=ec\n"
	edwardsKey = oneApp + "KeyType=EC\nECCurve=Ed25519\nCertTempl=edwards\n"
	givenCert  = oneApp + "WriteCertificate=true\nCertificate=CERT\nKeyLabel=#given\n"
	dataObject = oneApp + "DataObject=CERT\nLabelExpressionDataObject=plain\nAttributesDataObject=CKA_PRIVATE=TRUE\n"
	initSign   = head + "InitToken=true\nInitialPUK=PUK\nInitialLabel=#SIGN\nSetPIN=true\nPIN=PIN\n"
	initByHook = "[Fields]\nSO=\nPIN=\nPUK=\nSIGN_PIN=\nSIGN_PUK=\n[Description]\nPKCS11Library=yourMiddleware.dll\nInitToken=true\nInitialLabel=#My Token Label\nSetPIN=true\n" +
		"InitialPUK=SO\nPUK=PUK\nPIN=PIN\nInitialSignPUK=SIGN_PUK\nSignPIN=SIGN_PIN\n"
	newPUK = "[Fields]\nPUK=\nNEW_PUK=\nPIN=\n[Description]\nPKCS11Library=yourMiddleware.dll\nSetPIN=true\nInitialPUK=PUK\nPUK=NEW_PUK\nPIN=PIN\n"
)

var initByHookFields = []string{"--field", "SO=env:SO_PIN", "--field", "PIN=env:PIN", "--field", "PUK=env:PUK", "--field", "SIGN_PIN=env:SIGN_PIN", "--field", "SIGN_PUK=env:SIGN_PUK"}

var pinField = []string{"--field", "PIN=env:PIN"}

var tasks = []task{
	{row: "initialise a fresh token: label, SO PIN, first PIN", file: "09-initialise.dsc", token: plan.Default,
		args: []string{"--field", "PIN_FIELD=env:PIN", "--field", "PUK_FIELD=env:PUK"}, done: opened("PIN", plan.Default)},
	{text: initSign, token: plan.Signature, args: []string{"--field", "PIN=env:SIGN_PIN", "--field", "PUK=env:SIGN_PUK"}, done: opened("SIGN_PIN", plan.Signature)},
	{row: "initialise a blank card by the station's command: label, SO PIN, PIN and PUK of both slots", text: initByHook, token: plan.Default, hook: true,
		args: initByHookFields, done: all(opened("PIN", plan.Default), opened("SIGN_PIN", plan.Signature))},
	{row: "an RSA key of 2048 bits with its certificate", text: rsaKey, args: pinField, done: paired("PIN", plan.Default, "rsa")},
	{row: "the same once more: everything is kept", text: rsaKey, args: pinField, again: true, done: paired("PIN", plan.Default, "rsa")},
	{text: rsaKey, args: pinField, again: true, alone: true},
	{text: strings.ReplaceAll(rsaKey, "=rsa", "=alone"), args: pinField, alone: true, done: paired("PIN", plan.Default, "alone")},
	{row: "an RSA key of 4096 bits", text: rsa4096Key, args: pinField, done: paired("PIN", plan.Default, "rsa4096")},
	{row: "a key on P-256", text: ecKey, args: pinField, done: paired("PIN", plan.Default, "ec")},
	{row: "a key on Ed25519", text: edwardsKey, args: pinField, done: paired("PIN", plan.Default, "edwards")},
	{row: "keys in both slots, a field decides for one", file: "06-signature-slot.dsc",
		args: []string{"--field", "PIN=env:PIN", "--field", "SIGN_PIN=env:SIGN_PIN", "--field", "LOCATION_FIELD=Signature"},
		done: all(paired("PIN", plan.Default, "myAuthCertTemplate"), paired("SIGN_PIN", plan.Signature, "myAuthCertTemplate"), paired("SIGN_PIN", plan.Signature, "mySigCertTemplate"))},
	{row: "change the PIN by the old one", file: "02-change-pin.dsc", args: []string{"--answer", "PIN.old=env:PIN", "--answer", "PIN=env:OTHER_PIN"},
		sets: map[string]string{"PIN": "24681357"}, done: opened("PIN", plan.Default)},
	{row: "change the PIN of the signature slot", file: "08-change-signature-pin.dsc", args: []string{"--answer", "SignPIN.old=env:SIGN_PIN", "--answer", "SignPIN=env:OTHER_PIN"},
		sets: map[string]string{"SIGN_PIN": "24681357"}, done: opened("SIGN_PIN", plan.Signature)},
	{row: "change PUK and PIN of the signature slot", file: "07-change-signature-puk.dsc",
		args: []string{"--field", "OLD_SIGN_PUK=env:SIGN_PUK", "--field", "NEW_SIGN_PUK=env:OTHER_PUK", "--field", "NEW_SIGN_PIN=env:NEXT_PIN"},
		sets: map[string]string{"SIGN_PUK": "12348765", "SIGN_PIN": "135790"}, done: opened("SIGN_PIN", plan.Signature)},
	{row: "set a forgotten PIN under the PUK", file: "01-set-pin.dsc", args: []string{"--field", "PUKField=env:PUK", "--answer", "PIN=env:NEXT_PIN"},
		sets: map[string]string{"PIN": "135790"}, done: opened("PIN", plan.Default)},
	{text: newPUK, args: []string{"--field", "PUK=env:PUK", "--field", "NEW_PUK=env:EXAMPLE_PUK", "--field", "PIN=env:PIN"},
		sets: map[string]string{"PUK": "12345678"}, done: opened("PIN", plan.Default)},
	{row: "PIN and PUK under the old PUK, as literals", file: "10-unblock.dsc", sets: map[string]string{"PUK": "13579", "PIN": "123456"}, done: opened("PIN", plan.Default)},
	{row: "write a given certificate", text: givenCert, args: []string{"--field", "PIN=env:PIN", "--field", "CERT=file:$DIR/given.b64"},
		done: func(l *testLab) error { return l.certified("PIN", plan.Default, "given", "CN=Given") }},
	{row: "write certificates and private keys", file: "11-write-certificates.dsc", entries: 2,
		args: []string{"--field", "PIN_FIELD=env:PIN", "--field", "CERT_FIELD=file:$DIR/second.b64", "--field", "ENCR_CERT_KEY_LIST=file:$DIR/list.b64"},
		done: all(func(l *testLab) error { return l.certified("PIN", plan.Default, "CN=Second", "CN=Second") }, paired("PIN", plan.Default, "CN=Listed"))},
	{row: "write a data object", text: dataObject, args: []string{"--field", "PIN=env:PIN", "--field", "CERT=aGVsbG8="}, done: content("plain")},
	{row: "write a data object with an object identifier", file: "12-data-object.dsc", args: []string{"--field", "PIN_FIELD=env:PIN", "--field", "OBJECT_DATA=aGVsbG8=", "--field", "USER_NAME=Ada"},
		done: content("Issued for Ada")},
	{row: "list the serial numbers of all tokens", file: "13-list-cards.dsc", done: (*testLab).serials},
	{row: "initialise the token again", file: "09-initialise.dsc", args: []string{"--field", "PIN_FIELD=env:PIN", "--field", "PUK_FIELD=env:PUK", "--yes"},
		done: all(opened("PIN", plan.Default), func(l *testLab) error {
			out, err := l.on(l.labels[plan.Default], l.secrets["PIN"], "--list-objects")
			if err == nil && len(parseObjects(string(out))) > 0 {
				return fmt.Errorf("something is left:\n%s", out)
			}
			return err
		})},
	{row: "block the card", file: "10-block.dsc", args: []string{"--field", "PIN_FIELD=env:PIN", "--existing", "add", "--yes"},
		done: func(l *testLab) error {
			if _, err := l.on(l.labels[plan.Default], l.secrets["PIN"], "--list-objects"); err == nil || !strings.Contains(err.Error(), "CKR_PIN_LOCKED") {
				return fmt.Errorf("the PIN is not locked: %v", err)
			}
			return nil
		}},
}

func opened(secret, slot string) func(*testLab) error {
	return func(l *testLab) error { return l.opens(l.labels[slot], l.secrets[secret]) }
}

func paired(secret, slot, label string) func(*testLab) error {
	return func(l *testLab) error { return l.pair(l.labels[slot], l.secrets[secret], label) }
}

func content(label string) func(*testLab) error {
	return func(l *testLab) error {
		out, err := l.on(l.labels[plan.Default], l.secrets["PIN"], "--read-object", "--type", "data", "--label", label)
		if err == nil && string(out) != "hello" {
			return fmt.Errorf("the data object holds %q", out)
		}
		return err
	}
}

// serials demands the serial numbers that pkcs11-tool shows, or those of NSS, which
// it cannot load.
func (l *testLab) serials() error {
	want := []string{"0000000000000000", "0000000000000000"}
	if l.certutil == nil {
		out, err := l.tool("--list-slots").Output()
		if err != nil {
			return err
		}
		want = nil
		for _, m := range serialNumber.FindAllStringSubmatch(string(out), -1) {
			want = append(want, m[1])
		}
		if l.profile == "opensc" { // its two slots are one card
			want = slices.Compact(want)
		}
	}
	if got := "ICCSNS_OF_ALL_TOKEN=" + strings.Join(want, ","); !strings.Contains(l.last.stdout, got+"\n") {
		return fmt.Errorf("want %s, have %s", got, l.last.stdout)
	}
	return nil
}

var serialNumber = regexp.MustCompile(`(?m)^\s+serial num\s+: (\S+)$`)

func all(checks ...func(*testLab) error) func(*testLab) error {
	return func(l *testLab) error {
		for _, check := range checks {
			if err := check(l); err != nil {
				return err
			}
		}
		return nil
	}
}

// pair demands one private key and one certificate of a label, which belong
// together.
func (l *testLab) pair(token, pin, label string) error {
	der, id, err := l.certificate(token, pin, label)
	if err != nil {
		return err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &spki); err != nil {
		return err
	}
	sum := sha1.Sum(spki.Key.Bytes)
	want := hex.EncodeToString(sum[:])
	keys, err := l.private(token, pin, label)
	if err != nil {
		return err
	}
	if !slices.Equal(keys, []string{want}) || id != "" && id != want {
		return fmt.Errorf("the private keys %q of %s are %v and the certificate is %s; its key makes %s", label, token, keys, id, want)
	}
	return nil
}

func (l *testLab) certified(secret, slot, label, subject string) error {
	der, _, err := l.certificate(l.labels[slot], l.secrets[secret], label)
	if err != nil {
		return err
	}
	cert, err := x509.ParseCertificate(der)
	if err == nil && cert.Subject.String() != subject {
		err = fmt.Errorf("the certificate %q is for %s", label, cert.Subject)
	}
	return err
}

// cell is one answer of the table.
type cell struct {
	word   string // "works", "refused", "fails", "-"
	reason string
}

// TestModules runs the tasks on every module, each through a spy, and holds
// docs/modules.md against what came of it.
func TestModules(t *testing.T) {
	var mu sync.Mutex
	found := map[string]map[string]cell{}
	t.Run("on", func(t *testing.T) {
		for _, m := range modules {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				l := m.lab(t)
				l.profile = m.profile
				cells := l.all(t)
				mu.Lock()
				defer mu.Unlock()
				found[m.name] = cells
			})
		}
	})
	if t.Failed() || len(found) < len(modules) {
		return // a part of them, by -run, makes no page
	}
	page := modulesPage(t, found)
	golden.Is(t, "../../docs/modules.md", string(page))
}

// all runs all tasks and gives the cells by row.
func (l *testLab) all(t *testing.T) map[string]cell {
	l.secrets["OTHER_PIN"], l.secrets["NEXT_PIN"] = "24681357", "135790"
	l.secrets["OTHER_PUK"], l.secrets["EXAMPLE_PUK"] = "12348765", "12345678"
	given, _ := makeCertificate(t, "Given")
	second, _ := makeCertificate(t, "Second")
	listed, key := makeCertificate(t, "Listed")
	l.file("given.b64", given)
	l.file("second.b64", second)
	l.file("list.b64", listed+","+key)
	cells := map[string]cell{}
	for i, task := range tasks {
		if task.token != "" && l.fresh[task.token] == "" && task.row == "" {
			continue
		}
		name := cmp.Or(task.row, fmt.Sprintf("in between %d", i))
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			l.TB = t
			c := l.do(task, i)
			t.Logf("%s %s (%v)", c.word, c.reason, time.Since(begin).Round(time.Millisecond))
			if task.row != "" {
				cells[task.row] = c
			}
		})
	}
	l.TB = t
	l.listed()
	return cells
}

// listed demands that the tokens command finds the token, and says what is
// missing where a module gets no text at its start.
func (l *testLab) listed() {
	l.Helper()
	station := l.station("")
	if o := l.run("tokens"); o.code != exitOK || !strings.Contains(o.stdout, fmt.Sprintf("token %q", l.labels[plan.Default])) {
		l.Errorf("tokens: %s", o)
	}
	if l.init == "" {
		return
	}
	raw, err := os.ReadFile(station)
	if err != nil {
		l.Fatal(err)
	}
	l.file("station.toml", strings.ReplaceAll(string(raw), "\ninit =", "\n# init ="))
	if o := l.run("tokens"); o.code != exitDevice || !strings.Contains(o.stderr, "give it with init in station.toml") {
		l.Errorf("without init: %s", o)
	}
}

// do runs one task: check, plan, apply.
func (l *testLab) do(task task, n int) cell {
	l.Helper()
	kind := l.profile
	if task.hook {
		if kind = l.hooked; kind == "" {
			return cell{word: "-"}
		}
	}
	path := l.file(fmt.Sprintf("task-%d.dsc", n), task.text)
	if task.file != "" {
		path = example(l, task.file)
	}
	spy := filepath.Join(l.dir, fmt.Sprintf("spy-%d", n))
	events := filepath.Join(l.dir, fmt.Sprintf("events-%d", n))
	if task.alone {
		spy = ""
	}
	l.station(spy)
	if o := l.run("check", path); o.code != exitOK {
		l.Fatalf("check: %s", o)
	}
	report := filepath.Join(l.dir, fmt.Sprintf("report-%d", n))
	args := []string{"apply", path, "--allow-spy", "--lab-ca", "--events", events, "--report", report}
	var fields []string
	for i, a := range task.args {
		a = strings.ReplaceAll(a, "$DIR", l.dir)
		args = append(args, a)
		if i > 0 && task.args[i-1] == "--field" {
			fields = append(fields, "--field", a)
		}
	}
	planned := l.run(append([]string{"plan", path, "--format", "json", "--profile", kind}, fields...)...)
	var p plan.Plan
	if err := json.Unmarshal([]byte(planned.stdout), &p); err != nil {
		l.Fatalf("plan: %v %s", err, planned)
	}
	if (planned.code == exitRefused) != (len(p.Refusals) > 0) || planned.code != exitOK && planned.code != exitRefused {
		l.Fatalf("plan: %s", planned)
	}
	if fresh := l.fresh[task.token]; fresh != "" {
		args = append(args, "--token", fresh)
	}
	if task.hook {
		args = append(args, "--profile", kind, "--yes")
	}
	o := l.run(args...)
	var made []spied
	if !task.alone {
		var err error
		if made, err = readSpy(spy); err != nil {
			l.Fatalf("apply: %v %s", err, o)
		}
	}
	if o.code == exitRefused {
		if len(made) > 0 {
			l.Errorf("a refused run makes the call %v", made[0])
		}
		if len(p.Refusals) == 0 {
			return cell{"refused", reasonOf(o.stderr) + " (seen at the token, before the first write)"}
		}
		var reasons []string
		for _, r := range p.Refusals {
			reasons = append(reasons, r.Reason)
		}
		return cell{"refused", strings.Join(reasons, "; ")}
	}
	if len(p.Refusals) > 0 {
		l.Fatalf("a plan with refusals is run: %s", o)
	}
	raw, err := os.ReadFile(events)
	if err != nil {
		l.Fatalf("apply: %v %s", err, o)
	}
	if err := fidelity(p.Ops, parseEvents(l, string(raw)), made, task.entries); err != nil && !task.alone {
		l.Errorf("the calls are not the plan's: %v\nall calls: %v\n%s", err, made, o)
	}
	l.last = o
	if o.code != exitOK {
		l.Errorf("a plan that is proved fails at the token: %s", o)
		return cell{"fails", reasonOf(o.stderr)}
	}
	if raw, err := os.ReadFile(report); err != nil || !strings.Contains(string(raw), fmt.Sprintf("%q: %q", "profile", kind)) {
		l.Errorf("the profile is not %s: %v\n%s", kind, err, raw)
	}
	if nothing := strings.Contains(o.stdout, "nothing to do"); nothing != task.again {
		l.Errorf("everything was there already: %v\n%s", nothing, o)
	}
	for name, value := range task.sets {
		l.secrets[name] = value
	}
	if task.done != nil {
		if err := task.done(l); err != nil {
			l.Errorf("another program does not find it: %v", err)
		}
	}
	return cell{word: "works"}
}

// TestFactorySOPIN: openCryptoki's fresh token is not shown a SO PIN that is not
// its vendor's.
func TestFactorySOPIN(t *testing.T) {
	t.Parallel()
	l := openCryptokiLab(t)
	l.profile, l.secrets["PUK"] = "opencryptoki", "12348765"
	l.station(filepath.Join(l.dir, "spy"))
	o := l.run("apply", example(t, "09-initialise.dsc"), "--allow-spy", "--token", "fresh", "--field", "PIN_FIELD=env:PIN", "--field", "PUK_FIELD=env:PUK")
	if o.code != exitRefused || !strings.Contains(o.stderr, "give 87654321") {
		t.Error(o)
	}
	if made, err := readSpy(filepath.Join(l.dir, "spy")); err != nil || len(made) > 0 {
		t.Errorf("calls %v, %v", made, err)
	}
}

// TestReadOnlyToken: p11-kit's store of trusted certificates takes nothing.
func TestReadOnlyToken(t *testing.T) {
	t.Parallel()
	l := newTestLab(t)
	l.module, l.profile = library(t, "pkcs11/p11-kit-trust.so"), "generic"
	l.station(filepath.Join(l.dir, "spy"))
	o := l.run("apply", l.file("x.dsc", rsaKey), "--allow-spy", "--lab-ca", "--token", "System Trust", "--field", "PIN=env:PIN")
	if o.code != exitRefused {
		t.Error(o)
	}
	if made, err := readSpy(filepath.Join(l.dir, "spy")); err != nil || len(made) > 0 {
		t.Errorf("calls %v, %v", made, err)
	}
}

var messageStart = regexp.MustCompile(`(?m)^inscribe: (op-\d+ \w+: )?(\w+ slot(, token "[^"]*"( \(serial [^)]*\))?)?: )?(.*)$`)

// reasonOf is the message of an error, without what is another one in each run.
func reasonOf(stderr string) string {
	m := messageStart.FindStringSubmatch(stderr)
	if m == nil {
		return stderr
	}
	return m[5]
}

// makeCertificate makes a certificate and its key, each as base64.
func makeCertificate(t testing.TB, name string) (cert, key string) {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der), base64.StdEncoding.EncodeToString(pkcs8)
}

//go:embed testdata/modules.tmpl
var modulesTemplate string

// modulesPage writes docs/modules.md.
func modulesPage(t *testing.T, found map[string]map[string]cell) []byte {
	t.Helper()
	type column struct {
		Name, Started, Profile, Notes string
		Reasons                       []string
	}
	var data struct {
		Head, Rule string
		Rows       []string
		Modules    []column
	}
	for _, m := range modules {
		data.Head += " " + m.name + " |"
		data.Rule += "---|"
	}
	reasons := map[string][]string{}
	for _, task := range tasks {
		if task.row == "" {
			continue
		}
		line := "| " + task.row + " |"
		if task.file != "" {
			line = fmt.Sprintf("| [%s](../testdata/examples/%s) |", task.row, task.file)
		}
		for _, m := range modules {
			c := found[m.name][task.row]
			line += " " + c.word
			if c.reason != "" {
				list := reasons[m.name]
				i := slices.Index(list, c.reason)
				if i < 0 {
					i = len(list)
					reasons[m.name] = append(list, c.reason)
				}
				line += fmt.Sprintf(" %d", i+1)
			}
			line += " |"
		}
		data.Rows = append(data.Rows, line)
	}
	for _, m := range modules {
		p := profile.Lookup(m.profile)
		data.Modules = append(data.Modules, column{m.name, m.started, p.Name, p.Notes, reasons[m.name]})
	}
	var b bytes.Buffer
	funcs := texttemplate.FuncMap{"inc": func(i int) int { return i + 1 }}
	if err := texttemplate.Must(texttemplate.New("").Funcs(funcs).Parse(modulesTemplate)).Execute(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
