//go:build cgo && linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/exec"
)

// verdict is what a run says: how it ended, and each op with what became of it.
type verdict struct {
	code   int
	says   string // the error with its help
	events []exec.Event
}

func (m *machine) verdict(args ...string) (verdict, outcome) {
	m.Helper()
	return verdictOf(m, m.dir, m.run, args)
}

func verdictOf(t testing.TB, dir string, run func(...string) outcome, args []string) (verdict, outcome) {
	t.Helper()
	path := filepath.Join(dir, "events")
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	o := run(append(slices.Clone(args), "--events", path)...)
	v := verdict{code: o.code}
	for line := range strings.Lines(o.stderr) {
		if strings.HasPrefix(line, "inscribe: ") || strings.HasPrefix(line, "  help: ") {
			v.says += line
		}
	}
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range parseEvents(t, string(b)) {
		e.MS = 0
		v.events = append(v.events, e)
	}
	return v, o
}

// stateFiles is a digest of all that the state folder holds.
func (m *machine) stateFiles() []byte {
	m.Helper()
	h := sha256.New()
	root := filepath.Join(m.dir, "state")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && e.Name() == "modules" {
			return fs.SkipDir // which modules are running, and those that were killed are swept out
		}
		fmt.Fprintln(h, path)
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		h.Write(b)
		return err
	})
	if err != nil {
		m.Fatal(err)
	}
	return h.Sum(nil)
}

// list writes a listing of all tokens and gives its name.
func (m *machine) list(args ...string) string {
	m.Helper()
	o := m.must(exitOK, append([]string{"tokens", "--format", "json"}, args...))
	return m.file("tokens.json", o.stdout)
}

// seededTest is a state of tokens, and what is to be done with them.
type seededTest struct {
	name string
	text string // the description; a published example where it ends in .dsc
	args []string
	env  map[string]string // of the module
	// before brings the tokens into their state. again says that the same run comes
	// twice.
	before func(m *machine, args []string)
	again  bool
	// code and says are how apply ends.
	code int
	says string
}

