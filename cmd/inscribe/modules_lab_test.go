//go:build cgo && linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"inscribe/internal/vcard/lab"
	"inscribe/plan"
)

// testLab is a module with all that it needs, and two tokens that are fresh where
// the module can have such.
type testLab struct {
	testing.TB
	dir     string
	profile string
	module  string
	init    string            // for station.toml
	env     map[string]string // for the module
	// within is what a command is put behind, so that it sees the lab.
	within []string
	// labels are those of the tokens of the two slots, once they are initialised.
	labels map[string]string
	// fresh choose the tokens of the two slots before they are initialised.
	fresh map[string]string
	// certutil reads the tokens where pkcs11-tool cannot load the module: the
	// folders of the databases by label.
	certutil map[string]string
	// nameless says that the module does not name the maker of the tokens, so
	// that the station has to say what they are.
	nameless bool
	// hook is the station's command for initialisation, hooked the profile that
	// leaves it to that; most modules need none.
	hook, hooked string
	// secrets are in the environment of the command, for env: values.
	secrets map[string]string
	last    outcome // of the command
}

func newTestLab(t testing.TB) *testLab {
	return &testLab{TB: t, dir: t.TempDir(), env: map[string]string{},
		// As 09-initialise.dsc and the tasks call them.
		labels: map[string]string{plan.Default: "My Token Label", plan.Signature: "SIGN"},
		fresh:  map[string]string{plan.Default: "fresh", plan.Signature: "fresh"},
		// openCryptoki takes no other PUK at first.
		secrets: map[string]string{"PIN": "123456", "SIGN_PIN": "567890", "PUK": "87654321", "SIGN_PUK": "87654321"}}
}

