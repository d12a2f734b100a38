//go:build cgo && linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"inscribe/check/config"
	"inscribe/check/profile"
)

// probed are the modules that a probe is run on. A new one is a row: its file, the
// environment that it needs, a scratch token, and the profile that the findings
// are held against.
var probed = []struct {
	name    string
	module  func(t testing.TB) string
	env     map[string]string
	token   string
	so, pin string
	profile string
	// prepare makes what the module needs, and gives more arguments.
	prepare func(m *machine) []string
	// spend says that the token may be locked.
	spend bool
	// but are the facts in which the module differs from the profile, says are
	// texts that the probe must say.
	but  map[profile.FactName]any
	says []string
}{
	{name: "SoftHSM2 initialised", module: lying, env: map[string]string{"LIES": "rsa"}, token: "CARD", so: "11112222", pin: "1234", profile: "softhsm",
		but: map[profile.FactName]any{profile.RSAMax: 2048}, says: []string{"RSA 3072: C_GenerateKeyPair answers CKR_KEY_SIZE_RANGE, although C_GetMechanismInfo offers 512 to 16384 bits"}},
	{name: "NSS", module: softoken, prepare: nssDatabase, token: "NSS Certificate DB", so: "", pin: "123456", profile: "nss", spend: true,
		says: []string{"C_InitToken does not take the label", "once there is a user PIN, C_InitPIN does not set another one", "C_SetPIN with nobody logged in answers CKR_USER_NOT_LOGGED_IN"}},
	{name: "lies of PINs", module: lying, env: map[string]string{"LIES": "rsa,pin-length,digits,lock,user-pin,sensitive,curves"}, token: "fresh", so: "11112222", pin: "123456", profile: "softhsm", spend: true,
		but: map[profile.FactName]any{profile.RSAMax: 2048, profile.PINMin: 6, profile.PINMax: 8, profile.PUKMin: 6, profile.PUKMax: 8, profile.PINAlphabet: "digits",
			profile.Locks: true, profile.Retries: 3, profile.HonestFlags: false, profile.HonestKeys: false, profile.Curves: []string{"P-256"}},
		says: []string{"CK_TOKEN_INFO lies about the shortest value (pin-min): it is 6, and not 4", "CK_TOKEN_INFO lies about the longest value (puk-max): it is 8, and not 255",
			"flags lie: CKF_USER_PIN_INITIALIZED is set before there is a user PIN", "reads back with CKA_SENSITIVE 00", "P-384: C_GenerateKeyPair answers CKR_DOMAIN_PARAMS_INVALID"}},
	{name: "lies of objects", module: lying, env: map[string]string{"LIES": "rsa,always,id,import,data,serial,pin-pad,derive"}, token: "fresh", so: "11112222", pin: "123456", profile: "softhsm",
		but: map[profile.FactName]any{profile.RSAMax: 2048, profile.FreeUse: false, profile.AlwaysAuthenticate: false, profile.FreeKeyID: false, profile.ImportKeys: false, profile.DataObjects: false,
			profile.UniqueSerial: false, profile.PINPad: true},
		says: []string{"C_CreateObject reports success, and the key is not there", "CKA_DERIVE is refused in the template of a private key: CKR_ATTRIBUTE_TYPE_INVALID"}},
	{name: "lies of calls", module: lying, env: map[string]string{"LIES": "rsa,set-pin,label,reinit,honest-lock"}, token: "fresh", so: "11112222", pin: "123456", profile: "softhsm", spend: true,
		but: map[profile.FactName]any{profile.RSAMax: 2048, profile.ChangePIN: false, profile.ChangePUK: false, profile.FreeLabel: false, profile.Reinit: false,
			profile.Locks: true, profile.Retries: 3, profile.HonestFlags: true},
		says: []string{"C_SetPIN as user reports success, and the new value does not open the token: CKR_PIN_INCORRECT"}},
	{name: "a lie of C_InitPIN", module: lying, env: map[string]string{"LIES": "init-pin"}, token: "fresh", so: "11112222", pin: "123456", profile: "softhsm",
		but: map[profile.FactName]any{profile.InitPIN: false}, says: []string{"without a login as user nothing more could be tried"}},
}

func softoken(t testing.TB) string {
	found, err := filepath.Glob("/usr/lib/*/libsoftokn3.so")
	if err != nil || len(found) == 0 {
		t.Fatal("libsoftokn3.so is missing: run \"make setup\"")
	}
	return found[0]
}