var (
	cardField  = []string{"--field", "CARD=env:CARD_PIN"}
	bothFields = []string{"--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
)

const changeIt = "[Description]\nPKCS11Library=yourMiddleware.dll\nSetPIN=true\nPIN=!FROM_USER_DIALOG_3_FIELD\n"

// foreignKey puts a key of the label "auth" on CARD that is nobody's.
func foreignKey(m *machine, _ []string) {
	if _, err := m.tool("CARD", "1234", "--keypairgen", "--key-type", "EC:prime256v1", "--label", "auth", "--id", "77"); err != nil {
		m.Fatal(err)
	}
}

// cutOff kills the run at the nth of the calls that change something.
func cutOff(n int) func(m *machine, args []string) {
	return func(m *machine, args []string) { m.killed(n, "after", args) }
}

// otherwise gives the arguments with another value for a field.
func otherwise(args []string, field, other string) []string {
	out := slices.Clone(args)
	for i := range out {
		if strings.HasPrefix(out[i], field+"=") {
			out[i] = field + "=" + other
		}
	}
	return out
}

func wrongTwice(m *machine, args []string) {
	for range 2 {
		m.must(exitDevice, otherwise(args, "CARD", "env:SIGN_PIN"), "is wrong")
	}
}

var seededTests = []seededTest{
	{name: "nothing there", text: threeKeys, args: bothFields},
	{name: "the same again", text: threeKeys, args: bothFields, again: true},
	{name: "fresh", text: "09-initialise.dsc", args: []string{"--token", "fresh", "--field", "PIN_FIELD=env:CARD_PIN", "--field", "PUK_FIELD=env:CARD_PUK"}},
	{name: "initialised anew", text: "09-initialise.dsc", args: []string{"--yes", "--field", "PIN_FIELD=env:CARD_PIN", "--field", "PUK_FIELD=env:CARD_PUK"}},
	{name: "initialised anew, with too short a PIN", text: "09-initialise.dsc", args: []string{"--yes", "--field", "PIN_FIELD=env:SHORT", "--field", "PUK_FIELD=env:CARD_PUK"},
		code: exitRefused, says: "field PIN_FIELD has fewer than 4 characters"},
	{name: "a key that is not initialised for", text: oneKey, args: append([]string{"--token", "pkcs11:slot-description=$FRESH"}, cardField...), code: exitRefused, says: "the token is not initialised"},
	{name: "a key of the same label", text: threeKeys, args: bothFields, before: foreignKey, code: exitRefused, says: `a public key with the label "auth" is on the token already`},
	{name: "a key of the same label, and one more is wanted", text: threeKeys, args: append([]string{"--existing", "add"}, bothFields...), before: foreignKey},
	{name: "a key of the same label, to be replaced", text: threeKeys, args: append([]string{"--existing", "replace", "--yes"}, bothFields...), before: foreignKey},
	{name: "PIN locked", text: oneKey, args: cardField, env: map[string]string{"SHIM_FLAGS": "0x40000"}, code: exitRefused, says: "the PIN is locked"},
	{name: "PIN locked, to be changed", text: changeIt, args: []string{"--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:CARD_PUK"}, env: map[string]string{"SHIM_FLAGS": "0x40000"}, code: exitRefused, says: "the PIN is locked"},
	{name: "PIN changed", text: changeIt, args: []string{"--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:CARD_PUK"}},
	{name: "PIN changed to one that is too short", text: changeIt, args: []string{"--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:SHORT"}, code: exitRefused, says: "has fewer than 4 characters"},
	{name: "PIN at its final try", text: oneKey, args: cardField, env: map[string]string{"SHIM_FLAGS": "0x20000"}, code: exitRefused, says: "one more wrong PIN locks the token"},
	{name: "PIN at its final try, which may be spent", text: oneKey, args: append([]string{"--spend-final-try"}, cardField...), env: map[string]string{"SHIM_FLAGS": "0x20000"}},
	{name: "PIN to be changed", text: oneKey, args: cardField, env: map[string]string{"SHIM_FLAGS": "0x880000"}},
	{name: "SO PIN locked", text: "09-initialise.dsc", args: []string{"--yes", "--field", "PIN_FIELD=env:CARD_PIN", "--field", "PUK_FIELD=env:CARD_PUK"}, env: map[string]string{"SHIM_FLAGS": "0x400000"}, code: exitRefused, says: "the SO PIN is locked"},
	{name: "write-protected", text: oneKey, args: cardField, env: map[string]string{"SHIM_FLAGS": "0x2"}, code: exitRefused, says: "write-protected"},
	{name: "wrong PINs of earlier runs", text: oneKey, args: append([]string{"--profile", "generic", "--lab-ca"}, cardField...), before: wrongTwice, code: exitRefused, says: "earlier runs showed this token 2 wrong PINs"},
	{name: "full", text: threeKeys, args: bothFields, env: map[string]string{"SHIM_FREE": "100"}, code: exitRefused, says: "there is not enough space: up to here the plan writes at least 152 bytes of public objects, and the token has 100 bytes free"},
	{name: "room enough", text: threeKeys, args: bothFields, env: map[string]string{"SHIM_FREE": "10000"}},
	{name: "no such token", text: oneKey, args: append([]string{"--token", "NOBODY"}, cardField...), code: exitDevice, says: "no token matches NOBODY"},
	{name: "two tokens match", text: oneKey, args: append([]string{"--token", "pkcs11:model=SoftHSM v2"}, cardField...), code: exitDevice, says: "2 tokens match"},
	{name: "one token for both slots", text: threeKeys, args: append([]string{"--signature-token", "CARD"}, bothFields...), code: exitRefused, says: "both slots are one"},
	{name: "a card by another number", text: strings.Replace(changeIt, "[Description]\n", "[Fields]\nICCSN=\n[Description]\nUseSelectCriteriaIccsn=true\nSelectCriteriaIccsn=ICCSN\n", 1),
		args: []string{"--field", "ICCSN=4711", "--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:CARD_PUK"}, code: exitDevice, says: `no token has the serial number "4711"`},
	{name: "no CA", text: oneKey, args: append([]string{"--profile", "generic"}, cardField...), code: exitRefused, says: `certificate template "auth" is not known: none is configured`},
	{name: "cut off after a key", text: threeKeys, args: bothFields, before: cutOff(2)},
	{name: "cut off after a signature", text: threeKeys, args: bothFields, before: cutOff(5)},
	{name: "cut off after a certificate", text: threeKeys, args: bothFields, before: cutOff(6)},
	{name: "another run is not finished", text: oneKey, args: cardField, before: func(m *machine, args []string) {
		m.killed(3, "after", append([]string{"apply", m.file("other.dsc", threeKeys)}, bothFields...))
	}, code: exitRefused, says: "an unfinished run of another plan (other.dsc) has this token"},
	{name: "another run is given up", text: oneKey, args: append([]string{"--abandon"}, cardField...), before: func(m *machine, args []string) {
		m.killed(3, "after", append([]string{"apply", m.file("other.dsc", strings.ReplaceAll(oneKey, "=auth", "=other"))}, cardField...))
	}},
	{name: "a private data object again", text: "12-data-object.dsc", args: []string{"--field", "PIN_FIELD=env:CARD_PIN", "--field", "OBJECT_DATA=aGVsbG8=", "--field", "USER_NAME=Ada"}, again: true},
	{name: "a public data object again", text: publicData, args: append([]string{"--field", "DATA=aGVsbG8="}, cardField...), again: true},
	{name: "another data object of that label", text: publicData, args: append([]string{"--field", "DATA=aGVsbG8="}, cardField...), before: func(m *machine, args []string) {
		m.must(exitOK, otherwise(args, "DATA", "d29ybGQ="))
	}, code: exitRefused, says: `another data object with the label "greeting" is on the token already`},
	{name: "certificates and a list again", text: "11-write-certificates.dsc", args: []string{"--field", "PIN_FIELD=env:CARD_PIN", "--field", "CERT_FIELD=file:given", "--field", "ENCR_CERT_KEY_LIST=file:list"}, again: true,
		before: func(m *machine, _ []string) {
			for name, content := range certificateList(m) {
				m.file(name, content)
			}
		}},
	{name: "a certificate that is none", text: "11-write-certificates.dsc", args: []string{"--field", "PIN_FIELD=env:CARD_PIN", "--field", "CERT_FIELD=garbage", "--field", "ENCR_CERT_KEY_LIST=file:list"}, code: exitRefused, says: "cannot be read",
		before: func(m *machine, _ []string) {
			for name, content := range certificateList(m) {
				m.file(name, content)
			}
		}},
	{name: "no value for a field", text: publicData, args: cardField, code: exitRefused, says: "no value for DATA"},
}

const publicData = "[Fields]\nCARD=\nDATA=\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\nPIN=CARD\n[Application_A]\nDataObject=DATA\nLabelExpressionDataObject=greeting\nAttributesDataObject=CKA_PRIVATE=FALSE,CKA_APPLICATION=\"IDM\"\n"

// TestSeededDryRunIsWhatApplyDoes brings tokens into a state and asks three times
// what a run would do: of the tokens themselves, of a listing of them, and by doing
// it. The three end alike, op by op. Before the third nothing was changed, nobody
// logged in, and no try was spent.
func TestSeededDryRunIsWhatApplyDoes(t *testing.T) {
	for _, c := range seededTests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.env["SHORT"] = "123"
			var path string
			if strings.HasSuffix(c.text, ".dsc") {
				path = example(t, c.text)
			} else {
				path = m.file("x.dsc", c.text)
			}
			args := append([]string{"apply", path}, c.args...)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "$FRESH", m.freshSlot())
			}
			if c.before != nil {
				c.before(m, args)
			}
			if c.again {
				m.must(exitOK, args)
			}
			m.moduleEnv["SHIM_TRACE"] = m.dir + "/trace"
			for name, value := range c.env {
				m.moduleEnv[name] = value
			}
			tokens, state := m.tokenFiles(), m.stateFiles()
			plugged, o := m.verdict(append(args, "--dry-run", "--seed", "plugged")...)
			if o.code == exitOK && !strings.Contains(o.stdout, "on a model that began as the tokens that are plugged in; nothing was touched") {
				t.Errorf("does not say what it did: %s", o)
			}
			listed, _ := m.verdict(append(args, "--dry-run", "--seed", m.list())...)
			for _, call := range m.lines("trace") {
				if !slices.Contains(lookingCalls, call) {
					t.Errorf("a dry-run makes the call %s", call)
				}
			}
			if !bytes.Equal(tokens, m.tokenFiles()) || !bytes.Equal(state, m.stateFiles()) {
				t.Error("a dry-run touched the tokens or the state folder")
			}
			applied, o := m.verdict(args...)
			if applied.code != c.code || !strings.Contains(applied.says, c.says) {
				t.Fatalf("apply ends otherwise than the test says: %s", o)
			}
			for what, dry := range map[string]verdict{"plugged": plugged, "listed": listed} {
				if diff := cmp.Diff(applied, dry, cmp.AllowUnexported(verdict{})); diff != "" {
					t.Errorf("%s: a dry-run says something else than apply:\n%s", what, diff)
				}
			}
		})
	}
}

