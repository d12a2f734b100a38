//go:build cgo && linux

package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"inscribe/exec"
)

// tale is a run that the torture disturbs.
type tale struct {
	name string
	// example is the file of testdata/examples; edits are pairs of old and new
	// text in it.
	example string
	edits   []string
	args    []string
	env     map[string]string
	// files are written into the machine's folder.
	files func(m *machine) map[string]string
	// pins are the user PINs by token label, at the end.
	pins map[string]string
	// opens are the values that open a token at the end, and those that do not.
	opens []opening
	// any says that a list leaves out what does not fit; the next run writes it.
	any bool
	// spends is how many wrong PINs the torn change of a PIN may cost.
	spends int
	// puk is the pair of fields, old and new, whose change leaves the operator to
	// find out which PUK holds.
	puk [2]string
}

type opening struct {
	want             bool
	token, user, pin string
}

// Every key is on a curve, because the torture is long and RSA is slow.
var onCurve = []string{"KeySize=2048", "ECCurve=P-256"}

// fromLibrary makes the edits that put the library of station.toml into a description.
func fromLibrary(name string) []string {
	return []string{"PKCS11Library=" + name, "PKCS11Library=yourMiddleware.dll"}
}

// tales are the examples that can be run on SoftHSM2.
var tales = []tale{
	{
		name: "set the PIN by the PUK", example: "01-set-pin.dsc", edits: fromLibrary("cvP11.dll"),
		args:  []string{"--field", "PUKField=env:CARD_PUK", "--answer", "PIN=env:NEW_PIN"},
		env:   map[string]string{"NEW_PIN": "9988"},
		pins:  map[string]string{"CARD": "9988", "SIGN": "5678"},
		opens: []opening{{true, "CARD", "so", "11112222"}, {false, "CARD", "user", "1234"}},
	},
	{
		name: "change the PIN", example: "02-change-pin.dsc", edits: fromLibrary("cvP11.dll"),
		args: []string{"--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:NEW_PIN"},
		env:  map[string]string{"NEW_PIN": "9988"},
		pins: map[string]string{"CARD": "9988", "SIGN": "5678"}, spends: 1,
		opens: []opening{{false, "CARD", "user", "1234"}},
	},
	{
		name: "three keys, two slots", example: "06-signature-slot.dsc", edits: onCurve,
		args: []string{"--field", "PIN=env:CARD_PIN", "--field", "SIGN_PIN=env:SIGN_PIN", "--field", "LOCATION_FIELD=Signature"},
		pins: map[string]string{"CARD": "1234", "SIGN": "5678"},
	},
	{
		name: "change the signature PUK", example: "07-change-signature-puk.dsc",
		args:  []string{"--field", "OLD_SIGN_PUK=env:OLD_PUK", "--field", "NEW_SIGN_PUK=env:NEW_PUK", "--field", "NEW_SIGN_PIN=env:NEW_PIN"},
		env:   map[string]string{"OLD_PUK": "33334444", "NEW_PUK": "55556666", "NEW_PIN": "9988"},
		pins:  map[string]string{"CARD": "1234", "SIGN": "9988"},
		opens: []opening{{true, "SIGN", "so", "55556666"}, {false, "SIGN", "so", "33334444"}, {false, "SIGN", "user", "5678"}},
		puk:   [2]string{"OLD_PUK", "NEW_PUK"},
	},
	{
		name: "change the signature PIN", example: "08-change-signature-pin.dsc",
		args: []string{"--answer", "SignPIN.old=env:SIGN_PIN", "--answer", "SignPIN=env:NEW_PIN"},
		env:  map[string]string{"NEW_PIN": "9988"},
		pins: map[string]string{"CARD": "1234", "SIGN": "9988"}, spends: 1,
		opens: []opening{{false, "SIGN", "user", "5678"}},
	},
	{
		name: "initialise", example: "09-initialise.dsc",
		args:  []string{"--token", "pkcs11:serial=$SERIAL", "--field", "PIN_FIELD=env:NEW_PIN", "--field", "PUK_FIELD=env:CARD_PUK"},
		env:   map[string]string{"NEW_PIN": "9988"},
		pins:  map[string]string{"My Token Label": "9988", "SIGN": "5678"},
		opens: []opening{{true, "My Token Label", "so", "11112222"}},
	},
	{
		name: "unblock", example: "10-unblock.dsc", edits: []string{"#12345678", "#11112222"},
		pins:  map[string]string{"CARD": "123456", "SIGN": "5678"},
		opens: []opening{{true, "CARD", "so", "13579"}, {false, "CARD", "so", "11112222"}, {false, "CARD", "user", "1234"}},
		puk:   [2]string{"#11112222", "#13579"},
	},
	{
		name: "certificates and a list", any: true, example: "11-write-certificates.dsc",
		args:  []string{"--field", "PIN_FIELD=env:CARD_PIN", "--field", "CERT_FIELD=file:given", "--field", "ENCR_CERT_KEY_LIST=file:list"},
		files: func(m *machine) map[string]string { return certificateList(m) },
		pins:  map[string]string{"CARD": "1234", "SIGN": "5678"},
	},
	{
		name: "a data object", example: "12-data-object.dsc",
		args: []string{"--field", "PIN_FIELD=env:CARD_PIN", "--field", "OBJECT_DATA=aGVsbG8=", "--field", "USER_NAME=Ada"},
		pins: map[string]string{"CARD": "1234", "SIGN": "5678"},
	},
	{
		name: "a card by its number", example: "13-card-by-iccsn.dsc", edits: []string{"UseICCSNwithATR=true\n", ""},
		args: []string{"--field", "ICCSN=$SERIAL", "--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:NEW_PIN"},
		env:  map[string]string{"NEW_PIN": "9988"},
		pins: map[string]string{"CARD": "9988", "SIGN": "5678"}, spends: 1,
		opens: []opening{{false, "CARD", "user", "1234"}},
	},
	{
		name: "list the cards", example: "13-list-cards.dsc",
		pins: map[string]string{"CARD": "1234", "SIGN": "5678"},
	},
}

