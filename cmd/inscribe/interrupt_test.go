//go:build cgo && linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// threeKeys puts two certificates of one template, and so of one label, into the
// default slot and one into the signature slot.
const threeKeys = `[Fields]
CARD=
SIGN=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=ABC
PIN=CARD
SignPIN=SIGN

[Application_A]
ECCurve=P-256
CertTempl=auth

[Application_B]
ECCurve=P-256
CertTempl=auth

[Application_C]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

// TestKilledAnywhere ends the command, as a power cut would, at each call that
// changes a token: before it, and after it was done. The same command must then
// bring the tokens to where an undisturbed run would have brought them. Each third
// call is taken, and every one under make torture.
func TestKilledAnywhere(t *testing.T) {
	step := 3
	if torture(t).whole() {
		step = 1
	}
	for n := step; n <= callsOf(t, threeKeys, "CARD=env:CARD_PIN", "SIGN=env:SIGN_PIN"); n += step {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprint(n, when), func(t *testing.T) {
				t.Parallel()
				counts(t, "three keys, in order", "killed "+when+" the change")
				m := newMachine(t)
				args := []string{"apply", m.file("x.dsc", threeKeys), "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
				call := m.killed(n, when, args)
				m.must(0, args, "Applied x.dsc")
				card, sign := m.holds("CARD", "1234", 2, 2, 2), m.holds("SIGN", "5678", 1, 1, 1)
				for _, objects := range [][]object{card, sign} {
					m.coherent(objects)
				}
				if t.Failed() {
					t.Logf("killed %s %s", when, call)
				}
				m.must(0, args, "nothing to do")
				m.holds("CARD", "1234", 2, 2, 2)
			})
		}
	}
}

// callsOf counts the calls of an undisturbed run that the shim can end.
func callsOf(t *testing.T, description string, fields ...string) int {
	t.Helper()
	m := newMachine(t)
	args := []string{"apply", m.file("x.dsc", description), "--yes"}
	for _, f := range fields {
		args = append(args, "--field", f)
	}
	m.moduleEnv["SHIM_LOG"] = m.dir + "/calls"
	m.must(0, args)
	return len(m.calls())
}

// calls are the calls that the shim noted.
func (m *machine) calls() []string {
	m.Helper()
	b, err := os.ReadFile(m.dir + "/calls")
	if err != nil {
		m.Fatal(err)
	}
	return strings.Fields(string(b))
}

// killed runs the command and ends it at its nth call. It gives the call's name
// and leaves the machine with the module alone.
func (m *machine) killed(n int, when string, args []string) string {
	m.Helper()
	m.moduleEnv = map[string]string{"SHIM_LOG": m.dir + "/calls", "SHIM_KILL": fmt.Sprintf("%d:%s", n, when)}
	if o := m.run(args...); o.code != -1 {
		m.Fatalf("was not killed at call %d: %s", n, o)
	}
	calls := m.calls()
	if len(calls) != n {
		m.Fatalf("killed after %d calls, want %d", len(calls), n)
	}
	m.moduleEnv = map[string]string{}
	return calls[n-1]
}

// coherent demands that each certificate has its key pair, and that they belong
// together.
func (m *machine) coherent(objects []object) {
	m.Helper()
	m.coherentOn("", objects)
}

// coherentOn is that of one of several pairs of tokens, whose labels end so.
func (m *machine) coherentOn(pair string, objects []object) {
	m.Helper()
	for _, cert := range objects {
		if cert.kind != "cert" {
			continue
		}
		of := func(kind string) object {
			i := slices.IndexFunc(objects, func(o object) bool { return o.kind == kind && o.id == cert.id })
			if i < 0 {
				m.Errorf("there is no %s key for %v", kind, cert)
				return object{}
			}
			return objects[i]
		}
		private, public := of("private"), of("public")
		if private.label != cert.label || public.label != cert.label {
			m.Errorf("the labels differ: %v", []object{private, public, cert})
		}
		token, pin := "CARD"+pair, "1234"
		if cert.label == "sig" {
			token, pin = "SIGN"+pair, "5678"
		}
		if err := m.belong(token, pin, "EC EC_POINT 256 bits", private, public, cert); err != nil {
			m.Error(err)
		}
	}
}

// TestKilledWhilePINsChange ends the example that sets PIN and PUK of the
// signature slot at each of its calls. Where nobody can know which PUK holds,
// nothing is tried and the next run says so; else it ends as if undisturbed.
func TestKilledWhilePINsChange(t *testing.T) {
	description := example(t, "07-change-signature-puk.dsc")
	args := func(old string) []string {
		return []string{"apply", description, "--field", "OLD_SIGN_PUK=env:" + old, "--field", "NEW_SIGN_PUK=env:NEW_PUK", "--field", "NEW_SIGN_PIN=env:NEW_PIN"}
	}
	for n := 1; n <= 5; n++ {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprint(n, when), func(t *testing.T) {
				t.Parallel()
				counts(t, "PUK and PIN, in order", "killed "+when+" the change")
				m := newMachine(t)
				m.env["NEW_PUK"], m.env["NEW_PIN"] = "55556666", "9988"
				call := m.killed(n, when, args("SIGN_PUK"))
				m.moduleEnv["SHIM_LOG"] = m.dir + "/calls2"
				o := m.run(args("SIGN_PUK")...)
				if call == "C_SetPIN" {
					if o.code != exitRefused || !strings.Contains(o.stderr, "which one holds is not known") || !strings.Contains(o.stderr, "--abandon") {
						t.Fatalf("killed %s %s: %s", when, call, o)
					}
					if _, err := os.Stat(m.dir + "/calls2"); err == nil {
						b, _ := os.ReadFile(m.dir + "/calls2")
						if strings.Contains(string(b), "C_SetPIN") {
							t.Errorf("a value was tried all the same: %s", b)
						}
					}
					// Whoever looks finds out, and goes on.
					holds := "SIGN_PUK"
					if when == "after" {
						holds = "NEW_PUK"
					}
					m.opened(true, "SIGN", "so", m.env[holds])
					o = m.run(append(args(holds), "--abandon")...)
				}
				if o.code != exitOK {
					t.Fatalf("killed %s %s: %s", when, call, o)
				}
				m.opened(true, "SIGN", "user", "9988")
				m.opened(false, "SIGN", "user", "5678")
				m.opened(true, "SIGN", "so", "55556666")
				m.opened(false, "SIGN", "so", "33334444")
			})
		}
	}
}

// TestKilledWhileThePINChanges ends a change of the user PIN at each of its calls:
// the next run finds out by one login which PIN holds, and ends with the new one.
func TestKilledWhileThePINChanges(t *testing.T) {
	description := filepath.Join(t.TempDir(), "change.dsc")
	text := "[Encoding]\nType=1024,Chip\n[Description]\nPKCS11Library=yourMiddleware.dll\nSetPIN=true\nPIN=!FROM_USER_DIALOG_3_FIELD\n"
	if err := os.WriteFile(description, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprint(n, when), func(t *testing.T) {
				t.Parallel()
				counts(t, "PIN, in order", "killed "+when+" the change")
				m := newMachine(t)
				m.env["OLD_PIN"], m.env["NEW_PIN"] = "1234", "9988"
				args := []string{"apply", description, "--answer", "PIN.old=env:OLD_PIN", "--answer", "PIN=env:NEW_PIN"}
				call := m.killed(n, when, args)
				if o := m.run(args...); o.code != exitOK {
					t.Fatalf("killed %s %s: %s", when, call, o)
				}
				m.opened(true, "CARD", "user", "9988")
				m.opened(false, "CARD", "user", "1234")
			})
		}
	}
}

// labelled is a profile for an inscribe.toml by which labels tell tokens apart.
const labelled = "[profile.labelled]\ninherits = \"softhsm\"\ntitle = \"as if serial numbers were not unique\"\nfact.unique-serial = { is = false, source = \"this test\" }\n"

// TestKilledWhileInitialising ends the initialisation of a token that is in use at each
// of its calls. The label changes on the way: the run goes on with the token, be it
// chosen by its serial number or by the old label, and be it the label that tells
// tokens apart.
func TestKilledWhileInitialising(t *testing.T) {
	description, err := os.ReadFile(example(t, "09-initialise.dsc"))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 4; n++ {
		for _, when := range []string{"before", "after"} {
			for _, by := range []string{"serial", "old label", "serial beside label", "old label alone"} {
				t.Run(fmt.Sprint(n, when, by), func(t *testing.T) {
					t.Parallel()
					counts(t, "initialisation, in order", "killed "+when+" the change")
					m := newMachine(t)
					m.file("x.dsc", string(description))
					token := "CARD"
					if strings.HasPrefix(by, "serial") {
						token = "pkcs11:serial=" + m.serial("CARD")
					}
					args := []string{"apply", "x.dsc", "--yes", "--token", token, "--field", "PIN_FIELD=env:NEW_PIN", "--field", "PUK_FIELD=env:CARD_PUK"}
					if strings.Contains(by, " beside ") || strings.Contains(by, " alone") {
						m.file("inscribe.toml", labelled)
						args = append(args, "--profile", "labelled")
					}
					m.env["NEW_PIN"] = "9988"
					call := m.killed(n, when, args)
					if o := m.run(args...); o.code != exitOK {
						t.Fatalf("killed %s %s: %s", when, call, o)
					}
					m.opened(true, "My Token Label", "user", "9988")
					m.opened(true, "My Token Label", "so", "11112222")
					m.opened(true, "SIGN", "user", "5678")
					if left, err := filepath.Glob(filepath.Join(m.dir, "state", "*", "runs", "open", "*")); err != nil || len(left) > 0 {
						t.Errorf("unfinished runs: %v, %v", left, err)
					}
				})
			}
		}
	}
}

// TestKilledOnAFreshToken ends the initialisation of a fresh token at each of its
// calls: "fresh" said again goes on with that token, and takes no other.
func TestKilledOnAFreshToken(t *testing.T) {
	description := example(t, "09-initialise.dsc")
	for n := 1; n <= 4; n++ {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprint(n, when), func(t *testing.T) {
				t.Parallel()
				m := newMachine(t)
				m.env["NEW_PIN"], m.env["NEW_PUK"] = "9988", "77776666"
				args := []string{"apply", description, "--yes", "--token", "fresh", "--field", "PIN_FIELD=env:NEW_PIN", "--field", "PUK_FIELD=env:NEW_PUK"}
				call := m.killed(n, when, args)
				if o := m.run(args...); o.code != exitOK {
					t.Fatalf("killed %s %s: %s", when, call, o)
				}
				m.opened(true, "My Token Label", "user", "9988")
				out, err := m.reader.command("pkcs11-tool", "--module", module, "-L").Output()
				if err != nil {
					t.Fatal(err)
				}
				if made := strings.Count(string(out), "token label        : My Token Label"); made != 1 {
					t.Errorf("killed %s %s: %d tokens were initialised\n%s", when, call, made, out)
				}
				if left, err := filepath.Glob(filepath.Join(m.dir, "state", "*", "runs", "open", "*")); err != nil || len(left) > 0 {
					t.Errorf("unfinished runs: %v, %v", left, err)
				}
			})
		}
	}
}

// serial is the serial number of a token, as the token list of pkcs11-tool has
// it.
func (m *machine) serial(label string) string {
	m.Helper()
	out, err := m.reader.command("pkcs11-tool", "--module", module, "-L").Output()
	if err != nil {
		m.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch strings.TrimSpace(name) {
		case "token label":
			found = strings.TrimSpace(value) == label
		case "serial num":
			if found {
				return strings.TrimSpace(value)
			}
		}
	}
	m.Fatalf("no token %s:\n%s", label, out)
	return ""
}

const oneKey = `[Fields]
CARD=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=A
PIN=CARD