// lookingCalls change nothing, neither on a token nor in who is logged in.
var lookingCalls = []string{"C_GetFunctionList", "C_Initialize", "C_Finalize", "C_GetInfo", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo",
	"C_GetMechanismList", "C_GetMechanismInfo", "C_OpenSession", "C_CloseSession", "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal", "C_GetAttributeValue"}

// freshSlot is the description of the slot whose token is not initialised.
func (m *machine) freshSlot() string {
	m.Helper()
	var report tokensReport
	if err := json.Unmarshal([]byte(m.must(exitOK, []string{"tokens", "--format", "json"}).stdout), &report); err != nil {
		m.Fatal(err)
	}
	for _, s := range report.Modules[0].Slots {
		if !s.Token.Flags.Has(exec.FlagTokenInitialized) {
			return strings.ReplaceAll(s.Description, " ", "%20")
		}
	}
	m.Fatal("no token is fresh")
	return ""
}

// TestSeedOfAnEarlierDay: a listing is what the tokens were when it was made, and a
// PIN at the listing shows the private objects too.
func TestSeedOfAnEarlierDay(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := append([]string{"apply", m.file("x.dsc", oneKey)}, cardField...)
	before := m.list()
	m.must(exitOK, args)
	m.must(exitOK, append(args, "--dry-run", "--seed", before), "2 would be written, 0 kept, on a model that began as tokens.json")

	// A private key alone shows to nobody who did not log in.
	if _, err := m.tool("CARD", "1234", "--delete-object", "--type", "pubkey", "--label", "auth"); err != nil {
		m.Fatal(err)
	}
	if _, err := m.tool("CARD", "1234", "--delete-object", "--type", "cert", "--label", "auth"); err != nil {
		m.Fatal(err)
	}
	other := append([]string{"apply", m.file("y.dsc", strings.Replace(oneKey, "ECCurve=P-256", "ECCurve=P-384", 1))}, cardField...)
	m.must(exitOK, append(other, "--dry-run", "--seed", m.list()), "2 would be written")
	with := m.list("--token", "CARD", "--pin", "env:CARD_PIN")
	dry, _ := m.verdict(append(other, "--dry-run", "--seed", with)...)
	applied, o := m.verdict(other...)
	if diff := cmp.Diff(applied, dry, cmp.AllowUnexported(verdict{})); diff != "" || !strings.Contains(applied.says, `a private key with the label "auth"`) {
		t.Errorf("%s\n%s", diff, o)
	}
}

