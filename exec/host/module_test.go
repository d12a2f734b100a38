package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"inscribe/exec"
)

func TestCallsCarryArgumentsAndAnswers(t *testing.T) {
	m := start(t)
	info, err := m.Info(ctx)
	if err != nil || info.Description != "fake" {
		t.Fatalf("info %+v, %v", info, err)
	}
	tok := m.Token(5)
	big := bytes.Repeat([]byte{1, 2, 3}, 100_000)
	if got, err := tok.Sign(ctx, exec.CKMECDSA, 1, big, nil); err != nil || !bytes.Equal(got, big) {
		t.Errorf("300 kB came back as %d bytes, %v", len(got), err)
	}
	if err := tok.SetPIN(ctx, pinOf(canary), pinOf("")); err != nil {
		t.Error(err)
	}
	if err := tok.InitPIN(ctx, exec.Credential{PINPad: true}); err != nil {
		t.Error(err)
	}
	if got, err := tok.Sign(ctx, exec.CKMECDSA, 1, []byte("after"), nil); err != nil || string(got) != "after" {
		t.Errorf("after calls with PINs: %q, %v", got, err)
	}
}

func TestEmptyAttributeIsNotAnAbsentOne(t *testing.T) {
	got, err := start(t).Token(0).Attributes(ctx, 1, exec.CKAValue, exec.CKALabel, exec.CKAID)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Value != nil || got[1].Value == nil || len(got[1].Value) != 0 || !bytes.Equal(got[2].Value, []byte{7}) {
		t.Errorf("got %#v", got)
	}
	if got[0].Type != exec.CKAValue || got[2].Type != exec.CKAID {
		t.Errorf("types %#v", got)
	}
}

func TestModuleAnswersWithTypedError(t *testing.T) {
	m := start(t)
	err := m.Token(0).Login(ctx, userEcho, pinOf(canary))
	e := deviceError(t, err, "C_Login", "CKR_PIN_INCORRECT")
	if !e.CKR.WrongPIN() {
		t.Errorf("CKR is %s", e.CKR)
	}
	if _, err := m.Info(ctx); err != nil {
		t.Errorf("an answer ended the module: %v", err)
	}
}

func TestStartFailsWithTheModulesReason(t *testing.T) {
	_, err := Start(ctx, Options{Module: "refused"})
	if e := deviceError(t, err, "C_GetFunctionList", "not today"); e.Help() != "tomorrow" {
		t.Errorf("help is %q", e.Help())
	}
}

// TestBareNameOfAFileThatIsHere: such a file is not loaded, whoever put it there, and
// the error says how to name it.
func TestBareNameOfAFileThatIsHere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("refused", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(ctx, Options{Module: "refused"})
	if e := deviceError(t, err, "C_GetFunctionList", "not today"); !strings.Contains(e.Help(), "the file that is here is ./refused") {
		t.Errorf("help is %q", e.Help())
	}
}

