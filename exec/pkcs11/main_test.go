//go:build cgo && unix

package pkcs11_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/host"
	"inscribe/exec/pkcs11"
	"inscribe/internal/secret"
)

// orphanArg makes the test binary a parent that waits to be killed: it prints
// the number of its module host and makes a call that hangs, or takes its time.
const orphanArg = "__orphan"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == host.Arg {
		os.Exit(pkcs11.Serve())
	}
	if len(os.Args) > 4 && os.Args[1] == orphanArg {
		mod, err := host.Start(context.Background(), host.Options{Module: os.Args[2], Env: map[string]string{"BAD": os.Args[3]}, Marks: os.Args[4], CallTimeout: 2 * time.Second})
		if err != nil {
			panic(err)
		}
		fmt.Println(mod.PID())
		_, err = mod.Slots(context.Background())
		panic(err)
	}
	os.Exit(m.Run())
}

const (
	canary  = "7Q-canary-pin"
	canary2 = "8R-canary-new"
	soPIN   = "9S-canary-so"
)

var ctx = context.Background()

func pinOf(s string) exec.Credential {
	return exec.Credential{Name: "test", Secret: secret.FromString(s)}
}

func start(t testing.TB, module string, env map[string]string) *host.Module {
	t.Helper()
	m, err := host.Start(ctx, host.Options{Module: module, Env: env, CallTimeout: 20 * time.Second})
	if err != nil {
		t.Fatalf("start %s: %v", module, err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// deviceError checks that err is a typed error of the call that contains the
// texts, and no PIN.
func deviceError(t *testing.T, err error, call string, texts ...string) *exec.Error {
	t.Helper()
	var e *exec.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an exec.Error: %v", err)
	}
	if e.Kind != exec.Device || e.Call != call {
		t.Errorf("kind %d, call %q, want %d and %q: %v", e.Kind, e.Call, exec.Device, call, err)
	}
	for _, s := range texts {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not contain %q", err, s)
		}
	}
	noPIN(t, "the error", err.Error())
	return e
}

func noPIN(t *testing.T, where, s string) {
	t.Helper()
	for _, pin := range []string{canary, canary2, soPIN} {
		if strings.Contains(s, pin) {
			t.Errorf("a PIN shows in %s: %q", where, s)
		}
	}
}

// compile makes a shared library of testdata/bad.c, or of source.
func compile(t testing.TB, out string, source string, flags ...string) string {
	t.Helper()
	args := append([]string{"-shared", "-fPIC", "-w", "-o", out, source}, flags...)
	if text, err := osexec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc fails (a C compiler is needed: run \"make setup\"): %v\n%s", err, text)
	}
	return out
}

func badModule(t testing.TB, flags ...string) string {
	t.Helper()
	return compile(t, filepath.Join(t.TempDir(), "bad.so"), "testdata/bad.c", flags...)
}