// TestSeedWithoutAYes says what apply would ask, and goes on.
func TestSeedWithoutAYes(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := []string{"apply", example(t, "09-initialise.dsc"), "--field", "PIN_FIELD=env:CARD_PIN", "--dry-run", "--seed", "plugged"}
	o := m.must(exitOK, args, "note: apply asks, or wants --yes: op-02 inittoken destroys", "token \"CARD\"", "note: without a value, which apply wants: PUK_FIELD")
	if strings.Contains(o.stderr, "private objects were not seen") {
		t.Errorf("guesses where nothing is there: %s", o)
	}
	if o = m.must(exitOK, append(args, "--yes")); strings.Contains(o.stderr, "apply asks") {
		t.Errorf("%s", o)
	}
}

// TestSeedOfASavedPlan: a plan that the tokens had is spent, in a dry-run too, whatever
// was done on them since.
func TestSeedOfASavedPlan(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.file("x.dsc", oneKey)
	saved := filepath.Join(m.dir, "x.plan")
	m.must(exitOK, []string{"plan", filepath.Join(m.dir, "x.dsc"), "--profile", "softhsm", "--out", saved})
	args := append([]string{"apply", saved}, cardField...)
	m.must(exitOK, append(args, "--dry-run", "--seed", "plugged"), "2 would be written")
	m.must(exitOK, args)
	dry, _ := m.verdict(append(args, "--dry-run", "--seed", "plugged")...)
	applied, o := m.verdict(args...)
	if diff := cmp.Diff(applied, dry, cmp.AllowUnexported(verdict{})); diff != "" || applied.code != exitRefused {
		t.Errorf("%s\n%s", diff, o)
	}
	m.must(exitOK, append([]string{"apply", filepath.Join(m.dir, "x.dsc"), "--existing", "add"}, cardField...), "2 written")
	m.must(exitRefused, args, "this saved plan was run on this token already")
}

