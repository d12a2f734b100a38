//go:build cgo && linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// initialiseOne makes CARD anew by the station's command, with a key.
const initialiseOne = `[Fields]
SO=
PIN=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=A
InitToken=true
InitialLabel=#CARD
SetPIN=true
InitialPUK=SO
PIN=PIN

[Application_A]
ECCurve=P-256
CertTempl=logon
`

// remake is a station's command that makes a software token anew.
const remake = `softhsm2-util --init-token --serial "$INSCRIBE_SERIAL" --label "$INSCRIBE_LABEL" --so-pin "$(cat <&3)" --pin "$(cat <&4)"
`

// hooked gives a machine whose station makes tokens by a shell script, and the arguments
// that have it make CARD.
func hooked(t testing.TB, script string) (*machine, []string) {
	m := newMachine(t)
	m.file("inscribe.toml", strings.Replace(hookedProfile, `"opensc"`, `"softhsm"`, 1))
	m.hook(script)
	return m, []string{"apply", m.file("x.dsc", initialiseOne), "--profile", "hooked", "--yes", "--field", "SO=env:CARD_PUK", "--field", "PIN=env:CARD_PIN"}
}

// hook sets the station's command.
func (m *machine) hook(script string) {
	path := m.file("initialise", "#!/bin/sh -e\n"+script)
	if err := os.Chmod(path, 0o700); err != nil {
		m.Fatal(err)
	}
	m.station = stationTOML + "[middleware.\"yourMiddleware.dll\".hook]\ninitialise = [\"" + path + "\"]\n"
}

// appears waits for a file in the machine's folder.
func (m *machine) appears(name string) {
	m.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(m.dir, name)); err == nil {
			return
		}
	}
	m.Fatalf("there is no %s", name)
}

// TestHookHoldsTheCard: a command of the station outlives an inscribe that is killed, and
// nobody is let at the card until it has ended, and what it started.
func TestHookHoldsTheCard(t *testing.T) {
	t.Parallel()
	m, args := hooked(t, "")
	wait := "until [ -e go ]; do sleep 0.05; done\n"
	for _, script := range []string{
		"exec >out 2>&1 # a pipe that nobody reads would end it\necho >begun\n" + wait + remake + "echo >ended\n",
		"so=$(cat <&3) pin=$(cat <&4)\n(\nexec 3<<A 4<<B\n$so\nA\n$pin\nB\n" + wait + remake + "echo >ended\n) >/dev/null 2>&1 &\necho >begun\n",
	} {
		for _, old := range []string{"begun", "go", "ended"} {
			_ = os.Remove(filepath.Join(m.dir, old))
		}
		m.hook(script)
		c, end := m.start(args...)
		m.appears("begun")
		_ = c.Process.Kill()
		_ = end()
		m.hook(remake)
		m.must(exitRefused, args, "another inscribe is at work on this token", "station's command that it started")
		m.must(exitRefused, append(args, "--state", m.dir+"/other user"), "by a command of process ", "that goes on without it")
		m.file("go", "")
		m.appears("ended")
		m.must(exitOK, args, "3 written")
		m.holds("CARD", "1234", 1, 1, 1)
	}
}

// TestHookIsWaitedForAsAWhole: what a command leaves at work in the background belongs to
// it, whether it prints or not.
func TestHookIsWaitedForAsAWhole(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"", " >/dev/null 2>&1"} {
		m, args := hooked(t, "so=$(cat <&3) pin=$(cat <&4)\n(sleep 2; exec 3<<A 4<<B\n$so\nA\n$pin\nB\n"+remake+"echo >ended)"+to+" &\n")
		m.must(exitOK, args, "written")
		if _, err := os.Stat(filepath.Join(m.dir, "ended")); err != nil {
			t.Error("the run went on beside what the command started")
		}
		m.holds("CARD", "1234", 1, 1, 1)
	}
}

// TestHookIsToldAnswers: the PIN that the station's command sets may be asked for, by the
// vendor's own form of a dialog.
func TestHookIsToldAnswers(t *testing.T) {
	t.Parallel()
	m, args := hooked(t, remake)
	args[1] = m.file("x.dsc", strings.NewReplacer("PIN=\n\n", "\n", "PIN=PIN", "PIN=!FROM_USER_DIALOG_2_FIELD").Replace(initialiseOne))
	args = args[:len(args)-2]
	m.env["SHORT"], m.env["ANOTHER"] = "123", "4321"
	m.must(exitRefused, append(slices.Clone(args), "--answer", "PIN=env:SHORT"), "the new value asked for PIN has fewer than 4")
	m.holds("CARD", "1234", 0, 0, 0)
	m.must(exitOK, append(slices.Clone(args), "--answer", "PIN=env:ANOTHER"), "3 written")
	m.holds("CARD", "4321", 1, 1, 1)
	term := m.onTerminal(args...)
	term.expect("New PIN of the default slot")
	term.enter("5678")
	term.expect("The same again")
	term.enter("5678")
	if o := term.ends(); o.code != exitOK {
		t.Fatal(o)
	}
	m.holds("CARD", "5678", 1, 1, 1)
}

// TestInterruptLeavesNoTryOfTheHook: a command of the station that did its work during an
// interrupt is taken for what it did, and the SO PIN that it showed counts for no wrong one.
func TestInterruptLeavesNoTryOfTheHook(t *testing.T) {
	t.Parallel()
	m, args := hooked(t, "echo >begun\nuntil [ -e go ]; do sleep 0.05; done\n"+remake)
	m.file("inscribe.toml", strings.Replace(hookedProfile, `"opensc"`, `"softhsm"`, 1)+`fact.pin-locks = { is = true, source = "this test" }
fact.honest-so-flags = { is = false, source = "this test" }
`)
	for range 3 { // the third would be the last try
		for _, old := range []string{"begun", "go"} {
			_ = os.Remove(filepath.Join(m.dir, old))
		}
		c, end := m.start(append(args, "--abandon")...)
		m.appears("begun")
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		m.file("go", "")
		if o := end(); o.code != exitDevice || !strings.Contains(o.stderr, "interrupted before this op; nothing is half done") {
			t.Fatal(o)
		}
		if o := m.must(exitOK, []string{"tokens", "--module", module}); strings.Contains(o.stdout, "wrong") {
			t.Fatal(o)
		}
	}
	m.hook("exit 1\n") // it is not run again
	m.must(exitOK, args, "2 written")
	m.holds("CARD", "1234", 1, 1, 1)
}