func TestNoCredentialIsNoCall(t *testing.T) {
	m := start(t)
	err := m.Token(0).Login(ctx, userHang, exec.Credential{})
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != exec.Refused || e.Call != "C_Login" || !e.Unshown {
		t.Fatalf("got %v", err)
	}
	err = m.Token(0).Login(ctx, userHang, pinOf(strings.Repeat("x", MaxSecret+1)))
	if !errors.As(err, &e) || e.Kind != exec.Refused || !e.Unshown {
		t.Fatalf("got %v", err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	err = m.Token(0).Login(over, userHang, pinOf(canary))
	if !errors.As(err, &e) || e.Message != "not called" || !e.Unshown {
		t.Fatalf("got %v", err)
	}
}

func TestHangEndsAtTheDeadline(t *testing.T) {
	m := start(t)
	m.options.CallTimeout = 200 * time.Millisecond // not of the start too, which a busy machine takes longer for
	begin := time.Now()
	err := m.Token(0).Login(ctx, userHang, pinOf(canary))
	if e := deviceError(t, err, "C_Login", "no answer within 200ms", "hangs"); e.Unshown {
		t.Error("a PIN that was sent counts as not shown")
	}
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
	if e := deviceError(t, m.Token(1).Logout(ctx), "C_Logout", "has ended", "C_Login", "no answer within 200ms"); e.Help() == "" || !e.Unshown {
		t.Error("no advice, or the value counts as shown")
	}
	if err := m.Close(); err != nil {
		t.Errorf("close after a hang: %v", err)
	}
}

// TestRequestToADeadChildIsUnshown: the module ended between two calls, so that the second
// one never left this program; the first one after which it ends may have done anything.
func TestRequestToADeadChildIsUnshown(t *testing.T) {
	m := start(t)
	child, err := os.FindProcess(m.PID())
	if err == nil {
		err = child.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	<-m.process.done
	if e := deviceError(t, m.Token(0).SetPIN(ctx, pinOf(canary), pinOf("")), "C_SetPIN", "crashed"); !e.Unshown {
		t.Error("a PIN that nobody read counts as shown")
	}
	if e := deviceError(t, start(t).Token(0).Login(ctx, userExit, pinOf(canary)), "C_Login", "ended its process"); e.Unshown {
		t.Error("a PIN that the module got counts as not shown")
	}
}

func TestContextDeadlineWinsIfEarlier(t *testing.T) {
	m := start(t)
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	err := m.Token(0).Login(short, userHang, pinOf(canary))
	deviceError(t, err, "C_Login", "no answer within")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v is no DeadlineExceeded", err)
	}
}

func TestCancelledCallMayFinish(t *testing.T) {
	var told atomic.Value
	m := start(t, func(o *Options) {
		o.Waiting = func(call string, left time.Duration) { told.Store(fmt.Sprint(call, left.Round(time.Second))) }
	})
	c, cancel := context.WithCancel(ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	err := m.Token(0).Login(c, userSlow, pinOf(canary))
	deviceError(t, err, "C_Login", "CKR_PIN_INCORRECT")
	_, err = m.Info(c)
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != exec.Refused || !errors.Is(err, context.Canceled) {
		t.Errorf("a call with a cancelled context: %v", err)
	}
	if _, err := m.Info(ctx); err != nil {
		t.Errorf("the module did not survive the cancellation: %v", err)
	}
	if told.Load() != "C_Login20s" {
		t.Errorf("of the wait was told %v", told.Load())
	}
}

// TestStop ends the module whatever it does, and leaves nothing behind.
func TestStop(t *testing.T) {
	stop := make(chan struct{})
	m := start(t, func(o *Options) { o.Stop = stop })
	time.AfterFunc(50*time.Millisecond, func() { close(stop) })
	err := m.Token(0).Login(ctx, userDeaf, pinOf(canary))
	if e := deviceError(t, err, "C_Login", "stopped in the middle of the call"); !strings.Contains(e.Help(), "run the same command again") {
		t.Errorf("advises %q", e.Help())
	}
	if err := m.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := Start(ctx, Options{Module: "fake", Stop: stop}); err == nil {
		t.Error("a module starts although it is to be stopped")
	}
}

// TestShortLimitIsTold shows a limit as it was given, however short.
func TestShortLimitIsTold(t *testing.T) {
	for limit, want := range map[time.Duration]string{time.Nanosecond: "1ns", 20 * time.Microsecond: "20µs", 1500 * time.Microsecond: "2ms", time.Minute: "1m0s"} {
		if got := inWords(limit).String(); got != want {
			t.Errorf("%v is told as %s", limit, got)
		}
	}
}

func TestKeygenHasItsOwnLimit(t *testing.T) {
	m := &Module{options: Options{CallTimeout: time.Second, KeygenTimeout: time.Minute}}
	for _, c := range []struct {
		req  Request
		want time.Duration
	}{
		{Request{Method: MethodGenerateKeyPair, Mechanism: exec.CKMRSAKeyPairGen}, time.Minute},
		{Request{Method: MethodGenerateKeyPair, Mechanism: exec.CKMECKeyPairGen}, time.Second},
		{Request{Method: MethodSign, Mechanism: exec.CKMRSAPKCS}, time.Second},
	} {
		if got := m.limit(ctx, &c.req); got != c.want {
			t.Errorf("%s of %#x: %v", c.req.Method, c.req.Mechanism, got)
		}
		for _, d := range []time.Duration{time.Millisecond, time.Hour} {
			if got := m.limit(exec.WithLimit(ctx, d), &c.req); got != d {
				t.Errorf("%s of %#x, limited to %v: %v", c.req.Method, c.req.Mechanism, d, got)
			}
		}
	}
}

func TestChildsEndHasAName(t *testing.T) {
	for _, c := range []struct {
		name string
		user exec.User
		want []string
	}{
		{"exit", userExit, []string{"ended its process (exit status 3)"}},
		{"signal", userKilled, []string{"crashed (signal: killed)"}},
		{"prints the PIN", userTell, []string{"exit status 1", "the PIN is [redacted]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := start(t)
			deviceError(t, m.Token(0).Login(ctx, c.user, pinOf(canary)), "C_Login", c.want...)
			_, err := m.Info(ctx)
			deviceError(t, err, "C_GetInfo", append(c.want, "has ended")...)
			if strings.Contains(m.Output(), canary) {
				t.Errorf("the output shows the PIN: %q", m.Output())
			}
		})
	}
}

func TestGarbageOnThePipeIsAnError(t *testing.T) {
	m := start(t, func(o *Options) { o.CallTimeout = 5 * time.Second })
	deviceError(t, m.Token(0).Login(ctx, userGarbage, pinOf(canary)), "C_Login", "no proper answer")
	_, err := m.Info(ctx)
	deviceError(t, err, "C_GetInfo", "has ended", "no proper answer")
}

func TestPanicInTheChildIsAnAnswer(t *testing.T) {
	m := start(t)
	deviceError(t, m.Token(0).Login(ctx, userPanic, pinOf(canary)), "C_Login", "deliberate")
	if _, err := m.Info(ctx); err != nil {
		t.Errorf("the child did not survive: %v", err)
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	var pids []int
	for _, user := range []exec.User{userEcho, userExit} {
		m := start(t)
		pids = append(pids, m.PID())
		_ = m.Token(0).Login(ctx, user, pinOf(canary))
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := m.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
		if _, err := m.Info(ctx); err == nil {
			t.Error("a call works after Close")
		}
	}
	m := start(t)
	pids = append(pids, m.PID())
	hung := make(chan error, 1)
	go func() { hung <- m.Token(0).Login(ctx, userDeaf, pinOf(canary)) }()
	time.Sleep(100 * time.Millisecond)
	begin := time.Now()
	if err := m.Close(); err != nil {
		t.Errorf("close during a hang: %v", err)
	}
	if d := time.Since(begin); d > closeTimeout+2*time.Second {
		t.Errorf("close took %v", d)
	}
	deviceError(t, <-hung, "C_Login", "closed during the call")

	for _, pid := range pids {
		if st, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil && runtime.GOOS == "linux" {
			t.Errorf("process %d is still there: %v", pid, st.Name())
		}
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestChildSeesOnlyTheAllowedEnvironment(t *testing.T) {
	t.Setenv("INSCRIBE_TEST_PIN", canary)
	t.Setenv("PKCS11SPY", "/some/module.so")
	t.Setenv("SOFTHSM2_CONF", "/some/softhsm2.conf")
	t.Setenv("LD_PRELOAD", "")
	m := start(t, func(o *Options) { o.Env = map[string]string{"EXTRA": "1"} })
	slots, err := m.Slots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range slots {
		name, _, _ := strings.Cut(s.Description, "=")
		seen[name] = true
	}
	for _, name := range []string{"INSCRIBE_TEST_PIN", "PKCS11SPY", "LD_PRELOAD", "GOFLAGS"} {
		if seen[name] {
			t.Errorf("the child sees %s", name)
		}
	}
	for _, name := range []string{"PATH", "SOFTHSM2_CONF", "EXTRA"} {
		if !seen[name] {
			t.Errorf("the child does not see %s", name)
		}
	}
}

func TestSpyNeedsPermission(t *testing.T) {
	o := Options{Module: "fake", Env: map[string]string{"PKCS11SPY_OUTPUT": "/tmp/x"}}
	_, err := Start(ctx, o)
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != exec.Refused || !strings.Contains(err.Error(), "PKCS11SPY_OUTPUT") {
		t.Fatalf("got %v", err)
	}
	o.AllowSpy = true
	m, err := Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	_ = m.Close()
}

func TestConcurrentCallsTakeTurns(t *testing.T) {
	m := start(t)
	errs := make(chan error)
	for i := range 8 {
		go func() {
			for j := range 100 {
				want := fmt.Sprint(i, j)
				got, err := m.Token(exec.SlotID(i)).Sign(ctx, 0, 0, []byte(want), nil)
				if err == nil && string(got) != want {
					err = fmt.Errorf("got %q, want %q", got, want)
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	m := start(b)
	for b.Loop() {
		if _, err := m.Info(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLogin(b *testing.B) {
	m := start(b)
	pin := pinOf(canary)
	for b.Loop() {
		_ = m.Token(0).Login(ctx, userEcho, pin)
	}
}

// TestPINOfAnEarlierCall: what a module printed of a PIN may be read only when its next
// call has failed, and shows there no more than in its own.
func TestPINOfAnEarlierCall(t *testing.T) {
	for range 40 {
		m := start(t)
		tok := m.Token(1)
		_ = tok.Login(ctx, userChatty, pinOf(canary))
		time.Sleep(5 * time.Millisecond)
		if out := m.Output(); strings.Contains(out, canary) {
			t.Fatalf("the output shows the PIN: %q", out)
		}
		deviceError(t, tok.Login(ctx, userExit, pinOf("another-pin")), "C_Login", "exit status 3")
		_ = m.Close()
	}
}
