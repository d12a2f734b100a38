//go:build cgo && linux

package main

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"inscribe/exec/host"
	"inscribe/exec/pkcs11"
)

// The scripts and tests run the command as it is, see buildCommand, or main itself, from a
// program file of its own, so that the module host is a child with the hidden argument
// as in a real installation.
func TestMain(m *testing.M) {
	// A test that starts a module in this process gets this binary as its host.
	if len(os.Args) == 2 && os.Args[1] == host.Arg {
		os.Exit(pkcs11.Serve())
	}
	testscript.Main(withCleanUp{m}, map[string]func(){
		"inscribe": func() {
			_, _ = syscall.Setsid() // see away
			main()
		},
	})
}

// withCleanUp removes what tests share, once all have run.
type withCleanUp struct{ *testing.M }

func (m withCleanUp) Run() int {
	// What the tests start is not to ignore what they send, though they may have been
	// started so themselves: a signal that is heard here has its default there.
	hear := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(hear, s)
		}
	}
	if err := buildCommand(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.M.Run()
	if len(tortured.keys) > 0 && os.Getenv(tortureVariable) != "" {
		tortured.print()
	}
	_ = os.RemoveAll(sharedDir)
	return code
}

// TestScripts runs testdata/script/*.txtar. Beside the usual commands there are:
//
//	softhsm                     make the tokens CARD and SIGN, and station.toml
//	softhsm LABEL PIN SOPIN     make one more token
//	exits N COMMAND…            run it; the exit code must be N
//	pkcs11 ARGUMENT…            run pkcs11-tool on the module
//	holds TOKEN PIN KIND=N…     pkcs11-tool finds N objects: private, public, cert
//	pair TOKEN PIN LABEL KEY    key and certificate of the label are what they must be
//	[!] opens TOKEN user|so PIN that PIN opens the token
func TestScripts(t *testing.T) {
	needTools(t)
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			examples, err := filepath.Abs("../../testdata/examples")
			if err != nil {
				return err
			}
			e.Setenv("EX", examples)
			for name, value := range environment(e.WorkDir) {
				e.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"softhsm": scriptSoftHSM,
			"exits":   scriptExits,
			"pkcs11":  scriptPKCS11,
			"holds":   scriptHolds,
			"pair":    scriptPair,
			"opens":   scriptOpens,
		},
	})
}

func scriptReader(ts *testscript.TestScript) reader { return reader{ts.Getenv("SOFTHSM2_CONF")} }

func scriptSoftHSM(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg || len(args) != 0 && len(args) != 3:
		ts.Fatalf("usage: softhsm [LABEL PIN SOPIN]")
	case len(args) == 3:
		ts.Check(scriptReader(ts).makeToken(testToken{args[0], args[1], args[2]}))
	default:
		work := ts.Getenv("WORK")
		ts.Check(makeSoftHSM(work, cardAndSign()...))
		ts.Check(os.WriteFile(filepath.Join(work, "station.toml"), []byte(stationTOML), 0o600))
	}
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *osexec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptPKCS11(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("pkcs11-tool", append([]string{"--module", module}, args...)...)
	if (err != nil) != neg {
		ts.Fatalf("pkcs11-tool: %v", err)
	}
}

func scriptHolds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: holds TOKEN PIN KIND=N…")
	}
	objects, err := scriptReader(ts).objects(args[0], args[1])
	ts.Check(err)
	for _, a := range args[2:] {
		kind, n, _ := strings.Cut(a, "=")
		if want, err := strconv.Atoi(n); err != nil || count(objects, kind) != want {
			ts.Fatalf("%s holds %d %s objects, want %s:\n%v", args[0], count(objects, kind), kind, n, objects)
		}
	}
}

func scriptPair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: pair TOKEN PIN LABEL KEY")
	}
	ts.Check(scriptReader(ts).pair(args[0], args[1], args[2], args[3]))
}

func scriptOpens(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: [!] opens TOKEN user|so PIN")
	}
	opens, err := scriptReader(ts).opens(args[0], args[1], args[2])
	ts.Check(err)
	if opens == neg {
		ts.Fatalf("%s of %s opens the token: %v", args[1], args[0], opens)
	}
}

// needTools fails, with the way out, where the tests have nothing to work with.
// They are never skipped: a run without them would prove nothing.
func needTools(t testing.TB) {
	t.Helper()
	missing := func(what string) {
		t.Fatalf("%s is missing, and these tests run on real tokens: run \"make setup\"", what)
	}
	if _, err := os.Stat(module); err != nil {
		missing(module)
	}
	for _, tool := range []string{"softhsm2-util", "pkcs11-tool", "openssl", "gcc"} {
		if _, err := osexec.LookPath(tool); err != nil {
			missing(tool)
		}
	}
}

// environment is what the command sees in a work folder, beside PATH. The PINs
// of the tokens are there for env: values.
func environment(work string) map[string]string {
	env := map[string]string{
		"MODULE":           module,
		"SOFTHSM2_CONF":    filepath.Join(work, "softhsm2.conf"),
		"INSCRIBE_STATION": filepath.Join(work, "station.toml"),
		"XDG_STATE_HOME":   filepath.Join(work, "state"),
		"XDG_CONFIG_HOME":  filepath.Join(work, "config"),
		"HOME":             work,
		"NO_COLOR":         "1",
	}
	for _, t := range cardAndSign() {
		env[t.label+"_PIN"], env[t.label+"_PUK"] = t.pin, t.so
	}
	return env
}

// stationTOML is the station of a machine whose two tokens stand for the two
// slots of the card. It is found by its folder, so it needs no path in it.
const stationTOML = `[middleware."yourMiddleware.dll"]
module = "` + module + `"
default.token = "CARD"
signature.token = "pkcs11:token=SIGN"
`

func cardAndSign() []testToken {
	return []testToken{{"CARD", "1234", "11112222"}, {"SIGN", "5678", "33334444"}}
}

func count(objects []object, kind string) int {
	n := 0
	for _, o := range objects {
		if o.kind == kind {
			n++
		}
	}
	return n
}

func (o object) String() string {
	return fmt.Sprintf("%s %q id %s (%s) %s\n", o.kind, o.label, o.id, o.key, o.access)
}
