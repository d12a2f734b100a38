//go:build cgo && linux

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// machine is a machine with tokens, state and configuration of its own, on
// which tests run the command.
type machine struct {
	testing.TB
	reader
	dir string
	env map[string]string
	// moduleEnv is the environment of the module, as station.toml says it. With
	// any in it, the module is the shim.
	moduleEnv map[string]string
	// station is the station.toml; empty for that of the two tokens. library is the
	// module in it.
	station, library string
}

// newMachine makes a machine with the tokens CARD and SIGN.
func newMachine(t testing.TB) *machine {
	t.Helper()
	m := &machine{TB: t, dir: t.TempDir(), moduleEnv: map[string]string{}}
	m.env = environment(m.dir)
	m.reader = reader{m.env["SOFTHSM2_CONF"]}
	// Making tokens is slow work of others, so every machine gets a copy of the
	// same two.
	if err := os.CopyFS(filepath.Join(m.dir, "tokens"), os.DirFS(filepath.Join(tokensOnce(t), "tokens"))); err != nil {
		t.Fatal(err)
	}
	if err := makeSoftHSM(m.dir); err != nil {
		t.Fatal(err)
	}
	return m
}

// sharedDir holds what all machines share: the tokens that they copy, and the
// shim.
var sharedDir string

var tokensMade struct {
	sync.Once
	err error
}

func tokensOnce(t testing.TB) string {
	needTools(t)
	tokensMade.Do(func() {
		if sharedDir, tokensMade.err = os.MkdirTemp("", "inscribe-tokens"); tokensMade.err == nil {
			tokensMade.err = makeSoftHSM(sharedDir, cardAndSign()...)
		}
	})
	if tokensMade.err != nil {
		t.Fatal(tokensMade.err)
	}
	return sharedDir
}

var shimMade struct {
	sync.Once
	path string
	err  error
}

// shim compiles testdata/shim.c.
func shim(t testing.TB) string {
	needTools(t)
	shimMade.Do(func() {
		shimMade.path = filepath.Join(tokensOnce(t), "shim.so")
		if out, err := osexec.Command("gcc", "-shared", "-fPIC", "-w", "-O1", "-o", shimMade.path, "testdata/shim.c", "-ldl").CombinedOutput(); err != nil {
			shimMade.err = fmt.Errorf("gcc: %w\n%s", err, out)
		}
	})
	if shimMade.err != nil {
		t.Fatal(shimMade.err)
	}
	return shimMade.path
}

// file writes a file into the machine's folder.
func (m *machine) file(name, text string) string {
	m.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
	return path
}

// command is the command on this machine, ready to start.
func (m *machine) command(args ...string) *osexec.Cmd {
	m.Helper()
	station := cmp.Or(m.station, stationTOML)
	if len(m.moduleEnv) > 0 {
		behind := cmp.Or(m.library, module)
		m.moduleEnv["SHIM_MODULE"] = behind
		station = strings.Replace(station, behind, shim(m), 1) + "[middleware.\"yourMiddleware.dll\".env]\n"
		for _, name := range slices.Sorted(maps.Keys(m.moduleEnv)) {
			station += fmt.Sprintf("%s = %q\n", name, m.moduleEnv[name])
		}
	}
	m.file("station.toml", station)
	c := osexec.Command("inscribe", args...)
	c.Dir = m.dir
	c.Env = os.Environ()
	for name, value := range m.env {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// outcome is how a command ended.
type outcome struct {
	code           int
	stdout, stderr string
}

func (o outcome) String() string {
	return fmt.Sprintf("exit code %d\nstdout:\n%s\nstderr:\n%s", o.code, o.stdout, o.stderr)
}

// run runs the command.
func (m *machine) run(args ...string) outcome {
	m.Helper()
	c := m.command(args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	return m.outcome(c.Run(), &stdout, &stderr)
}

func (m *machine) outcome(err error, stdout, stderr *bytes.Buffer) outcome {
	m.Helper()
	o := outcome{stdout: stdout.String(), stderr: stderr.String()}
	if err != nil {
		var exit *osexec.ExitError
		if !errors.As(err, &exit) {
			m.Fatal(err)
		}
		o.code = exit.ExitCode() // -1: killed
	}
	return o
}

// must runs the command, which must end with the exit code and say all of the
// texts.
func (m *machine) must(code int, args []string, texts ...string) outcome {
	m.Helper()
	o := m.run(args...)
	if o.code != code {
		m.Fatalf("inscribe %s: want exit code %d\n%s", strings.Join(args, " "), code, o)
	}
	for _, s := range texts {
		if !strings.Contains(o.stdout+o.stderr, s) {
			m.Fatalf("inscribe %s does not say %q\n%s", strings.Join(args, " "), s, o)
		}
	}
	return o
}

// holds demands numbers of objects on a token: private and public keys,
// certificates.
func (m *machine) holds(token, pin string, private, public, cert int) []object {
	m.Helper()
	objects, err := m.objects(token, pin)
	if err != nil {
		m.Fatal(err)
	}
	if count(objects, "private") != private || count(objects, "public") != public || count(objects, "cert") != cert {
		m.Fatalf("%s holds other than %d private and %d public keys and %d certificates:\n%v", token, private, public, cert, objects)
	}
	return objects
}

// opened demands that a PIN opens a token, or does not.
func (m *machine) opened(want bool, token, user, pin string) {
	m.Helper()
	got, err := m.opens(token, user, pin)
	if err != nil {
		m.Fatal(err)
	}
	if got != want {
		m.Errorf("%s %s opens %s: %v", user, pin, token, got)
	}
}

func example(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../testdata/examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
