package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/internal/secret"
)

// The test binary is its own child, with a module that is a Go function.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Arg {
		os.Exit(Serve(fake()))
	}
	os.Exit(m.Run())
}

const canary = "7Q-canary-pin"

// fake answers like a module. What it does at C_Login is told by the user
// number, so that one child serves all tests.
const (
	userEcho exec.User = 100 + iota
	userHang
	userExit
	userKilled
	userGarbage
	userTell
	userPanic
	userSlow
	userDeaf
	userChatty
)

func fake() func(*Request, exec.Credential, exec.Credential) *Response {
	return func(req *Request, pin, newPIN exec.Credential) *Response {
		resp := &Response{}
		switch req.Method {
		case MethodLoad:
			if req.Module == "refused" {
				return &Response{Failure: &Failure{Message: "not today", Advice: "tomorrow"}}
			}
		case MethodInfo:
			resp.Module.Description = "fake"
		case MethodSlots:
			for _, e := range os.Environ() {
				resp.Slots = append(resp.Slots, exec.Slot{Description: e})
			}
		case MethodTokenInfo:
			resp.Token.Label = strings.Join(os.Args[1:], " ")
		case MethodSetPIN:
			same := pin.Secret.Equal(secret.FromString(canary)) && newPIN.Secret.Equal(secret.FromString("")) && !pin.PINPad
			if !same {
				return &Response{Failure: &Failure{Message: "the PINs did not arrive"}}
			}
		case MethodInitPIN:
			if !pin.PINPad || pin.Secret.IsSet() {
				return &Response{Failure: &Failure{Message: "this is no PIN pad"}}
			}
		case MethodAttributes:
			resp.Values = []Value{{Type: req.Types[0]}, {Type: req.Types[1], Known: true}, {Type: req.Types[2], Known: true, Bytes: []byte{7}}}
		case MethodLogin:
			fakeLogin(req.User, pin)
			return &Response{Failure: &Failure{CKR: exec.CKRPINIncorrect}}
		case MethodSign:
			resp.Data = req.Data
		}
		return resp
	}
}

func fakeLogin(user exec.User, pin exec.Credential) {
	switch user {
	case userHang:
		time.Sleep(time.Hour)
	case userExit:
		os.Exit(3)
	case userKilled:
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		time.Sleep(time.Hour)
	case userGarbage:
		_, _ = os.NewFile(4, "").WriteString(strings.Repeat("\xff\xfe garbage", 100))
		time.Sleep(time.Hour)
	case userTell:
		fmt.Printf("the PIN is %s\n", pin.Secret.Reveal())
		time.Sleep(50 * time.Millisecond) // for the parent to read it
		os.Exit(1)
	case userChatty:
		fmt.Printf("the PIN is %s\n", pin.Secret.Reveal())
	case userPanic:
		panic("deliberate")
	case userSlow:
		time.Sleep(300 * time.Millisecond)
	case userDeaf:
		signal.Ignore()
		time.Sleep(time.Hour)
	}
}

func start(t testing.TB, change ...func(*Options)) *Module {
	t.Helper()
	o := Options{Module: "fake", CallTimeout: 20 * time.Second}
	for _, f := range change {
		f(&o)
	}
	m, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func pinOf(s string) exec.Credential {
	return exec.Credential{Name: "test", Secret: secret.FromString(s)}
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
	if strings.Contains(err.Error(), canary) {
		t.Errorf("the PIN shows in %q", err)
	}
	return e
}

var ctx = context.Background()