// TestSeedsThatAreNone: each has a place, a cause and a way out.
func TestSeedsThatAreNone(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := append([]string{"apply", m.file("x.dsc", oneKey), "--dry-run"}, cardField...)
	good, err := os.ReadFile(m.list())
	if err != nil {
		t.Fatal(err)
	}
	must := func(what, text string, code int, says ...string) {
		t.Helper()
		path := m.file("seed.json", text)
		if o := m.run(append(args, "--seed", path)...); o.code != code || slices.ContainsFunc(append(says, "help: "), func(s string) bool { return !strings.Contains(o.stderr, s) }) {
			t.Errorf("%s: %s", what, o)
		}
	}
	edit := func(old, new string) string {
		t.Helper()
		text := strings.Replace(string(good), old, new, 1)
		if text == string(good) {
			t.Fatalf("there is no %q in\n%s", old, good)
		}
		return text
	}
	const again = "inscribe tokens --format json"
	must("empty", "", exitUsage, "seed.json:1:1: EOF", again)
	must("no JSON", "[Description]\n", exitUsage, "seed.json:1:2: invalid character 'D'", again)
	must("no JSON behind what is more than a byte", `{"ä": ?}`, exitUsage, "seed.json:1:7: invalid character '?'", again)
	must("torn", string(good[:len(good)/2]), exitUsage, "seed.json:", "unexpected EOF", again)
	must("other JSON", `{"a": 1}`, exitUsage, "has no version, so it is no listing of tokens", again)
	must("of a later version", edit(`"version": 1`, `"version": 2`), exitUsage, "is a listing of version 2, and this program reads version 1", again)
	must("with a member that nobody knows", edit(`"version": 1`, `"version": 1, "colour": 3`), exitUsage, "seed.json:2:", `unknown field "colour"`, again)
	must("with a number for a text", edit(`"label": "CARD"`, `"label": 7`), exitUsage, "seed.json:", "cannot unmarshal number", again)
	must("two", string(good)+string(good), exitUsage, "something follows the listing", again)
	must("no object", edit(`"objects": []`, `"objects": [null]`), exitUsage, "object 1 of token", "there is none", again)
	must("an object of no kind", edit(`"objects": []`, `"objects": [{"class":"spoon","label":"x","private":false}]`), exitUsage, `object 1 of token`, `its class is "spoon"`, again)
	must("a key without itself", edit(`"objects": []`, `"objects": [{"class":"public key","label":"x","private":false}]`), exitUsage, "a public key without its publicKey", again)
	must("of another module", edit(`"module": "`+module, `"module": "/other.so`), exitRefused, "has no tokens of the module "+module+"; it lists /other.so", "--module")
	must("of no module", `{"version":1,"modules":[],"unfinished":[]}`, exitRefused, "it lists none", "--module")

	m.must(exitInternal, append(args, "--seed", filepath.Join(m.dir, "none")), "--seed:", "no such file")
	m.must(exitUsage, append([]string{"apply", filepath.Join(m.dir, "x.dsc"), "--seed", "plugged"}, cardField...), "say --dry-run too")
	m.must(exitUsage, append(args, "--seed", "plugged", "--replay", "x"), "takes no --seed")
	// Without a station the listing says of which module it is.
	m.file("alone.json", string(good))
	m.station = "# nothing\n"
	m.must(exitRefused, append(args, "--seed", "plugged"), "nothing on this machine says which PKCS#11 module")
	m.must(exitOK, append(args, "--seed", filepath.Join(m.dir, "alone.json"), "--token", "CARD"), "2 would be written")
}