// given is made once: openssl makes the keys of the list.
var given struct {
	sync.Once
	files map[string]string
}

// certificateList makes a certificate, and a list of two with their keys.
func certificateList(m *machine) map[string]string {
	given.Do(func() {
		der := func(name string) (cert, key string) {
			pem, err := openssl(nil, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-", "-subj", "/CN="+name, "-days", "30")
			if err != nil {
				m.Fatal(err)
			}
			base := func(args ...string) string {
				b, err := openssl(pem, args...)
				if err == nil {
					b, err = openssl(b, "base64", "-A")
				}
				if err != nil {
					m.Fatal(err)
				}
				return string(b)
			}
			return base("x509", "-outform", "DER"), base("pkcs8", "-topk8", "-nocrypt", "-outform", "DER")
		}
		cert, _ := der("Given")
		one, oneKey := der("One")
		two, twoKey := der("Two")
		given.files = map[string]string{"given": cert, "list": one + "," + oneKey + ";" + two + "," + twoKey}
	})
	return given.files
}

// place is where a tale is run: a module with its tokens.
type place interface {
	// reset gives a machine on which the tale was never run, and the command.
	reset(t *testing.T) (m *machine, args []string)
	// digest changes with what the tokens hold.
	digest(m *machine) []byte
	// settled says what the tokens hold, without what differs by chance.
	settled(m *machine) string
}

// prepared is a tale with what an undisturbed run of it does.
type prepared struct {
	tale
	place
	calls []string // all of them, in order
	state string   // what the tokens hold at the end
	seen  sync.Map // what was resumed from already
}

// prepare puts the tale on a machine and gives its command.
func (s *tale) prepare(m *machine) []string {
	m.Helper()
	b, err := os.ReadFile(example(m, s.example))
	if err != nil {
		m.Fatal(err)
	}
	text := string(b)
	if len(s.edits) > 0 {
		if text = strings.NewReplacer(s.edits...).Replace(text); text == string(b) {
			m.Fatalf("%s has not %q", s.example, s.edits)
		}
	}
	maps.Copy(m.env, s.env)
	if s.files != nil {
		for name, content := range s.files(m) {
			m.file(name, content)
		}
	}
	args := []string{"apply", m.file(s.example, text), "--yes", "--call-timeout", "30s"}
	for _, a := range s.args {
		if strings.Contains(a, "$SERIAL") {
			a = strings.ReplaceAll(a, "$SERIAL", cardSerial(m))
		}
		args = append(args, a)
	}
	return args
}

// All machines have copies of the same two tokens.
var cardSerialOnce struct {
	sync.Once
	serial string
}

func cardSerial(m *machine) string {
	cardSerialOnce.Do(func() { cardSerialOnce.serial = m.serial("CARD") })
	return cardSerialOnce.serial
}

// onSoftHSM runs a tale on two tokens of SoftHSM2.
type onSoftHSM struct{ *tale }

func (p onSoftHSM) reset(t *testing.T) (*machine, []string) {
	m := newMachine(t)
	return m, p.prepare(m)
}

func (onSoftHSM) digest(m *machine) []byte { return m.tokenFiles() }

// undisturbed runs the tale once without any fault.
func undisturbed(t *testing.T, s tale, at place) *prepared {
	t.Helper()
	p := &prepared{tale: s, place: at}
	m, args := at.reset(t)
	m.moduleEnv["SHIM_TRACE"] = m.dir + "/trace"
	m.must(exitOK, args, "Applied "+s.example)
	p.calls = m.lines("trace")
	p.state = at.settled(m)
	return p
}

// lines are the words of a file of the machine; none where there is no file.
func (m *machine) lines(name string) []string {
	m.Helper()
	b, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil && !os.IsNotExist(err) {
		m.Fatal(err)
	}
	return strings.Fields(string(b))
}

// settled says what the tokens hold, without what differs by chance: key material
// and CKA_IDs, which show only as what shares one. Each certificate must fit its
// key pair, and each PIN be what the tale says.
func (p onSoftHSM) settled(m *machine) string {
	m.Helper()
	var out []string
	for _, token := range slices.Sorted(maps.Keys(p.pins)) {
		objects, err := m.objects(token, p.pins[token])
		if err != nil {
			m.Fatal(err)
		}
		for _, o := range objects {
			var same []string
			of := map[string]object{}
			for _, other := range objects {
				if other.id == o.id && o.id != "" {
					same = append(same, other.kind)
					of[other.kind] = other
				}
			}
			slices.Sort(same)
			out = append(out, fmt.Sprintf("%s: %s %q %s (%s) %s shares its id with %v", token, o.kind, o.label, o.key, o.usage, o.access, same))
			if private, public := of["private"], of["public"]; o.kind == "cert" && private.kind != "" && public.kind != "" {
				if err := m.belong(token, p.pins[token], public.key, private, public, o); err != nil {
					m.Error(err)
				}
			}
		}
	}
	slices.Sort(out)
	for _, o := range p.opens {
		m.opened(o.want, o.token, o.user, o.pin)
	}
	return strings.Join(out, "\n")
}

// disturbance is one fault at one call.
type disturbance struct {
	*prepared
	n    int    // the call, from 1
	when string // "before", "after"; "within=US", so many microseconds after it began
	kill bool
	ckr  exec.CKR
}

// The kinds of disturbances, as the table has them.
var kinds = []string{"killed before the call", "killed after the call", "answered, not made", "made, answer lost", "killed within the call"}

func (d *disturbance) kind() string {
	k := 0
	if strings.HasPrefix(d.when, "within") {
		return kinds[4]
	}
	if d.when == "after" {
		k++
	}
	if !d.kill {
		k += 2
	}
	return kinds[k]
}

func (d *disturbance) call() string { return d.calls[d.n-1] }

func (d *disturbance) fault() string {
	if d.kill {
		return fmt.Sprintf("%d:%s:kill", d.n, d.when)
	}
	return fmt.Sprintf("%d:%s:%#x", d.n, d.when, uint64(d.ckr))
}

func (d *disturbance) String() string {
	return fmt.Sprintf("%s %s %s %s", d.name, d.call(), d.kind(), d.fault())
}

// disturbances are all that a tale has. Of a row of C_GetMechanismInfo, which asks
// for one mechanism after the other and has no state, the first and the last count.
func (p *prepared) disturbances() []*disturbance {
	codes := append(exec.CKRs(), 0x7777, exec.CKRVendorDefined+5)
	var out []*disturbance
	for i, call := range p.calls {
		row := func(j int) bool { return j >= 0 && j < len(p.calls) && p.calls[j] == call }
		if call == "C_GetMechanismInfo" && row(i-1) && row(i+1) {
			continue
		}
		for _, when := range []string{"before", "after"} {
			out = append(out, &disturbance{prepared: p, n: i + 1, when: when, kill: true})
			for _, c := range codes {
				out = append(out, &disturbance{prepared: p, n: i + 1, when: when, ckr: c})
			}
		}
	}
	return out
}

// ignored are the answers at which the run goes on, and why.
var ignored = []struct {
	call string
	ckrs []exec.CKR // nil: whatever
	why  string
}{
	{"C_GetFunctionList", nil, "the list is there: the binding asks for it a second time and does not look at the answer"},
	{"C_Finalize", nil, "all is written and read back, and the process ends"},
	{"C_CloseSession", nil, "the session is not used again; where it matters, the next call says so"},
	{"C_Logout", []exec.CKR{exec.CKRUserNotLoggedIn}, "that nobody is logged in is what it is for: some modules end all logins of a card with one"},
	{"C_GetSlotInfo", nil, "the reader's name is for messages alone"},
	{"C_GenerateKeyPair", templates(), "the token takes no CKA_ID with the template and has made nothing: it is asked again without"},
	{"C_CreateObject", unfit(), "the list may leave out what does not fit"},
	{"C_GetTokenInfo", nil, "a slot that the run does not use, or the last look, for the report"},
	{"C_GetSlotList", []exec.CKR{exec.CKRBufferTooSmall}, "a token was put in just now: the list is read again"},
	{"C_GetMechanismList", []exec.CKR{exec.CKRBufferTooSmall}, "some modules say so where the length of the list is asked for"},
	{"C_GetMechanismInfo", []exec.CKR{exec.CKRMechanismInvalid}, "modules list mechanisms that they do not know"},
	{"C_GetAttributeValue", []exec.CKR{exec.CKRAttributeSensitive, exec.CKRAttributeTypeInvalid}, "one attribute of several is not told: they are read one by one"},
}

// unfit are the answers that an object does not fit.
func unfit() []exec.CKR {
	return slices.DeleteFunc(exec.CKRs(), func(c exec.CKR) bool { return !c.Unfit() })
}

// templates are the answers that a template is not taken.
func templates() []exec.CKR {
	return slices.DeleteFunc(exec.CKRs(), func(c exec.CKR) bool { return !c.RefusesTemplate() })
}

func (d *disturbance) ignorable() bool {
	for _, i := range ignored {
		if i.call == "C_CreateObject" && !d.any {
			continue
		}
		if i.call == d.call() && (i.ckrs == nil || slices.Contains(i.ckrs, d.ckr)) {
			return true
		}
	}
	return false
}

// lies reports whether the answer says that the token does not take the new value of
// a PIN, and it was taken. No caller can see through that without a try of its own,
// and to make one after each true refusal would spend tries of honest tokens. That
// the old value is wrong is another matter: there the token contradicts itself.
func (d *disturbance) lies() bool {
	return !d.kill && d.when == "after" && d.call() == "C_SetPIN" && d.ckr.RefusesPIN() && !d.ckr.WrongPIN() && !d.ckr.Locked()
}

// run runs the case.
func (d *disturbance) run(t *testing.T) {
	m, args := d.reset(t)
	defer func() {
		if t.Failed() {
			t.Logf("%v", d)
		}
	}()
	before := d.digest(m)
	m.moduleEnv = map[string]string{"SHIM_FAULT": d.fault(), "SHIM_TRACE": m.dir + "/trace", "SHIM_WRONG": m.dir + "/wrong"}
	o := m.run(args...)
	trace := m.lines("trace")
	if len(trace) < d.n || !slices.Equal(trace[:d.n], d.calls[:d.n]) {
		t.Fatalf("the calls before the fault are others than without it: %v", trace)
	}
	if d.kill {
		if o.code != -1 && (o.code != exitOK || d.call() != "C_Finalize") {
			t.Fatalf("was not killed: %s", o)
		}
	} else {
		d.told(m, o)
	}
	journal := m.journal()
	ended := o.code == exitOK || m.ended()
	if !ended && journal == "" && bytes.Equal(before, d.digest(m)) {
		return // as if nothing had been
	}
	// Two runs that left the same behind are gone on with once.
	left := fmt.Sprint(d.n, d.when, d.kill, o.code, trace[d.n:], m.lines("wrong"), journal)
	if _, again := d.seen.LoadOrStore(left, true); again {
		return
	}
	m.moduleEnv = map[string]string{"SHIM_WRONG": m.dir + "/wrong"}
	if !ended || d.any {
		d.goOn(m, args)
	}
	if t.Failed() {
		return
	}
	if state := d.place.settled(m); state != d.state {
		t.Errorf("the tokens hold\n%s\nand would without the fault\n%s\nafter %s", state, d.state, o)
	}
	allowed := 0
	if d.window() {
		allowed = d.spends
	}
	if spent := len(m.lines("wrong")); spent > allowed {
		t.Errorf("%d wrong PINs were shown: %v", spent, m.lines("wrong"))
	}
}

// window reports whether the run was cut where nobody can know whether the PIN was
// changed: at the call itself, which the journal says is to come.
func (d *disturbance) window() bool { return d.call() == "C_SetPIN" }

// ended reports whether a run reached its end: what follows is another one.
func (m *machine) ended() bool {
	paths, err := filepath.Glob(filepath.Join(m.env["XDG_STATE_HOME"], "inscribe/runs/done/*/*.jsonl"))
	if err != nil {
		m.Fatal(err)
	}
	return len(paths) > 0
}

// goOn runs the same command again, without the fault.
func (d *disturbance) goOn(m *machine, args []string) {
	m.Helper()
	o := m.run(args...)
	if o.code == exitDevice && d.spends > 0 && d.window() && strings.Contains(o.stderr, "the same command shows the old one next") {
		// The token locks, so that one run shows one value.
		o = m.run(args...)
	}
	switch {
	case d.lies():
		if o.code != exitOK && o.code != exitDevice || len(m.lines("wrong")) > 1 {
			m.Errorf("after a lie: %s", o)
		}
		m.SkipNow()
	case d.puk[0] != "" && o.code == exitRefused && strings.Contains(o.stderr, "which one holds is not known"):
		// The operator looks which PUK opens the token, gives that one as the old
		// one, and gives the cut-off run up.
		token := "SIGN"
		if d.example == "10-unblock.dsc" {
			token = "CARD"
		}
		value := func(i int) string { return cmp.Or(m.env[d.puk[i]], strings.TrimPrefix(d.puk[i], "#")) }
		old, err := m.opens(token, "so", value(0))
		if err != nil {
			m.Fatal(err)
		}
		if !old {
			m.opened(true, token, "so", value(1))
			if m.env[d.puk[0]] != "" {
				m.env[d.puk[0]] = value(1)
			} else {
				text, err := os.ReadFile(args[1])
				if err != nil {
					m.Fatal(err)
				}
				m.file(d.example, strings.Replace(string(text), d.puk[0], d.puk[1], 1))
			}
		}
		m.must(exitOK, append(slices.Clone(args), "--abandon"))
	case o.code != exitOK:
		m.Errorf("cannot go on: %s", o)
	}
}

// told demands that the run ended with an error that says all that the operator
// needs, or was right to go on.
func (d *disturbance) told(m *machine, o outcome) {
	m.Helper()
	if strings.Contains(o.stderr, "panic") || strings.Contains(o.stderr, "goroutine ") {
		m.Errorf("panics: %s", o)
	}
	switch o.code {
	case exitOK:
		if !d.ignorable() {
			m.Errorf("goes on: %s", o)
		}
		return
	case exitDevice, exitRefused:
	default:
		m.Errorf("exit code %d: %s", o.code, o)
	}
	if d.call() == "C_GetFunctionList" && d.n == 2 && strings.Contains(o.stderr, "gives its function list once only") {
		return // the binding, which asks the second time, does not tell the answer
	}
	where := []string{`slot "`, "default slot", "signature slot", "both slots", "shim.so"}
	if !slices.ContainsFunc(where, func(s string) bool { return strings.Contains(o.stderr, s) }) {
		m.Errorf("names no slot: %s", o)
	}
	if d.call() == "C_GetTokenInfo" && (strings.Contains(o.stderr, "no token matches") || strings.Contains(o.stderr, "no token has the serial number")) {
		switch d.ckr {
		case exec.CKRTokenNotPresent, exec.CKRSlotIDInvalid:
			return // the token was taken out while the slots were listed
		case exec.CKRTokenNotRecognized:
			if strings.Contains(o.stderr, "does not know (C_GetTokenInfo: CKR_TOKEN_NOT_RECOGNIZED)") {
				return // it counts as blank
			}
		}
	}
	for _, s := range []string{d.call(), d.ckr.String(), d.ckr.Meaning(), "\n  help: "} {
		if !strings.Contains(o.stderr, s) {
			m.Errorf("does not say %q: %s", s, o)
		}
	}
}

// TestUnfitEntryLeavesNoKey has the token refuse the last certificate of a list
// whose key it took: the entry is left out, and its key too. The next run writes it.
// Where it was taken and only the answer lost, it counts as written.
func TestUnfitEntryLeavesNoKey(t *testing.T) {
	i := slices.IndexFunc(tales, func(s tale) bool { return s.any })
	p := undisturbed(t, tales[i], onSoftHSM{&tales[i]})
	last := 1
	for n, call := range p.calls {
		if call == "C_CreateObject" {
			last = n + 1
		}
	}
	for when, left := range map[string]string{"before": "2=not written", "after": "2=written"} {
		m := newMachine(t)
		args := p.prepare(m)
		m.moduleEnv["SHIM_FAULT"] = fmt.Sprintf("%d:%s:%#x", last, when, uint64(exec.CKRDeviceMemory))
		m.must(exitOK, args, left)
		if when == "before" {
			m.holds("CARD", "1234", 1, 0, 2)
		}
		m.moduleEnv = map[string]string{}
		m.must(exitOK, args)
		if state := p.place.settled(m); state != p.state {
			t.Errorf("%s: the token holds\n%s\nwant\n%s", when, state, p.state)
		}
	}
}

// TestIgnoredAnswersAreDocumented holds docs/failures.md against the table.
func TestIgnoredAnswersAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "## Answers at which a run goes on")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := 0
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| `") {
			rows++
		}
	}
	for _, i := range ignored {
		if !slices.ContainsFunc(strings.Split(table, "\n"), func(l string) bool {
			return strings.HasPrefix(l, "| `"+i.call+"` |") && strings.HasSuffix(l, "| "+i.why+" |")
		}) {
			t.Errorf("no row for %s: %s", i.call, i.why)
		}
	}
	if rows != len(ignored) {
		t.Errorf("%d rows, want %d", rows, len(ignored))
	}
}

// tokenFiles is a digest of all that SoftHSM2 keeps.
func (m *machine) tokenFiles() []byte {
	m.Helper()
	h := sha256.New()
	root := filepath.Join(m.dir, "tokens")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n", strings.TrimPrefix(path, root), len(b))
		h.Write(b)
		return err
	})
	if err != nil {
		m.Fatal(err)
	}
	return h.Sum(nil)
}

// journal is what the journals of unfinished runs say, without times, messages and
// what differs by chance; "" where there is none.
func (m *machine) journal() string {
	m.Helper()
	paths, err := filepath.Glob(filepath.Join(m.env["XDG_STATE_HOME"], "inscribe/runs/open/*.jsonl"))
	if err != nil {
		m.Fatal(err)
	}
	var out strings.Builder
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			m.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			var r exec.Record
			if err := json.Unmarshal(line, &r); err != nil {
				m.Fatalf("%s: %v\n%s", path, err, line)
			}
			fmt.Fprintln(&out, r.Event, r.ID, r.Untouched, r.KeyID != "", len(r.DER) > 0)
		}
	}
	return out.String()
}

// tally counts cases by tale and kind, for the table.
type tally struct {
	sync.Mutex
	keys            [][2]string
	cases, survived map[[2]string]int
}

var tortured = tally{cases: map[[2]string]int{}, survived: map[[2]string]int{}}

// counts has a test count as a case.
func counts(t *testing.T, name, kind string) {
	key := [2]string{name, kind}
	tortured.Lock()
	defer tortured.Unlock()
	if tortured.cases[key] == 0 {
		tortured.keys = append(tortured.keys, key)
	}
	tortured.cases[key]++
	t.Cleanup(func() {
		tortured.Lock()
		defer tortured.Unlock()
		if !t.Failed() {
			tortured.survived[key]++
		}
	})
}

// TestTorture disturbs each example at each PKCS#11 call: the command is killed
// there, or the call is answered by each CKR that there is, made or not made. The
// run must end with an error that says what to do, and the same command must then
// bring the tokens to where an undisturbed run would have brought them.
//
// Without the environment variable, a sample is taken, the same each time.
func TestTorture(t *testing.T) {
	inMemory(t)
	for _, s := range tales {
		undisturbed(t, s, onSoftHSM{&s}).torture(t, (*prepared).disturbances)
	}
}

// inMemory has the machines of a torture live in memory, where there is room: a process
// that is killed loses nothing that it wrote, so the disk is no part of what is tortured.
func inMemory(t *testing.T) {
	const (
		dir       = "/dev/shm"
		tmpfs     = 0x01021994
		noExecute = 0x8 // ST_NOEXEC; the shim is among the files
		room      = 256 << 20
	)
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err == nil && fs.Type == tmpfs && fs.Flags&noExecute == 0 && int64(fs.Bavail)*int64(fs.Bsize) >= room {
		t.Setenv("TMPDIR", dir)
	}
}

// torture disturbs a tale.
func (p *prepared) torture(t *testing.T, by func(*prepared) []*disturbance) {
	for _, d := range torture(t).of(by(p)) {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			counts(t, d.name, d.kind())
			d.run(t)
		})
	}
}

// print shows the table.
func (c *tally) print() {
	const row = "%-32s %-24s %8v %9v\n"
	fmt.Printf("\n"+row, "example", "kind", "cases", "survived")
	cases, survived := 0, 0
	slices.SortFunc(c.keys, func(a, b [2]string) int { return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1])) })
	for _, key := range c.keys {
		fmt.Printf(row, key[0], key[1], c.cases[key], c.survived[key])
		cases, survived = cases+c.cases[key], survived+c.survived[key]
	}
	fmt.Printf(row+"\n", "all", "", cases, survived)
}