// nssDatabase makes a database with the PIN of its row.
func nssDatabase(m *machine) []string {
	m.Helper()
	dir := m.dir + "/nss"
	if err := os.Mkdir(dir, 0o700); err != nil {
		m.Fatal(err)
	}
	if out, err := osexec.Command("certutil", "-N", "-d", "sql:"+dir, "-f", m.file("nss.pin", m.env["PROBE_PIN"])).CombinedOutput(); err != nil {
		m.Fatalf("certutil: %v\n%s", err, out)
	}
	return []string{"--init", fmt.Sprintf("configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags=", dir)}
}

// lying compiles testdata/lies.c.
func lying(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "lies.so")
	if out, err := osexec.Command("gcc", "-shared", "-fPIC", "-w", "-O1", "-o", path, "testdata/lies.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return path
}

// TestProbeFindsTheTruth: every fact that a probe finds is that of the built-in
// profile, but where the module was made to differ.
func TestProbeFindsTheTruth(t *testing.T) {
	for _, c := range probed {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.env["PROBE_SO"], m.env["PROBE_PIN"] = c.so, c.pin
			library := c.module(t)
			station := fmt.Sprintf("[middleware.\"x.dll\"]\nmodule = %q\n[middleware.\"x.dll\".env]\nSHIM_MODULE = %q\n", library, module)
			for name, value := range c.env {
				station += fmt.Sprintf("%s = %q\n", name, value)
			}
			file := m.file("learned.toml", "")
			args := []string{"probe", library, "--station", m.file("probe.toml", station), "--token", c.token, "--so-pin", "env:PROBE_SO", "--pin", "env:PROBE_PIN", "--yes", "--output", file}
			if c.prepare != nil {
				args = append(args, c.prepare(m)...)
			}
			if c.spend {
				args = append(args, "--spend-tries")
			}
			m.must(exitOK, args, c.says...)
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			learned, err := profile.Parse("learned", raw, profile.Lookup)
			if err != nil {
				t.Fatalf("%v\n%s", err, raw)
			}
			built := profile.Lookup(c.profile)
			found := 0
			for _, info := range profile.Facts {
				got := learned.Get(info.Name)
				want, differs := c.but[info.Name]
				if !got.Known() || !strings.Contains(got.Source, "inscribe probe") {
					if differs {
						t.Errorf("%s was not found out", info.Name)
					}
					continue
				}
				found++
				if !differs {
					if built.Get(info.Name).Known() && got.String() != built.Get(info.Name).String() {
						t.Errorf("%s is %s, and %s in the profile %s", info.Name, got, built.Get(info.Name), c.profile)
					}
					continue
				}
				if is := valueOf(learned, info); !reflect.DeepEqual(is, want) {
					t.Errorf("%s is %v, want %v", info.Name, is, want)
				}
			}
			if found < 18 && c.but[profile.InitPIN] == nil {
				t.Errorf("only %d facts were found", found)
			}
			if !c.spend && learned.Get(profile.Locks).Known() {
				t.Error("PIN tries were spent")
			}
			if c.profile == "softhsm" {
				m.emptyAfterwards(t, c.pin)
			}
		})
	}
}

// emptyAfterwards demands that a probe leaves nothing but the PIN it was given.
func (m *machine) emptyAfterwards(t *testing.T, pin string) {
	t.Helper()
	out := m.must(exitOK, []string{"tokens", "--module", module, "--format", "json"})
	_, rest, ok := strings.Cut(out.stdout, `"label": "INSCRIBE PROBE `)
	if !ok {
		t.Fatalf("the token is gone: %s", out)
	}
	tail, _, _ := strings.Cut(rest, `"`)
	objects, err := m.objects("INSCRIBE PROBE "+tail, pin)
	if strings.Contains(t.Name(), "InitPIN") {
		return // it never had a PIN
	}
	if err != nil || len(objects) != 0 {
		t.Errorf("the probe left %v, %v", objects, err)
	}
}

func valueOf(p *profile.Profile, info profile.FactInfo) any {
	switch info.Kind {
	case profile.YesNo:
		return p.Is(info.Name) == profile.Yes
	case profile.Count:
		n, _ := p.Count(info.Name)
		return n
	case profile.Word:
		return p.Word(info.Name)
	}
	return p.Words(info.Name)
}