// TestSeededOnModules asks the same on each module of the table: what a dry-run says
// of tokens that are plugged in or listed is what apply does.
func TestSeededOnModules(t *testing.T) {
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			l := m.lab(t)
			l.profile = m.profile
			l.station("")
			l.initialise()
			args := slices.Concat([]string{"apply", l.file("rsa.dsc", rsaKey), "--lab-ca"}, pinField)
			other := slices.Concat([]string{"apply", l.file("other.dsc", strings.Replace(rsaKey, "2048", "3072", 1)), "--lab-ca"}, pinField)
			short := slices.Concat([]string{"apply", example(t, "02-change-pin.dsc"), "--answer", "PIN.old=env:PIN", "--answer", "PIN=env:LONG"})
			l.secrets["LONG"] = strings.Repeat("1", 600)
			for _, c := range []struct {
				what string
				args []string
				code int
			}{{"a key", args, exitOK}, {"the same again", args, exitOK}, {"a key of the same label", other, exitRefused}, {"too long a PIN", short, exitRefused},
				{"no such token", append(slices.Clone(args), "--token", "NOBODY"), exitDevice}} {
				say := func(more ...string) (verdict, outcome) {
					t.Helper()
					return verdictOf(t, l.dir, l.run, append(slices.Clone(c.args), more...))
				}
				plugged, _ := say("--dry-run", "--seed", "plugged")
				listing := l.run("tokens", "--format", "json")
				listed, _ := say("--dry-run", "--seed", l.file("tokens.json", listing.stdout))
				applied, o := say()
				if applied.code != c.code {
					t.Errorf("%s: %s", c.what, o)
				}
				for _, dry := range []verdict{plugged, listed} {
					if diff := cmp.Diff(applied, dry, cmp.AllowUnexported(verdict{})); diff != "" {
						t.Errorf("%s: a dry-run says something else than apply:\n%s", c.what, diff)
					}
				}
			}
		})
	}
}