// library finds a library by the end of its path.
func library(t testing.TB, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/*/" + name)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s is missing, and these tests run on real modules: run \"make setup\"", name)
	}
	return found[0]
}

// daemon starts a program that serves the lab until the end of the test.
func (l *testLab) daemon(env []string, name string, args ...string) *osexec.Cmd {
	l.Helper()
	c := osexec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var log bytes.Buffer
	c.Stdout, c.Stderr = &log, &log
	c.WaitDelay = time.Second
	if err := c.Start(); err != nil {
		l.Fatalf("%v: run \"make setup\"", err)
	}
	l.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
		timer := time.AfterFunc(2*time.Second, func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
		_ = c.Wait()
		timer.Stop()
		if l.Failed() && log.Len() > 0 {
			l.Logf("%s ends with:\n%s", name, log.Bytes()[max(0, log.Len()-1000):])
		}
	})
	return c
}

// until waits for a daemon to be ready.
func (l *testLab) until(what string, ready func() bool) {
	l.Helper()
	for end := time.Now().Add(20 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			l.Fatalf("%s is not ready after 20 seconds", what)
		}
	}
}

func exists(path string) func() bool {
	return func() bool { _, err := os.Stat(path); return err == nil }
}

func (l *testLab) mkdir(names ...string) string {
	l.Helper()
	path := filepath.Join(append([]string{l.dir}, names...)...)
	if err := os.MkdirAll(path, 0o700); err != nil {
		l.Fatal(err)
	}
	return path
}

func (l *testLab) file(name, text string) string {
	l.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		l.Fatal(err)
	}
	return path
}

func softHSMLab(t testing.TB) *testLab {
	l := newTestLab(t)
	l.module = module
	if err := makeSoftHSM(l.dir); err != nil {
		t.Fatal(err)
	}
	l.env["SOFTHSM2_CONF"] = filepath.Join(l.dir, "softhsm2.conf")
	return l
}

// p11kitLab has a SoftHSM2 in another process, behind a socket.
func p11kitLab(t testing.TB) *testLab {
	l := softHSMLab(t)
	socket := filepath.Join(l.dir, "p11-kit.socket")
	l.daemon([]string{"SOFTHSM2_CONF=" + l.env["SOFTHSM2_CONF"]}, "p11-kit", "server", "-f", "-n", socket, "-p", module, "pkcs11:")
	l.until("p11-kit server", exists(socket))
	l.nameless = true
	l.module, l.env = library(t, "pkcs11/p11-kit-client.so"), map[string]string{"P11_KIT_SERVER_ADDRESS": "unix:path=" + socket}
	return l
}

// openCryptokiLab has one software token, since two get in each other's way. The
// paths, the shared memory and the
// socket of openCryptoki are the system's, so the daemon and all who talk to it
// run in namespaces in which these are the lab's own, and the group too that it
// wants all of them to be in.
func openCryptokiLab(t testing.TB) *testLab {
	l := newTestLab(t)
	l.module = library(t, "pkcs11/libopencryptoki.so")
	delete(l.fresh, plan.Signature)
	etc, lib, run := l.mkdir("etc"), l.mkdir("lib"), l.mkdir("run")
	l.mkdir("lib", "card", "TOK_OBJ")
	l.mkdir("run", "lock", "opencryptoki", "card")
	l.file("etc/opencryptoki.conf", `version opencryptoki-3.1
slot 3
{
stdll = libpkcs11_sw.so
description = "Card"
tokname = card
}
`)
	const script = `set -e
mount --bind "$0" /etc/opencryptoki
mount --bind "$1" /var/lib/opencryptoki
mount --bind "$2" /run
mount --bind "$3" /etc/group
mount -t tmpfs none /dev/shm
mount -t tmpfs none /var/log # the package may not have made the folder in it
mkdir /var/log/opencryptoki
exec /usr/sbin/pkcsslotd -f`
	enter, within := []string{"--mount", "--ipc"}, []string{"--mount", "--ipc"}
	if os.Geteuid() != 0 {
		enter, within = append(enter, "--map-root-user"), append(within, "--user", "--preserve-credentials")
	}
	d := l.daemon(nil, "unshare", append(enter, "sh", "-c", script, etc, lib, run, l.file("group", "root:x:0:\npkcs11:x:0:\n"))...)
	l.until("pkcsslotd", exists(filepath.Join(run, "pkcsslotd.socket")))
	l.within = append(append([]string{"nsenter"}, within...), "--target", fmt.Sprint(d.Process.Pid), "--")
	return l
}

// nssLab has two databases. Its tokens are never fresh: certutil sets the PIN.
func nssLab(t testing.TB) *testLab {
	l := newTestLab(t)
	l.module, l.fresh, l.certutil = library(t, "libsoftokn3.so"), map[string]string{}, map[string]string{}
	for slot, pin := range map[string]string{plan.Default: l.secrets["PIN"], plan.Signature: l.secrets["SIGN_PIN"]} {
		label := l.labels[slot]
		l.certutil[label] = l.mkdir("nss", slot)
		if out, err := osexec.Command("certutil", "-N", "-d", "sql:"+l.certutil[label], "-f", l.file("pin", pin)).CombinedOutput(); err != nil {
			t.Fatalf("certutil: %v\n%s", err, out)
		}
	}
	l.init = fmt.Sprintf("tokens=<0x04=[configdir='sql:%s' tokenDescription='%s'] 0x05=[configdir='sql:%s' tokenDescription='%s']>",
		l.certutil[l.labels[plan.Default]], l.labels[plan.Default], l.certutil[l.labels[plan.Signature]], l.labels[plan.Signature])
	return l
}

// listens reports whether somebody listens on a socket: its file is there a moment
// earlier.
func listens(path string) bool {
	const accepting = "00010000" // __SO_ACCEPTCON
	// The first thread, which /proc/net shows, may be in the network of a card lab.
	b, err := os.ReadFile("/proc/thread-self/net/unix")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 8 && f[3] == accepting && f[7] == path {
			return true
		}
	}
	return false
}

// tpmLab has a simulated TPM, behind a resource manager on a bus of its own.
func tpmLab(t testing.TB) *testLab {
	l := newTestLab(t)
	l.module = library(t, "pkcs11/libtpm2_pkcs11.so")
	// Sockets have short names only.
	short, err := os.MkdirTemp("", "tpm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	tpm, bus := filepath.Join(short, "s"), filepath.Join(short, "bus")
	address := "unix:path=" + bus
	l.daemon(nil, "swtpm", "socket", "--tpm2", "--tpmstate", "dir="+l.mkdir("tpm"), "--server", "type=unixio,path="+tpm,
		"--ctrl", "type=unixio,path="+tpm+".ctrl", "--flags", "not-need-init,startup-clear")
	l.daemon(nil, "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--config-file="+l.file("bus.conf", `<busconfig>
<type>session</type><listen>`+address+`</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`))
	l.until("swtpm", func() bool { return listens(tpm) && listens(bus) })
	l.daemon([]string{"DBUS_SESSION_BUS_ADDRESS=" + address}, "/usr/sbin/tpm2-abrmd", "--session", "--allow-root", "--tcti=swtpm:path="+tpm)
	l.env = map[string]string{"DBUS_SESSION_BUS_ADDRESS": address, "TPM2_PKCS11_STORE": l.mkdir("store"),
		"TPM2_PKCS11_TCTI": "tabrmd:bus_type=session", "TPM2_PKCS11_LOG_LEVEL": "0"}
	l.until("tpm2-abrmd", func() bool { return l.tool("--show-info").Run() == nil })
	return l
}

// cardLab has an emulated card, blank, behind a pcscd of its own and OpenSC.
func cardLab(t testing.TB) *testLab {
	l := newTestLab(t)
	cards, err := lab.Start(l.mkdir("pcsc"), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cards.Close)
	l.module = lab.OpenSC
	// As OpenSC calls the slots of a card with that label.
	l.labels = map[string]string{plan.Default: "My Token Label (User PIN)", plan.Signature: "My Token Label (Signature PIN)"}
	delete(l.fresh, plan.Signature)
	l.env["PATH"] = os.Getenv("PATH") // for the hook
	for _, v := range cards.Env() {
		name, value, _ := strings.Cut(v, "=")
		l.env[name] = value
	}
	showBlankCards(t, cards)
	l.hook, l.hooked = l.file("initialise", initialiseHook), "hooked"
	if err := os.Chmod(l.hook, 0o700); err != nil {
		t.Fatal(err)
	}
	l.file("inscribe.toml", hookedProfile)
	l.secrets["SO_PIN"] = "12345678"
	return l
}

// station writes station.toml. With the name of a log the spy stands before the
// module; without one the module is alone, and names its profile itself if it can.
func (l *testLab) station(spy string) string {
	env, module := maps.Clone(l.env), l.module
	if spy != "" {
		env["PKCS11SPY"], env["PKCS11SPY_OUTPUT"], module = l.module, spy, library(l, "pkcs11-spy.so")
	}
	var b strings.Builder
	for _, name := range []string{"yourMiddleware.dll", "cvP11.dll"} {
		fmt.Fprintf(&b, "[middleware.%q]\nmodule = %q\ndefault.token = %q\nsignature.token = %q\n", name, module, l.labels[plan.Default], l.labels[plan.Signature])
		if spy != "" || l.nameless {
			fmt.Fprintf(&b, "profile = %q\n", l.profile)
		}
		if l.init != "" {
			fmt.Fprintf(&b, "init = %q\n", l.init)
		}
		if l.hook != "" {
			fmt.Fprintf(&b, "[middleware.%q.hook]\ninitialise = [%q]\n", name, l.hook)
		}
		fmt.Fprintf(&b, "[middleware.%q.env]\n", name)
		for _, name := range slices.Sorted(maps.Keys(env)) {
			fmt.Fprintf(&b, "%s = %q\n", name, env[name])
		}
	}
	return l.file("station.toml", b.String())
}

// initialise makes the token of the default slot what the tasks make of a fresh
// one, and where it is one card the signature slot with it.
func (l *testLab) initialise() {
	l.Helper()
	fresh := l.fresh[plan.Default]
	if fresh == "" {
		return
	}
	args := []string{"apply", example(l, "09-initialise.dsc"), "--token", fresh, "--field", "PIN_FIELD=env:PIN", "--field", "PUK_FIELD=env:PUK"}
	if l.hooked != "" {
		args = append([]string{"apply", l.file("initialise.dsc", initByHook), "--token", fresh, "--profile", l.hooked, "--yes"}, initByHookFields...)
	}
	if o := l.run(args...); o.code != exitOK {
		l.Fatal(o)
	}
}

// run runs the command in the lab.
func (l *testLab) run(args ...string) outcome {
	l.Helper()
	c := l.inscribe(args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	return (&machine{TB: l.TB}).outcome(c.Run(), &stdout, &stderr)
}

// inscribe is the command in the lab, ready to start.
func (l *testLab) inscribe(args ...string) *osexec.Cmd {
	c := l.command(nil, "inscribe", args...)
	c.Dir = l.dir
	c.Env = append(c.Env, "INSCRIBE_STATION="+filepath.Join(l.dir, "station.toml"), "XDG_STATE_HOME="+filepath.Join(l.dir, "state"),
		"HOME="+l.dir, "NO_COLOR=1")
	for name, value := range l.secrets {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

func (l *testLab) command(env map[string]string, name string, args ...string) *osexec.Cmd {
	all := append(append(slices.Clone(l.within), name), args...)
	c := osexec.Command(all[0], all[1:]...)
	c.Env = append(os.Environ(), "LC_ALL=C")
	for name, value := range env {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// tool is pkcs11-tool on the module.
func (l *testLab) tool(args ...string) *osexec.Cmd {
	return l.command(l.env, "pkcs11-tool", append([]string{"--module", l.module}, args...)...)
}

// on runs pkcs11-tool on a token under the user's login.
func (l *testLab) on(token, pin string, args ...string) ([]byte, error) {
	c := l.tool(append([]string{"--token-label", token, "--login", "--pin", pin}, args...)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("pkcs11-tool %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, err
}

// opens reports whether the user's PIN opens a token. It shows no PIN that is
// wrong to a token that counts: callers ask for the right one.
func (l *testLab) opens(token, pin string) error {
	if l.certutil != nil {
		_, err := l.keys(token, pin)
		return err
	}
	_, err := l.on(token, pin, "--list-objects")
	return err
}

var certutilKey = regexp.MustCompile(`(?m)^<\s*\d+>\s+(\w+)\s+([0-9a-f]+)\s+(.*)$`)

// keys lists the private keys of a database.
func (l *testLab) keys(token, pin string) ([]object, error) {
	out, err := osexec.Command("certutil", "-K", "-d", "sql:"+l.certutil[token], "-f", l.file("pin", pin)).CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte("no keys found")) {
		return nil, fmt.Errorf("certutil: %w\n%s", err, out)
	}
	var keys []object
	for _, m := range certutilKey.FindAllStringSubmatch(string(out), -1) {
		_, label, ok := strings.Cut(m[3], ":")
		if !ok {
			label = m[3]
		}
		keys = append(keys, object{kind: "private", key: m[1], id: m[2], label: strings.TrimSpace(label)})
	}
	return keys, nil
}

// certificate reads the one certificate of a label.
func (l *testLab) certificate(token, pin, label string) (der []byte, id string, err error) {
	if l.certutil != nil {
		der, err = osexec.Command("certutil", "-L", "-d", "sql:"+l.certutil[token], "-n", label, "-r").Output()
		return der, "", err
	}
	out, err := l.on(token, pin, "--list-objects", "--type", "cert")
	if err != nil {
		return nil, "", err
	}
	var found []object
	for _, o := range parseObjects(string(out)) {
		if o.label == label {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		return nil, "", fmt.Errorf("%d certificates %q on %s:\n%s", len(found), label, token, out)
	}
	der, err = l.on(token, pin, "--read-object", "--type", "cert", "--id", found[0].id)
	return der, found[0].id, err
}

// private finds the private keys of a label.
func (l *testLab) private(token, pin, label string) (ids []string, err error) {
	var all []object
	if l.certutil != nil {
		all, err = l.keys(token, pin)
	} else {
		var out []byte
		out, err = l.on(token, pin, "--list-objects", "--type", "privkey")
		all = parseObjects(string(out))
	}
	for _, o := range all {
		if o.label == label {
			ids = append(ids, o.id)
		}
	}
	return ids, err
}