// TestProbeTouchesNothingElse: a token that holds something, a wrong PIN and a no
// end the probe before its first write.
func TestProbeTouchesNothingElse(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.moduleEnv["SHIM_LOG"] = filepath.Join(m.dir, "calls")
	m.command() // writes station.toml for the shim
	probe := []string{"probe", shim(t), "--so-pin", "env:CARD_PUK"}
	m.must(exitUsage, append(probe, "--pin", "env:CARD_PIN"), "--token")
	m.must(exitUsage, append(probe, "--token", "CARD"), "--pin")
	m.must(exitUsage, append(probe, "--token", "CARD", "--pin", "1234"), "every process")
	m.must(exitUsage, append(probe, "--token", "CARD", "--pin", "env:CARD_PIN", "--name", "softhsm"), "built-in")
	both := append(probe, "--token", "CARD", "--pin", "env:CARD_PIN", "--yes", "--signature-token")
	m.must(exitUsage, append(both, "SIGN"), "go together")
	m.must(exitRefused, append(both, "CARD", "--signature-pin", "env:CARD_PIN"), "the same")
	m.must(exitDevice, append(both, "SIGN", "--signature-pin", "env:CARD_PIN"), "it is not tried again")
	m.must(exitDevice, append([]string{"probe", filepath.Join(m.dir, "none.so")}, append(both[2:], "SIGN", "--signature-pin", "env:SIGN_PIN")...), "none.so")
	m.must(exitRefused, append(probe, "--token", "CARD", "--pin", "env:CARD_PIN"), "nobody said yes")
	m.must(exitDevice, append(probe, "--token", "CARD", "--pin", "env:SIGN_PIN", "--yes"), "it is not tried again")
	for _, output := range []string{m.dir + "/nope/x", m.dir} {
		m.must(exitInternal, append(probe, "--token", "CARD", "--pin", "env:CARD_PIN", "--yes", "--output", output), "--output: "+output)
	}
	// A private object shows only after the login.
	if _, err := m.tool("CARD", "1234", "--write-object", m.file("data", "x"), "--type", "data", "--label", "mine", "--private"); err != nil {
		t.Fatal(err)
	}
	m.must(exitRefused, append(probe, "--token", "CARD", "--pin", "env:CARD_PIN", "--yes"), "the token is not empty: it holds 1 object")
	raw, err := os.ReadFile(filepath.Join(m.dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	for call := range strings.Lines(string(raw)) {
		if strings.TrimSpace(call) != "C_Login" {
			t.Errorf("the probe calls %s", call)
		}
	}
}

// TestProbeLeavesTheToken: a probe that is interrupted while the PINs are others
// gives the token those back that it was given.
func TestProbeLeavesTheToken(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"trying lengths", "generating keys"} {
		m := newMachine(t)
		m.interrupted(where, []string{"probe", module, "--token", "CARD", "--so-pin", "env:CARD_PUK", "--pin", "env:CARD_PIN", "--yes"})
		label := m.probeLabel()
		m.opened(true, label, "user", "1234")
		m.opened(true, label, "so", "11112222")
		m.emptyAfterwards(t, "1234")
	}
}

// interrupted runs a probe and interrupts it at a step, and gives what it said.
func (m *machine) interrupted(step string, args []string) string {
	m.Helper()
	c := m.command(args...)
	talk, err := c.StderrPipe()
	if err != nil {
		m.Fatal(err)
	}
	if err := c.Start(); err != nil {
		m.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(talk); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), step) {
			time.Sleep(30 * time.Millisecond)
			if err := c.Process.Signal(os.Interrupt); err != nil {
				m.Fatal(err)
			}
		}
	}
	if err := c.Wait(); err == nil {
		m.Fatalf("interrupted at %q, it ends well: %s", step, said.String())
	}
	return said.String()
}

// probeLabel is the label that a probe gave its token.
func (m *machine) probeLabel() string {
	m.Helper()
	out := m.must(exitOK, []string{"tokens", "--module", module})
	_, rest, ok := strings.Cut(out.stdout, `token "INSCRIBE PROBE `)
	if !ok {
		m.Fatalf("the token is gone: %s", out)
	}
	tail, _, _ := strings.Cut(rest, `"`)
	return "INSCRIBE PROBE " + tail
}

// TestProbeOfATokenThatCuts: C_SetPIN reports success and keeps the first 16 bytes. The
// probe ends at the first such value, and says which one the token may have.
func TestProbeOfATokenThatCuts(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	library := lying(t)
	m.env["PROBE_SO"], m.env["PROBE_PIN"] = "11112222", "123456"
	station := m.file("probe.toml", fmt.Sprintf("[middleware.\"x.dll\"]\nmodule = %q\nenv = { SHIM_MODULE = %q, LIES = \"rsa,cut\", LIES_WRONG = %q }\n", library, module, m.dir+"/wrong"))
	m.must(exitDevice, []string{"probe", library, "--station", station, "--token", "fresh", "--so-pin", "env:PROBE_SO", "--pin", "env:PROBE_PIN", "--yes"},
		"neither the old nor the new value opens the token", "its SO PIN may be the beginning of the new one", "again and again up to 255 characters")
	if wrong := m.lines("wrong"); len(wrong) != 2 {
		t.Errorf("%d wrong SO PINs were shown, want 2", len(wrong))
	}
	label := m.probeLabel()
	m.opened(true, label, "so", "2111222221112222")
	m.opened(true, label, "user", "123456")
}

