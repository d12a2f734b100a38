//go:build cgo && unix

package pkcs11_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/host"
)

func TestModulesThatCannotBeLoaded(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("not a library\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	absent := filepath.Join(dir, "libabsent.so")
	empty := filepath.Join(dir, "absent.c")
	if err := os.WriteFile(empty, []byte("unsigned long absent_function(void) { return 0; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	compile(t, absent, empty)
	depends := badModule(t, "-DDEPENDS", "-L"+dir, "-labsent")
	if err := os.Remove(absent); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, module, call string
		want               []string
	}{
		{"text file", text, "", []string{text, "not a shared library (text file)"}},
		{"missing file", filepath.Join(dir, "none.so"), "", []string{"none.so does not exist"}},
		{"missing bare name", "libnosuchmodule.so", "C_GetFunctionList", []string{"libnosuchmodule.so cannot be loaded"}},
		{"no function list", badModule(t, "-DNO_LIST"), "C_GetFunctionList", []string{"is not a PKCS#11 module: no C_GetFunctionList"}},
		{"missing dependency", depends, "C_GetFunctionList", []string{"missing dependency libabsent.so"}},
		{"undefined symbol", badModule(t, "-DUNDEFINED"), "C_GetFunctionList", []string{"nowhere_defined", "a symbol that it needs"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := host.Start(ctx, host.Options{Module: c.module, CallTimeout: 10 * time.Second})
			if e := deviceError(t, err, c.call, c.want...); e.Help() == "" {
				t.Error("no advice")
			}
		})
	}
}

func TestModulesThatFailAtTheStart(t *testing.T) {
	module := badModule(t)
	for fault, want := range map[string]string{
		"segfault": "the module crashed (signal: segmentation fault)",
		"fails":    "CKR_VENDOR_DEFINED+0x00000005",
	} {
		_, err := host.Start(ctx, host.Options{Module: module, Env: map[string]string{"BAD": fault}})
		deviceError(t, err, "C_Initialize", want)
	}
}

// TestCrashByChanceAtTheStart: a module that crashes as it starts is started once more,
// and no more than that.
func TestCrashByChanceAtTheStart(t *testing.T) {
	once := filepath.Join(t.TempDir(), "once")
	if err := os.WriteFile(once, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := start(t, badModule(t), map[string]string{"BAD_ONCE": once})
	if _, err := os.Stat(once); !os.IsNotExist(err) {
		t.Errorf("it did not crash: %v", err)
	}
	if _, err := m.Slots(ctx); err != nil {
		t.Error(err)
	}
}

// TestAnotherFunctionListEachTime is how p11-kit's client is: what is started by
// one of its lists is not by the other.
func TestAnotherFunctionListEachTime(t *testing.T) {
	m := start(t, badModule(t), map[string]string{"BAD": "another list each time"})
	tok := m.Token(0)
	if err := tok.OpenSession(ctx); err != nil {
		t.Fatal(err)
	}
	if err := tok.Login(ctx, exec.NormalUser, pinOf(canary)); err != nil {
		t.Error(err)
	}
}

func TestModulesThatHang(t *testing.T) {
	module := badModule(t)
	for _, fault := range []string{"hang", "endless output"} {
		t.Run(fault, func(t *testing.T) {
			m, err := host.Start(ctx, host.Options{Module: module, Env: map[string]string{"BAD": fault}, CallTimeout: 300 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			begin := time.Now()
			_, err = m.Slots(ctx)
			e := deviceError(t, err, "C_GetSlotList", "no answer within 300ms", "hangs")
			if d := time.Since(begin); d > 3*time.Second {
				t.Errorf("took %v", d)
			}
			if len(e.Message) > 1000 {
				t.Errorf("the message has %d bytes", len(e.Message))
			}
			if fault == "endless output" && !strings.Contains(e.Message, "noise") {
				t.Errorf("the output is not told: %s", e.Message)
			}
			if alive(m.PID()) {
				t.Error("the child is still there")
			}
		})
	}
}

func TestHangInFinalizeEndsClose(t *testing.T) {
	m := start(t, badModule(t), map[string]string{"BAD": "hang in finalize"})
	begin := time.Now()
	deviceError(t, m.Close(), "C_Finalize", "hangs")
	if d := time.Since(begin); d > 6*time.Second {
		t.Errorf("took %v", d)
	}
	if alive(m.PID()) {
		t.Error("the child is still there")
	}
}

func TestCrashInFinalizeIsTold(t *testing.T) {
	m := start(t, badModule(t), map[string]string{"BAD": "crash in finalize"})
	deviceError(t, m.Close(), "C_Finalize", "the module crashed (signal: aborted)")
}

func TestOutputDoesNotBlockOrConfuse(t *testing.T) {
	m := start(t, badModule(t), map[string]string{"BAD": "much output"})
	if slots, err := m.Slots(ctx); err != nil || len(slots) != 0 {
		t.Errorf("%v, %v", slots, err)
	}
	if out := m.Output(); !strings.Contains(out, "noise") || len(out) > 4096 {
		t.Errorf("%d bytes of output", len(out))
	}
}

func TestModulesThatEndAtLogin(t *testing.T) {
	module := badModule(t)
	for fault, want := range map[string]string{
		"exit":  "the module ended its process (exit status 3)",
		"abort": "the module crashed (signal: aborted)",
		"tell":  "login with [redacted]",
	} {
		t.Run(fault, func(t *testing.T) {
			m := start(t, module, map[string]string{"BAD": fault})
			tok := m.Token(0)
			if err := tok.OpenSession(ctx); err != nil {
				t.Fatal(err)
			}
			e := deviceError(t, tok.Login(ctx, exec.NormalUser, pinOf(canary)), "C_Login", want)
			if e.CKR != exec.CKROK {
				t.Errorf("CKR %s of a dead module", e.CKR)
			}
			deviceError(t, tok.Logout(ctx), "C_Logout", "has ended", want)
			noPIN(t, "the output", m.Output())
		})
	}
}

func TestProcessLeftBehindDelaysNothing(t *testing.T) {
	m := start(t, badModule(t), map[string]string{"BAD": "leave a process"})
	tok := m.Token(0)
	if err := tok.OpenSession(ctx); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	deviceError(t, tok.Login(ctx, exec.NormalUser, pinOf(canary)), "C_Login", "signal: segmentation fault")
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestPINPadIsANullPointer(t *testing.T) {
	tok := start(t, badModule(t), nil).Token(0)
	pad, empty, five := exec.Credential{PINPad: true}, pinOf(""), pinOf("12345")
	expect := func(what string, err error, call string, code exec.CKR) {
		t.Helper()
		if e := deviceError(t, err, call); e.CKR != exec.CKRVendorDefined+code {
			t.Errorf("%s: the module saw %s, want %#x", what, e.CKR, uint64(code))
		}
	}
	expect("init token", tok.InitToken(ctx, pad, "LAB"), "C_InitToken", 0x100)
	expect("init token", tok.InitToken(ctx, five, "LAB"), "C_InitToken", 0x205)
	if err := tok.OpenSession(ctx); err != nil {
		t.Fatal(err)
	}
	expect("login", tok.Login(ctx, exec.NormalUser, pad), "C_Login", 0x100)
	expect("login", tok.Login(ctx, exec.SO, empty), "C_Login", 0x200)
	expect("login", tok.Login(ctx, exec.SO, five), "C_Login", 0x205)
	expect("init PIN", tok.InitPIN(ctx, pad), "C_InitPIN", 0x100)
	expect("set PIN", tok.SetPIN(ctx, pad, pad), "C_SetPIN", 0x100100)
	expect("set PIN", tok.SetPIN(ctx, five, empty), "C_SetPIN", 0x200205)
	err := tok.InitToken(ctx, five, strings.Repeat("x", 33))
	if e := deviceError(t, err, "C_InitToken", "33 bytes"); e.CKR != exec.CKRArgumentsBad {
		t.Errorf("CKR %s for a long label", e.CKR)
	}
}

func TestOneSessionByToken(t *testing.T) {
	tok := start(t, badModule(t), nil).Token(0)
	if e := deviceError(t, tok.Logout(ctx), "C_Logout", "no session is open"); e.CKR != exec.CKRSessionHandleInvalid {
		t.Errorf("CKR %s", e.CKR)
	}
	if err := tok.OpenSession(ctx); err != nil {
		t.Fatal(err)
	}
	if e := deviceError(t, tok.OpenSession(ctx), "C_OpenSession"); e.CKR != exec.CKRSessionExists {
		t.Errorf("CKR %s", e.CKR)
	}
	// The module cannot close sessions; ours is gone all the same.
	deviceError(t, tok.CloseSession(ctx), "C_CloseSession", "CKR_FUNCTION_NOT_SUPPORTED")
	if err := tok.OpenSession(ctx); err != nil {
		t.Errorf("cannot open again: %v", err)
	}
}

func TestUnreadableSlotIsListed(t *testing.T) {
	module := badModule(t)
	for fault, code := range map[string]exec.CKR{"unreadable slot": exec.CKRDeviceError, "blank card": exec.CKROK} {
		slots, err := start(t, module, map[string]string{"BAD": fault}).Slots(ctx)
		want := exec.Slot{ID: 7, Description: "Reader", Manufacturer: "Maker", Unreadable: code, Unrecognised: fault == "blank card"}
		if err != nil || len(slots) != 1 || slots[0] != want {
			t.Errorf("%s: %+v, %v", fault, slots, err)
		}
	}
}

func TestSlotListIsReadAgainWhenItGrows(t *testing.T) {
	m := start(t, badModule(t), map[string]string{"BAD": "slots come and go"})
	slots, err := m.Slots(ctx)
	if err != nil || len(slots) != 3 {
		t.Errorf("%+v, %v", slots, err)
	}
}

// orphan kills a parent whose module is in a call, and gives the number of the module's
// process.
func orphan(t *testing.T, fault, marks string) (child int) {
	t.Helper()
	parent := osexec.Command(os.Args[0], orphanArg, badModule(t), fault, marks)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil || !alive(child) {
		t.Fatalf("child %q: %v", line, err)
	}
	time.Sleep(100 * time.Millisecond) // for the call to begin
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	return child
}

// TestCallIsFinishedWithoutAParent: a child whose parent was killed finishes the call
// under way and ends; a module that is started meanwhile waits for that.
func TestCallIsFinishedWithoutAParent(t *testing.T) {
	marks := filepath.Join(t.TempDir(), "marks")
	child := orphan(t, "slow", marks)
	if !alive(child) {
		t.Fatal("the call was torn off")
	}
	m, err := host.Start(ctx, host.Options{Module: badModule(t), Marks: marks})
	if err != nil {
		t.Fatal(err)
	}
	if alive(child) {
		t.Error("the call is still under way")
	}
	// Another at the same time does not wait, though it is in no call.
	other, err := host.Start(ctx, host.Options{Module: badModule(t), Marks: marks, CallTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.Close(), other.Close()); err != nil {
		t.Error(err)
	}
	if files, err := filepath.Glob(filepath.Join(marks, "*.*")); err != nil || len(files) > 0 {
		t.Errorf("what is left: %v, %v", files, err)
	}
}

// TestHangEndsWithoutAParent: such a call has the time that it would have had.
func TestHangEndsWithoutAParent(t *testing.T) {
	marks := filepath.Join(t.TempDir(), "marks")
	child := orphan(t, "hang", marks)
	_, err := host.Start(ctx, host.Options{Module: badModule(t), Marks: marks, CallTimeout: 50 * time.Millisecond})
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != exec.Refused || !strings.Contains(e.Message, strconv.Itoa(child)) || e.Help() == "" {
		t.Errorf("%v", err)
	}
	m, err := host.Start(ctx, host.Options{Module: badModule(t), Marks: marks})
	if err != nil {
		t.Fatal(err)
	}
	if alive(child) {
		t.Error("the child is still there")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// alive reports whether a process runs; one that only waits to be reaped, by
// whoever adopted it, does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && runtime.GOOS != "linux"
	}
	_, after, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(after, "Z")
}
