//go:build cgo && linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/host"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// hookOf is the station's command made of a shell script, beside a real module.
func hookOf(t *testing.T, script string) *hook {
	t.Helper()
	m := newMachine(t)
	path := filepath.Join(m.dir, "initialise")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	mw := station.Middleware{Module: module, Env: map[string]string{"SOFTHSM2_CONF": m.env["SOFTHSM2_CONF"], "OUT": m.dir}}
	mw.Hook.Initialise = []string{path, "with", "arguments"}
	started, err := host.Start(context.Background(), host.Options{Module: mw.Module, Env: mw.Env})
	if err != nil {
		t.Fatal(err)
	}
	h := &hook{&app{ctx: context.Background(), getenv: os.Getenv, opts: options{}}, mw, started}
	t.Cleanup(h.close)
	return h
}

func request() exec.InitRequest {
	s := func(value string) exec.Credential { return exec.Credential{Secret: secret.FromString(value)} }
	return exec.InitRequest{Slot: exec.Slot{Description: "reader 0", Token: exec.TokenInfo{Serial: "0815"}}, Label: "LAB", SOPIN: s("canary-so"),
		PINs: []exec.SlotPIN{{Slot: plan.Default, PIN: s("canary-pin"), PUK: s("canary-puk")}, {Slot: plan.Signature, PIN: s("canary-sign"), PUK: s("canary-signature")}}}
}

// TestHookGetsItsSecretsByDescriptor: each value on its own descriptor, none in the
// arguments or the environment, and the module is a new one afterwards.
func TestHookGetsItsSecretsByDescriptor(t *testing.T) {
	h := hookOf(t, `cat <&3 >$OUT/3; cat <&4 >$OUT/4; cat <&5 >$OUT/5; cat <&6 >$OUT/6; cat <&7 >$OUT/7
env >$OUT/env; tr '\0' ' ' </proc/$$/cmdline >$OUT/cmdline
`)
	t.Setenv("LC_PIN", "canary-variable")
	h.app.variables = []string{"LC_PIN"}
	before := h.module.PID()
	out := h.mw.Env["OUT"]
	r := request()
	r.PINs[1].PUK = exec.Credential{} // one that is not given is empty
	m, err := h.Initialise(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if h.module.PID() == before {
		t.Error("the module was not started anew")
	}
	if _, err := m.Slots(context.Background()); err != nil {
		t.Errorf("the new module: %v", err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for fd, want := range map[string]string{"3": "canary-so", "4": "canary-pin", "5": "canary-puk", "6": "canary-sign", "7": ""} {
		if got := read(fd); got != want {
			t.Errorf("descriptor %s gave %q, want %q", fd, got, want)
		}
	}
	seen := read("env") + read("cmdline")
	if strings.Contains(seen, "canary") {
		t.Error("a secret is in the arguments or the environment")
	}
	for _, want := range []string{"INSCRIBE_LABEL=LAB", "INSCRIBE_READER=reader 0", "INSCRIBE_SERIAL=0815", "with arguments"} {
		if !strings.Contains(seen, want) {
			t.Errorf("no %s in %s", want, seen)
		}
	}
}

// TestHookThatFails: the error names the command and its last words, without a
// secret; values that nobody reads are no error.
func TestHookThatFails(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"words":            {"echo first; echo \"the PIN $(cat <&4) does not fit\" >&2; exit 3\n", "initialise ended with exit status 3: the PIN *** does not fit"},
		"one in another":   {"echo \"pin '$(cat <&6)' puk '$(cat <&7)'\"; exit 1\n", "exit status 1: pin '***' puk '***'"},
		"silent":           {"exit 1\n", "initialise ended with exit status 1"},
		"reads nothing":    {"exit 0\n", ""},
		"killed":           {"kill -9 $$\n", "ended with signal: killed"},
		"a long last line": {"cat <&3 >/dev/null; head -c 100000 /dev/zero | tr '\\0' x; exit 1\n", "exit status 1: …xxx"},
	} {
		t.Run(name, func(t *testing.T) {
			h := hookOf(t, c.script)
			_, err := h.Initialise(context.Background(), request())
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *exec.Error
			if !errors.As(err, &e) || e.Kind != exec.Device || e.Advice == "" {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") || len(err.Error()) > 600 {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	h := hookOf(t, "")
	h.mw.Hook.Initialise = []string{"/does/not/exist"}
	if _, err := h.Initialise(context.Background(), request()); err == nil || !strings.Contains(err.Error(), "does not start") {
		t.Error(err)
	}
}