// TestProbeKilled: whatever change of a PIN a probe is killed at, the next one knows which
// values the token may have, and gives it those back that were given.
func TestProbeKilled(t *testing.T) {
	t.Parallel()
	all := 0
	for _, at := range []string{"14:after", "19:after", "29:after", "40:after", "42:before", "42:after"} {
		t.Run(at, func(t *testing.T) {
			m := newMachine(t)
			m.moduleEnv["SHIM_WRONG"] = m.dir + "/wrong"
			m.moduleEnv["SHIM_LOG"] = m.dir + "/calls"
			m.moduleEnv["SHIM_KILL"] = at
			args := func(token string) []string {
				return []string{"probe", shim(t), "--token", token, "--so-pin", "env:CARD_PUK", "--pin", "env:CARD_PIN", "--yes"}
			}
			if out := m.run(args("CARD")...); out.code >= 0 {
				t.Fatalf("it was not killed: %s", out)
			}
			calls := m.lines("calls")
			delete(m.moduleEnv, "SHIM_KILL")
			before, changed := len(m.lines("wrong")), 0
			for who, value := range map[string]string{"user": "1234", "so": "11112222"} {
				if ok, err := m.opens(m.probeLabel(), who, value); err != nil {
					t.Fatal(err)
				} else if !ok {
					changed++ // so the value that was given is shown first, and is wrong
				}
			}
			stderr := m.interrupted("setting the first user PIN", args(m.probeLabel()))
			label := m.probeLabel()
			m.opened(true, label, "user", "1234")
			m.opened(true, label, "so", "11112222")
			if notes, err := filepath.Glob(m.dir + "/state/*/runs/probes/*"); err != nil || len(notes) != 0 {
				t.Errorf("notes are left: %v %v", notes, err)
			}
			if n := len(m.lines("wrong")) - before; n != changed {
				t.Errorf("killed at %s, %d wrong values are shown, and %d were changed: %s", calls[len(calls)-1], n, changed, stderr)
			}
			all += changed
		})
	}
	if all < 4 {
		t.Errorf("%d values were changed when the probe was killed; the test shows nothing", all)
	}
}

// TestProbeKeepsWhatItFound: a profile that cannot be written after all goes to the
// standard output.
func TestProbeKeepsWhatItFound(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	folder := filepath.Join(m.dir, "gone")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	c := m.command("probe", module, "--token", "CARD", "--so-pin", "env:CARD_PUK", "--pin", "env:CARD_PIN", "--yes", "--output", filepath.Join(folder, "x.toml"))
	var stdout, stderr bytes.Buffer
	c.Stdout = &stdout
	talk, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(talk); lines.Scan(); {
		fmt.Fprintln(&stderr, lines.Text())
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
	o := m.outcome(c.Wait(), &stdout, &stderr)
	if o.code != exitInternal || !strings.Contains(o.stderr, "the profile is on standard output instead") {
		t.Error(o)
	}
	if _, err := profile.Parse("learned", stdout.Bytes(), profile.Lookup); err != nil || stdout.Len() == 0 {
		t.Errorf("what was found is lost: %v\n%s", err, o)
	}
}

// TestProbeFitsTheProject: a name makes it a table of inscribe.toml, which can be
// used at once.
func TestProbeFitsTheProject(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.env["PROBE_SO"], m.env["PROBE_PIN"] = "11112222", "123456"
	library := lying(t)
	station := m.file("probe.toml", fmt.Sprintf("[middleware.\"x.dll\"]\nmodule = %q\nenv = { SHIM_MODULE = %q, LIES = \"rsa,curves\" }\n", library, module))
	out := m.must(exitOK, []string{"probe", library, "--station", station, "--token", "fresh", "--so-pin", "env:PROBE_SO", "--pin", "env:PROBE_PIN", "--yes", "--name", "our-cards"})
	c, err := config.Parse("inscribe.toml", []byte(out.stdout))
	if err != nil {
		t.Fatalf("%v\n%s", err, out.stdout)
	}
	if p := c.Lookup("our-cards"); p == nil || p.Is(profile.InitToken) != profile.Yes || p.Offers(profile.Curves, "P-384") != profile.No {
		t.Errorf("the table does not tell what was found:\n%s", out.stdout)
	}
}
