//go:build cgo && linux

package pkcs11_test

import (
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/host"
)

// The modules of this file need a service that is not there, or are made for
// another machine. Nothing stands in for them.

const (
	opensc       = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
	opencryptoki = "/usr/lib/x86_64-linux-gnu/pkcs11/libopencryptoki.so"
)

func installed(t *testing.T, path string) string {
	t.Helper()
	// Debian has a folder for each architecture.
	found, err := filepath.Glob(strings.Replace(path, "x86_64-linux-gnu", "*-linux-gnu", 1))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s is missing (run \"make setup\")", path)
	}
	return found[0]
}

// TestFilesForOtherMachines gives the start a library or program of each other
// kind, as the tools of that kind make it.
func TestFilesForOtherMachines(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	build := func(name string, env ...string) string {
		out := filepath.Join(dir, name)
		c := osexec.Command("go", "build", "-buildmode=pie", "-o", out, source)
		c.Dir, c.Env = dir, append(os.Environ(), append(env, "CGO_ENABLED=0", "GOFLAGS=")...)
		if text, err := c.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, text)
		}
		return out
	}
	c := filepath.Join(dir, "old.c")
	if err := os.WriteFile(c, []byte("unsigned long C_GetFunctionList(void *p) { return 5; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ path, want string }{
		{compile(t, filepath.Join(dir, "old.so"), c, "-m32", "-nostdlib", "-ffreestanding"), "old.so is a 32-bit x86 library, this process is 64-bit"},
		{build("arm.so", "GOOS=linux", "GOARCH=arm64"), "arm.so is a 64-bit ARM library, this process is 64-bit x86"},
		{build("windows.dll", "GOOS=windows", "GOARCH=amd64"), "windows.dll is in the PE format, this system (linux) loads ELF"},
		{build("mac.dylib", "GOOS=darwin", "GOARCH=arm64"), "mac.dylib is in the Mach-O format, this system (linux) loads ELF"},
		{"/lib64/ld-linux-x86-64.so.2", "is not a PKCS#11 module: no C_GetFunctionList"},
	} {
		_, err := host.Start(ctx, host.Options{Module: f.path})
		var e *exec.Error
		if !errors.As(err, &e) || e.Kind != exec.Device || e.Help() == "" || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%v, want %q", err, f.want)
		}
	}
}

// TestNoCardService asks OpenSC for its readers where pcscd does not run.
func TestNoCardService(t *testing.T) {
	m := start(t, installed(t, opensc), map[string]string{"PCSCLITE_CSOCK_NAME": filepath.Join(t.TempDir(), "none")})
	slots, err := m.Slots(ctx)
	if err != nil || len(slots) != 0 {
		t.Fatalf("%v, %v", slots, err)
	}
	e := deviceError(t, exec.NoToken(ctx, m), "C_GetSlotList", "sees no reader")
	if !strings.Contains(e.Help(), "pcscd") {
		t.Errorf("help is %q", e.Help())
	}
}

// TestNoTokenDaemon starts openCryptoki out of reach of its daemon, whether one
// runs on this machine or not.
func TestNoTokenDaemon(t *testing.T) {
	namespace := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		namespace = append(namespace, "--map-root-user")
	}
	hide := `for d in /run /var/run; do mount -t tmpfs tmpfs "$d" || exit 9; done; exec "$0" "$@"`
	_, err := host.Start(ctx, host.Options{
		Module:  installed(t, opencryptoki),
		Command: append(namespace, "sh", "-c", hide, os.Args[0], host.Arg),
	})
	e := deviceError(t, err, "C_Initialize", "CKR_FUNCTION_FAILED", "libopencryptoki.so")
	if !strings.Contains(e.Help(), "pkcsslotd") {
		t.Errorf("help is %q", e.Help())
	}
}