[Application_A]
ECCurve=P-256
CertTempl=auth
`

// start starts the command and gives a function that waits for its end.
func (m *machine) start(args ...string) (*osexec.Cmd, func() outcome) {
	m.Helper()
	c := m.command(args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		m.Fatal(err)
	}
	ended := false
	m.Cleanup(func() {
		if !ended {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	return c, func() outcome {
		m.Helper()
		err := c.Wait()
		ended = true
		return m.outcome(err, &stdout, &stderr)
	}
}

// event waits until the events of a running command have one with all the texts.
func (m *machine) event(file string, texts ...string) {
	m.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		b, _ := os.ReadFile(file)
		for line := range strings.Lines(string(b)) {
			has := strings.HasSuffix(line, "\n")
			for _, s := range texts {
				has = has && strings.Contains(line, s)
			}
			if has {
				return
			}
		}
	}
	m.Fatalf("no event with %v in %s", texts, file)
}

// inCall waits until n modules of the shim, which log to $SHIM_LOG, are in a call.
func (m *machine) inCall(name string, n int) {
	m.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if b, _ := os.ReadFile(m.moduleEnv["SHIM_LOG"]); strings.Count(string(b), name+"\n") >= n {
			return
		}
	}
	m.Fatalf("%s was not called %d times", name, n)
}

// TestKilledByEvent kills the command the moment its events tell of an op, with
// the module itself and without the shim.
func TestKilledByEvent(t *testing.T) {
	for _, at := range [][]string{{`"reqcert"`, `"start"`}, {`"genkey"`, `"C"`, `"start"`}, {`"putcert"`, `"A"`, `"done"`}} {
		t.Run(strings.Join(at, " "), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			args := []string{"apply", m.file("x.dsc", threeKeys), "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
			events := m.dir + "/events"
			c, wait := m.start(append(args, "--events", events)...)
			m.event(events, at...)
			_ = c.Process.Kill()
			if o := wait(); o.code != -1 && o.code != exitOK { // it may have been faster
				t.Fatal(o)
			}
			m.must(exitOK, args)
			for _, want := range []struct {
				token, pin string
				n          int
			}{{"CARD", "1234", 2}, {"SIGN", "5678", 1}} {
				objects, err := m.objects(want.token, want.pin)
				if err != nil {
					t.Fatal(err)
				}
				// SoftHSM2 writes an object in steps. What a kill leaves of one has
				// neither label nor CKA_ID, and no caller can tell whose it is.
				objects = slices.DeleteFunc(objects, func(o object) bool { return o.id == "" && (o.label == "" || o.label == "<empty>") })
				if len(objects) != 3*want.n || count(objects, "cert") != want.n {
					t.Fatalf("%s holds other than %d key pairs with certificates:\n%v", want.token, want.n, objects)
				}
				m.coherent(objects)
			}
		})
	}
}

// TestInterrupt sends an interrupt, as the key of a terminal does, during a call that
// takes long: the run says at once what it waits for, the call is brought to its end,
// the run says how to go on, and it does go on with the key that was made.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}
	m.moduleEnv["SHIM_SLOW"], m.moduleEnv["SHIM_LOG"] = "7000", m.dir+"/calls"
	events := m.dir + "/events"
	c, wait := m.start(append(args, "--events", events)...)
	m.event(events, `"genkey"`, `"start"`)
	m.inCall("C_GenerateKeyPair", 1)
	// To the whole group, as a terminal would; the module host is not in it.
	if err := syscall.Kill(-c.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	o := wait()
	if o.code != exitDevice || !strings.Contains(o.stderr, "interrupted") || !strings.Contains(o.stderr, "run the same command again to go on") {
		t.Errorf("says nothing of going on: %s", o)
	}
	if !strings.Contains(o.stderr, "waiting for C_GenerateKeyPair to end, at most 1m0s; a second Ctrl-C stops the module") {
		t.Errorf("says nothing of what it waits for: %s", o)
	}
	m.nothingOfContexts(o.stdout+o.stderr, m.dir)
	// That the key is there shows that the call was not torn off.
	key := m.holds("CARD", "1234", 1, 1, 0)
	m.moduleEnv = map[string]string{}
	m.must(exitOK, args, "Applied x.dsc")
	after := m.holds("CARD", "1234", 1, 1, 1)
	m.coherent(after)
	point := func(objects []object) string {
		return objects[slices.IndexFunc(objects, func(o object) bool { return o.kind == "public" })].point
	}
	if point(key) != point(after) {
		t.Error("the key was made anew")
	}
}

// TestHangUp takes the terminal away during a call: the call is brought to its end,
// the report says where it ended, and the same command goes on with the key that was made.
func TestHangUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}
	m.moduleEnv["SHIM_SLOW"] = "4000"
	report := filepath.Join(m.dir, "report.json")
	term := m.atTerminal(true, append(args, "--report", report)...)
	term.expect("generate a key pair on P-256")
	term.expect("… 1 s")
	if err := term.master.Close(); err != nil {
		t.Fatal(err)
	}
	if o := term.ends(); o.code != exitDevice {
		t.Fatal(o)
	}
	if b, err := os.ReadFile(report); err != nil || !strings.Contains(string(b), "not called: interrupted") {
		t.Errorf("the report does not say what was: %v\n%s", err, b)
	}
	m.holds("CARD", "1234", 1, 1, 0)
	m.moduleEnv = map[string]string{}
	m.must(exitOK, []string{"tokens"}, "x.dsc")
	m.must(exitOK, args, "Applied x.dsc")
	m.coherent(m.holds("CARD", "1234", 1, 1, 1))
}

// TestHangUpAtAPrompt takes the terminal away while somebody is asked.
func TestHangUpAtAPrompt(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	term := m.onTerminal("apply", m.file("x.dsc", oneKey), "--field", "CARD=prompt")
	term.expect("CARD: ")
	term.master.Close()
	// It is told of the end of its input and of the terminal at once.
	if o := term.ends(); o.code != exitDevice && o.code != exitRefused || !strings.Contains(o.stderr, "value of CARD: ") {
		t.Error(o)
	}
	m.opened(true, "CARD", "user", "1234")
}

// TestHangUpIsTheFirstInterrupt tells of a terminal that is gone as often as shell,
// system and session do, which stops no module; a SIGTERM does that with its second.
func TestHangUpIsTheFirstInterrupt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		signals []syscall.Signal
		stops   bool
	}{
		{"told twice", []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP}, false},
		{"with the session", []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGHUP}, false},
		{"before the session", []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM}, false},
		{"terminated", []syscall.Signal{syscall.SIGTERM}, false},
		{"terminated twice", []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGTERM}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			args := []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}
			m.moduleEnv["SHIM_SLOW"] = "4000"
			events := m.dir + "/events"
			cmd, wait := m.start(append(args, "--events", events)...)
			m.event(events, `"genkey"`, `"start"`)
			for _, s := range c.signals {
				time.Sleep(200 * time.Millisecond) // two at once are one
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			o := wait()
			if o.code != exitDevice || !strings.Contains(o.stderr, "run the same command again to go on") {
				t.Errorf("says nothing of going on: %s", o)
			}
			if stopped := strings.Contains(o.stderr, "was stopped in the middle of the call"); stopped != c.stops {
				t.Errorf("the module was stopped: %v; %s", stopped, o)
			}
			if !c.stops {
				m.holds("CARD", "1234", 1, 1, 0)
			}
			m.moduleEnv = map[string]string{}
			m.must(exitOK, args, "Applied x.dsc")
		})
	}
}

// TestIgnoredSignals goes on where whoever started the command has the signal ignored: a
// hang-up under nohup, an interrupt of a job that a shell has in the background. What is
// not ignored ends it.
func TestIgnoredSignals(t *testing.T) {
	t.Parallel()
	background := `"$0" "$@" & echo $! >pid.new; mv pid.new pid; wait $!`
	for _, c := range []struct {
		name    string
		start   []string
		signals []syscall.Signal
		code    int
	}{
		{"nohup", []string{"nohup"}, []syscall.Signal{syscall.SIGHUP}, exitOK},
		{"nohup, and interrupted", []string{"nohup"}, []syscall.Signal{syscall.SIGHUP, syscall.SIGINT}, exitDevice},
		{"in the background", []string{"sh", "-c", background}, []syscall.Signal{syscall.SIGINT, syscall.SIGINT, syscall.SIGINT}, exitOK},
		{"in the background, and terminated", []string{"sh", "-c", background}, []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, exitDevice},
		{"in the background, and hung up", []string{"sh", "-c", background}, []syscall.Signal{syscall.SIGINT, syscall.SIGHUP}, exitDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.moduleEnv["SHIM_SLOW"] = "2500"
			events := m.dir + "/events"
			args := []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}
			cmd := m.command(append(args, "--events", events)...)
			cmd.Args = append(c.start, cmd.Args...)
			path, err := osexec.LookPath(c.start[0])
			if err != nil {
				t.Fatal(err)
			}
			cmd.Path = path
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			m.event(events, `"genkey"`, `"start"`)
			pid := cmd.Process.Pid
			if c.start[0] == "sh" {
				b, err := os.ReadFile(m.dir + "/pid")
				if err == nil {
					pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range c.signals {
				if err := syscall.Kill(pid, s); err != nil {
					t.Fatal(err)
				}
				time.Sleep(200 * time.Millisecond)
			}
			if o := m.outcome(cmd.Wait(), &stdout, &stderr); o.code != c.code {
				t.Fatal(o)
			}
			m.moduleEnv = map[string]string{}
			if c.code != exitOK {
				m.holds("CARD", "1234", 1, 1, 0)
				m.must(exitOK, args)
			}
			m.holds("CARD", "1234", 1, 1, 1)
		})
	}
}

// TestNobodyListens ends whoever reads the outputs during a call: the run goes on.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.moduleEnv["SHIM_SLOW"] = "1500"
	events := m.dir + "/events"
	c := m.command("apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN", "--events", events)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = write, write
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	m.event(events, `"genkey"`, `"start"`)
	read.Close()
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	m.holds("CARD", "1234", 1, 1, 1)
}

// nothingOfContexts demands that the words of Go for an interrupt are neither in the
// text nor in a file below the folder.
func (m *machine) nothingOfContexts(text, dir string) {
	m.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, _ := os.ReadFile(path)
			text += string(b)
		}
		return err
	})
	if err != nil || strings.Contains(text, "context canceled") {
		m.Errorf("a user reads of contexts: %v\n%s", err, text)
	}
}

// TestSecondInterrupt stops a call that would go on for long, by the keys of a
// terminal, and the run can be gone on with.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}
	m.moduleEnv["SHIM_SLOW"] = "50000"
	term := m.atTerminal(true, append(args, "--report", m.dir+"/report.json")...)
	term.expect("generate a key pair on P-256")
	term.expect("… 1 s")
	term.keys("\x03")
	term.expect("interrupted; waiting for C_GenerateKeyPair to end, at most")
	term.expect("a second Ctrl-C stops the module")
	term.expect("… 2 s") // the line is there again
	begin := time.Now()
	term.keys("\x03")
	term.expect("interrupted: C_GenerateKeyPair: the module was stopped in the middle of the call")
	term.expect("run the same command again to go on")
	if o := term.ends(); o.code != exitDevice {
		t.Fatal(o)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %v to stop", took)
	}
	m.nothingOfContexts(term.shown.String(), m.dir)
	m.moduleEnv = map[string]string{}
	m.must(exitOK, args, "Applied x.dsc")
	m.coherent(m.holds("CARD", "1234", 1, 1, 1))
}

// TestInterruptOfTheHook keeps the first Ctrl-C from the station's command, which is
// brought to its end, and stops it with the second.
func TestInterruptOfTheHook(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		takes string
		keys  []string
		says  string
	}{{"3", []string{"\x03"}, "interrupted"}, {"60", []string{"\x03", "\x03"}, "the station's command"}} {
		m := newMachine(t)
		m.file("inscribe.toml", strings.Replace(hookedProfile, `"opensc"`, `"softhsm"`, 1))
		hook := m.file("initialise", "#!/bin/sh -e\necho >begun\nsleep "+c.takes+"\nsofthsm2-util --init-token --free --label \"$INSCRIBE_LABEL\" --so-pin $(cat <&3) --pin $(cat <&4)\n")
		if err := os.Chmod(hook, 0o700); err != nil {
			t.Fatal(err)
		}
		m.station = stationTOML + "[middleware.\"yourMiddleware.dll\".hook]\ninitialise = [\"" + hook + "\"]\n"
		raw, err := os.ReadFile(example(t, "09-initialise.dsc"))
		if err != nil {
			t.Fatal(err)
		}
		term := m.onTerminal("apply", m.file("x.dsc", string(raw)), "--profile", "hooked", "--yes", "--token", "fresh", "--field", "PIN_FIELD=env:SIGN_PIN", "--field", "PUK_FIELD=env:CARD_PUK")
		for end := time.Now().Add(15 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(filepath.Join(m.dir, "begun")); err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the command does not begin: %s", term.ends())
			}
		}
		for _, key := range c.keys {
			term.keys(key)
			time.Sleep(200 * time.Millisecond) // two at once are one
		}
		o := term.ends()
		if o.code != exitDevice || !strings.Contains(o.stderr, "waiting for the station's command to end, at most 10m0s; a second Ctrl-C stops it") || !strings.Contains(o.stderr, c.says) {
			t.Errorf("%v: %s", c.keys, o)
		}
		if len(c.keys) == 1 {
			m.opened(true, "My Token Label", "user", "5678")
		} else if !strings.Contains(o.stderr, "was stopped") {
			t.Errorf("the command goes on: %s", o)
		}
	}
}

// TestTwoAtOnce runs a second command on a token that one is at work on.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := []string{"apply", m.file("x.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}
	m.moduleEnv["SHIM_SLOW"] = "6000"
	m.env["WRONG"] = "9876"
	events := m.dir + "/events"
	_, wait := m.start(append(args, "--events", events)...)
	m.event(events, `"genkey"`, `"start"`)
	m.must(exitRefused, args, "another inscribe is at work on this token")
	// Nor is the token wiped, or a PIN shown to it.
	m.must(exitRefused, []string{"probe", module, "--token", "CARD", "--so-pin", "env:CARD_PUK", "--pin", "env:CARD_PIN", "--yes"}, "another inscribe is at work on this token")
	m.must(exitRefused, []string{"tokens", "--module", module, "--token", "CARD", "--pin", "env:WRONG"}, "another inscribe is at work on this token")
	m.must(exitRefused, []string{"verify", args[1], "--field", "CARD=env:WRONG"}, "another inscribe is at work on this token")
	// Another user has a state folder of their own.
	if runtime.GOOS == "linux" {
		m.must(exitRefused, append(slices.Clone(args), "--state", m.dir+"/other user"), "another inscribe is at work on this token, as process ")
	}
	m.must(exitOK, []string{"tokens", "--module", module}, `token "CARD"`)
	if o := wait(); o.code != exitOK {
		t.Fatal(o)
	}
	m.holds("CARD", "1234", 1, 1, 1)
}

// TestUnfinishedRunOfAnotherPlan wants the unfinished run finished, or given up
// on purpose.
func TestUnfinishedRunOfAnotherPlan(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	one := []string{"apply", m.file("one.dsc", oneKey), "--field", "CARD=env:CARD_PIN"}
	other := []string{"apply", m.file("other.dsc", strings.ReplaceAll(oneKey, "auth", "other")), "--field", "CARD=env:CARD_PIN"}
	if call := m.killed(5, "before", one); call != "C_Sign" {
		t.Fatalf("killed at %s", call)
	}
	m.must(exitRefused, other, "an unfinished run of another plan (one.dsc) has this token", "--abandon")
	// What is refused, or ends at a wrong PIN, gives nothing up.
	m.env["WRONG"] = "9876"
	same := m.file("same.dsc", strings.Replace(oneKey, "CertTempl=auth", "CertTempl=other\nKeyLabel=#auth", 1))
	m.must(exitRefused, []string{"apply", same, "--field", "CARD=env:CARD_PIN", "--abandon"}, `a public key with the label "auth" is on the token already`)
	m.must(exitDevice, []string{"apply", other[1], "--field", "CARD=env:WRONG", "--abandon"}, "is wrong; it is not tried again")
	m.must(exitOK, []string{"tokens"}, "unfinished run of one.dsc")
	m.must(exitOK, append(other, "--abandon"))
	m.holds("CARD", "1234", 2, 2, 1)
	// What the given-up run left is nobody's now.
	m.must(exitRefused, one, "this plan did not put it there")
}

// TestASavedPlanThatGoesOnIsSpent: it had its part in what the token holds, be it that the
// description itself began the run, or ended it.
func TestASavedPlanThatGoesOnIsSpent(t *testing.T) {
	for _, order := range []string{"description plan", "description plan description", "plan then description", "plan description"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			saved, dsc := m.dir+"/one.json", m.file("one.dsc", oneKey)
			runs := map[string][]string{}
			for name, file := range map[string]string{"description": dsc, "plan": saved} {
				runs[name] = []string{"apply", file, "--field", "CARD=env:CARD_PIN", "--yes"}
			}
			runs["description"] = append(runs["description"], "--existing", "replace")
			m.must(exitOK, []string{"plan", dsc, "--profile", "softhsm", "--existing", "replace", "--out", saved})
			steps := strings.Fields(order)
			for i, step := range steps {
				switch {
				case i == len(steps)-1 || steps[i+1] == "then":
					m.must(exitOK, runs[step])
				case step != "then":
					_ = os.Remove(m.dir + "/calls")
					m.killed(2, "after", runs[step])
				}
			}
			m.must(exitRefused, runs["plan"], "this saved plan was run on this token already")
			m.holds("CARD", "1234", 1, 1, 1)
			// Nor does it go on with another run.
			_ = os.Remove(m.dir + "/calls")
			m.killed(2, "after", runs["description"])
			m.must(exitRefused, runs["plan"], "this saved plan was run on this token already")
			m.must(exitOK, runs["description"])
			m.holds("CARD", "1234", 1, 1, 1)
		})
	}
}

// TestLSPIsTold ends a server by a signal, before a client is there, with one, and on
// the standard streams.
func TestLSPIsTold(t *testing.T) {
	for _, c := range []struct {
		listen, connect bool
		signal          os.Signal
	}{{true, false, os.Interrupt}, {true, true, syscall.SIGTERM}, {false, false, os.Interrupt}} {
		args := []string{"lsp"}
		if c.listen {
			args = append(args, "--listen", "0")
		}
		cmd := osexec.Command("inscribe", args...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		talk, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		lines := bufio.NewReader(talk)
		var answers io.Reader = out
		if c.listen {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if c.connect {
				conn, err := net.Dial("tcp", strings.TrimSpace(strings.TrimPrefix(line, "listening on ")))
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprint(conn, lspFrame(lspInitialize))
				answers = conn
			}
		} else {
			fmt.Fprint(in, lspFrame(lspInitialize))
		}
		if c.connect || !c.listen {
			if _, err := bufio.NewReader(answers).ReadString('}'); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Signal(c.signal); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(lines)
		if err := cmd.Wait(); err != nil || len(rest) > 0 {
			t.Errorf("%+v: %v, says %q", c, err, rest)
		}
		timer.Stop()
	}
}

// TestInterruptedCommands says interrupted, and gives the exit code of it, wherever a
// command is.
func TestInterruptedCommands(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.command() // writes station.toml
	file := m.file("x.dsc", oneKey)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, args := range [][]string{
		{"check", file},
		{"plan", file},
		{"tokens", "--module", module},
		{"verify", file, "--module", module},
		{"apply", file, "--module", module, "--field", "CARD=text:1234", "--allow-literal-secrets", "--report", m.dir + "/report.json"},
		{"apply", file, "--dry-run"},
	} {
		var stdout, stderr bytes.Buffer
		a := &app{ctx: ctx, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(name string) string { return m.env[name] }}
		if code := a.run(args); code != exitDevice || !strings.Contains(stderr.String(), "interrupted") {
			t.Errorf("%v: exit code %d\n%s", args, code, stderr.String())
		}
		m.nothingOfContexts(stdout.String()+stderr.String(), m.dir)
	}
}

// TestCallTimeout takes a deadline, and says how short it was.
func TestCallTimeout(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, given := range []string{"0", "0s", "-1s"} {
		m.must(exitUsage, []string{"tokens", "--module", module, "--call-timeout", given}, "--call-timeout is", "as 30s or 5m, or leave it out")
	}
	m.must(exitDevice, []string{"tokens", "--module", module, "--call-timeout", "1ns"}, "no answer within 1ns")
	m.must(exitOK, []string{"tokens", "--module", module, "--call-timeout", "30s"})
}

// TestARefusedPlanComesFirst refuses a plan before it says anything of the module, and
// leaves no module behind: be it one that does not load, or one that never ends to.
func TestARefusedPlanComesFirst(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	pids := filepath.Join(m.dir, "pids")
	source := m.file("endless.c", fmt.Sprintf(`#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void load(void) {
	FILE *f = fopen(%q, "a");
	fprintf(f, "%%d\n", getpid());
	fclose(f);
	for (;;) pause();
}
`, pids))
	endless := filepath.Join(m.dir, "endless.so")
	if out, err := osexec.Command("gcc", "-shared", "-fPIC", "-o", endless, source).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	refused := m.file("x.dsc", "[Fields]\nA=\nB=\n[Description]\nPKCS11Library=yourMiddleware.dll\nSetPIN=true\nCardManagerKey=A\nPIN=B\n")
	for _, args := range [][]string{{"--module", m.file("none.so", "no library")}, {"--module", endless}, {"--module", endless, "--dry-run", "--seed", "plugged"}, {}} {
		c, wait := m.start(append([]string{"apply", refused, "--profile", "softhsm", "--field", "A=env:CARD_PUK", "--field", "B=env:CARD_PIN"}, args...)...)
		timer := time.AfterFunc(20*time.Second, func() { _ = c.Process.Kill() })
		if o := wait(); o.code != exitRefused || !strings.Contains(o.stderr, "no call that takes a card manager key") {
			t.Errorf("%v: %s", args, o)
		}
		timer.Stop()
	}
	raw, err := os.ReadFile(pids)
	if err != nil {
		return // it was faster than its child
	}
	for _, line := range strings.Fields(string(raw)) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("the module's process %d is left", pid)
		}
	}
}

// TestReportOfAnInterruptedRun goes to a pipe that is read, and to none that nobody reads.
func TestReportOfAnInterruptedRun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a, pipe := &app{ctx: ctx}, filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.writeOutput(pipe, []byte("report"), 0o600); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("nobody reads: %v", err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := a.writeOutput(pipe, []byte("report"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(io.LimitReader(reader, 6)); string(got) != "report" {
		t.Errorf("%q %v", got, err)
	}
}

// TestInterruptWhileAPipeIsOpened: a pipe with a name waits for its other end, and the
// first interrupt ends that.
func TestInterruptWhileAPipeIsOpened(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	pipe := filepath.Join(m.dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	card := m.file("x.dsc", threeKeys)
	apply := []string{"apply", card, "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
	for _, args := range [][]string{
		{"plan", card, "--field", "CARD=file:" + pipe},
		{"check", pipe},
		{"plan", pipe},
		{"plan", card, "--station", pipe},
		{"plan", card, "--fields", pipe},
		{"plan", card, "--out", "p.json", "--sign", pipe},
		{"apply", card, "--dry-run", "--replay", pipe},
		{"plan", card, "--out", pipe},
		append(apply, "--dry-run", "--events", pipe),
		append(apply, "--dry-run", "--report", pipe),
		{"batch", card, "--data", m.file("rows.csv", "#n\n1\n"), "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN", "--events", pipe},
	} {
		for patience := 500 * time.Millisecond; ; patience *= 4 {
			c, wait := m.start(args...)
			time.Sleep(patience) // for it to come to the pipe
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			var stuck atomic.Bool
			kill := time.AfterFunc(20*time.Second, func() { stuck.Store(true); _ = c.Process.Kill() })
			o := wait()
			kill.Stop()
			if o.code == -1 && !stuck.Load() && patience < 30*time.Second {
				continue // the machine is busy, and it did not listen yet
			}
			if o.code != exitDevice || strings.Count(o.stderr, "interrupted") != 1 {
				t.Errorf("%q: %s", args, o)
			}
			break
		}
	}
}
