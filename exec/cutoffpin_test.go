package exec_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// TestCutOffChangeOfAPINInEveryCase: a change was cut off, and was made or not; the next
// run has the same values or others. It shows at most one wrong value to a token that
// locks, and so does each run after it, which brings the token to its end once the
// values are right.
func TestCutOffChangeOfAPINInEveryCase(t *testing.T) {
	const rightOld, rightNew = "old-4711", "new-4712"
	for _, c := range []struct {
		made, new, old  bool // whether it was made, and the values of the next run are those of the first
		wrong           int  // that the next run shows
		ends            bool // the next run brings the token to its end
		more, wrongMore int  // runs with the right values after it, and what they show
		final           bool // the last of them is at the final try of three
	}{
		{made: true, new: true, old: true, ends: true},
		{made: true, new: true, old: false, ends: true},
		{made: true, new: false, old: true, wrong: 1, more: 2, wrongMore: 1, final: true},
		{made: true, new: false, old: false, wrong: 1, more: 2, wrongMore: 1, final: true},
		{made: false, new: true, old: true, wrong: 1, more: 1},
		{made: false, new: true, old: false, wrong: 1, more: 1},
		{made: false, new: false, old: true, wrong: 1, more: 1},
		{made: false, new: false, old: false, wrong: 1, more: 1},
	} {
		for _, kind := range []string{"opensc", "opencryptoki", "tpm2", "generic"} {
			t.Run(fmt.Sprintf("%+v %s", c, kind), func(t *testing.T) {
				t.Parallel()
				// Where flags tell nothing the cut-off change counts as a try too.
				counted := kind == "tpm2" || kind == "generic"
				b, d, err := denied(t, kind, changePIN, exec.CKRDeviceError, c.made)
				if err == nil {
					t.Fatal("not cut off")
				}
				run := func(new, old bool) error {
					t.Helper()
					values := answers{"mis-0815", "mis-0816"}
					if old {
						values[0] = rightOld
					}
					if new {
						values[1] = rightNew
					}
					counts := b.journals.Memory
					b.Prompter, d.wrong = values, 0
					b.journals = b.journals.next()
					b.journals.Memory, b.Journals = counts, b.journals
					_, err := b.apply()
					if d.wrong > 1 {
						t.Errorf("a run showed %d wrong values: %v", d.wrong, err)
					}
					return err
				}
				err = run(c.new, c.old)
				if d.wrong != c.wrong || (err == nil) != c.ends {
					t.Fatalf("%d wrong, %v", d.wrong, err)
				}
				wrong, runs := 0, 0
				for ; err != nil && runs < 5; runs++ {
					err = run(true, true)
					wrong += d.wrong
					var e *exec.Error
					if errors.As(err, &e) && e.Kind == exec.Refused && strings.Contains(e.Help(), "--spend-final-try") {
						if !c.final && !counted || d.wrong > 0 {
							t.Fatal(err)
						}
						b.SpendFinalTry = true
						runs--
					}
				}
				if err != nil || runs != c.more || wrong != c.wrongMore {
					t.Errorf("%d runs more, %d wrong, %v", runs, wrong, err)
				}
				ctx, token := context.Background(), b.module.Token(0)
				if err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "the PIN", Secret: secret.FromString(rightNew)})); err != nil {
					t.Errorf("at the end: %v", err)
				}
			})
		}
	}
}

// TestCutOffChangeWhereNothingLocks: a token that never locks has no tries to lose, so
// that one run finds out by both values. Its last answer does not undo that the change
// was cut off.
func TestCutOffChangeWhereNothingLocks(t *testing.T) {
	for _, kind := range []string{"softhsm", "nss"} {
		for _, made := range []bool{true, false} {
			b, d, _ := denied(t, kind, changePIN, exec.CKRDeviceError, made)
			b.Prompter = answers{"mis-0815", "mis-0816"}
			_, err := b.again()
			refused(t, err, exec.Device, "is wrong; it is not tried again")
			for _, r := range b.journals.records {
				if r.Untouched {
					t.Errorf("%s, made %v: it counts as untouched: %+v", kind, made, r)
				}
			}
			b.Prompter, d.wrong = answers{"old-4711", "new-4712"}, 0
			want := 1
			if made {
				want = 0
			}
			if _, err := b.again(); err != nil || d.wrong != want {
				t.Errorf("%s, made %v: %v, %d wrong", kind, made, err, d.wrong)
			}
		}
	}
}

// TestCutOffStaysCutOff: what the token answers to a later run says nothing of what an
// earlier one was cut off in, be it a wrong value or a refusal of it.
func TestCutOffStaysCutOff(t *testing.T) {
	for text, call := range map[string]string{initialise: "C_InitToken", unblock: "C_InitPIN"} {
		b := newBench(t, text, model.Start{})
		b.DestroyConfirmed = true
		b.Module = &failing{b.module, answering(call, exec.CKRDeviceError)}
		if _, err := b.apply(); err == nil {
			t.Fatal("not cut off")
		}
		b.Module = &failing{b.module, answering(call, exec.CKRPINIncorrect)}
		if _, err := b.again(); err == nil {
			t.Fatal("no error")
		}
		failed := 0
		for _, r := range b.journals.records {
			if r.Event == "failed" {
				failed++
			}
			if r.Untouched {
				t.Errorf("%s: it counts as untouched: %+v", call, r)
			}
		}
		if failed != 2 {
			t.Errorf("%s: %+v", call, b.journals.records)
		}
	}
}

// TestACallThatWasNotMadeChangedNothing: neither does a value count as shown, nor the
// change as cut off, so that the next run makes it.
func TestACallThatWasNotMadeChangedNothing(t *testing.T) {
	for text, call := range map[string]string{newPUK: "C_SetPIN", changePIN: "C_SetPIN", unblock: "C_InitPIN", initialise: "C_InitToken"} {
		for _, interrupted := range []bool{false, true} {
			b := newBenchOn(t, text, "generic")
			b.DestroyConfirmed, b.Prompter = true, answers{"old-4711", "new-4712"}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.Module = &failing{b.module, func(of string) error {
				switch {
				case of != call:
					return nil
				case interrupted:
					cancel()
					return &exec.Error{Kind: exec.Refused, Call: call, Message: "not called", Cause: ctx.Err(), Unshown: true}
				}
				return &exec.Error{Kind: exec.Device, Call: call, Message: "the module crashed", Unshown: true}
			}}
			_, err := exec.Apply(ctx, b.Options)
			refused(t, err, exec.Device, call)
			last := b.journals.records[len(b.journals.records)-1]
			if last.Event != "failed" || !last.Untouched {
				t.Errorf("%s, interrupted %v: %+v", call, interrupted, last)
			}
			for _, who := range []string{"user", "so"} {
				if n, _ := b.journals.Tries("default", who); n != 0 {
					t.Errorf("%s, interrupted %v: %d tries of %s", call, interrupted, n, who)
				}
			}
			b.Module = b.module
			if _, err := b.again(); err != nil {
				t.Errorf("%s, interrupted %v: then %v", call, interrupted, err)
			}
		}
	}
}

// failing is a module whose calls fail where fail says so.
type failing struct {
	exec.Module
	fail func(call string) error
}

// answering gives a call an answer.
func answering(to string, with exec.CKR) func(string) error {
	return func(call string) error {
		if call != to {
			return nil
		}
		return &exec.Error{Kind: exec.Device, Call: call, CKR: with}
	}
}

func (f *failing) Token(id exec.SlotID) exec.Token { return failingToken{f.Module.Token(id), f} }

type failingToken struct {
	exec.Token
	of *failing
}

func (t failingToken) InitToken(ctx context.Context, so exec.Credential, label string) error {
	if err := t.of.fail("C_InitToken"); err != nil {
		return err
	}
	return t.Token.InitToken(ctx, so, label)
}

func (t failingToken) InitPIN(ctx context.Context, c exec.Credential) error {
	if err := t.of.fail("C_InitPIN"); err != nil {
		return err
	}
	return t.Token.InitPIN(ctx, c)
}

func (t failingToken) SetPIN(ctx context.Context, old, new exec.Credential) error {
	if err := t.of.fail("C_SetPIN"); err != nil {
		return err
	}
	return t.Token.SetPIN(ctx, old, new)
}

// TestStartOfAChangeIsNotedAtItsCall: the journal knows of a change just before its
// call, so that a run which was cut off earlier leaves no doubt and costs no try.
func TestStartOfAChangeIsNotedAtItsCall(t *testing.T) {
	b := newBenchOn(t, changePIN, "softhsm")
	b.module = model.New(b.Plan.Facts(), model.Start{})
	b.Prompter = answers{"old-4711", "new-4712"}
	starts := map[string]int{}
	b.Module = changesPIN{b.module, func(call string) {
		if _, seen := starts[call]; seen {
			return
		}
		starts[call] = 0
		for _, r := range b.journals.records {
			if r.Event == "start" {
				starts[call]++
			}
		}
	}}
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(starts, map[string]int{"C_OpenSession": 0, "C_SetPIN": 1}) {
		t.Errorf("starts that were known at each call: %v", starts)
	}
}

// changesPIN tells of the calls before they are made.
type changesPIN struct {
	exec.Module
	before func(call string)
}

func (m changesPIN) Token(id exec.SlotID) exec.Token {
	return changesPINToken{m.Module.Token(id), m.before}
}

type changesPINToken struct {
	exec.Token
	before func(call string)
}

func (t changesPINToken) OpenSession(ctx context.Context) error {
	t.before("C_OpenSession")
	return t.Token.OpenSession(ctx)
}

func (t changesPINToken) SetPIN(ctx context.Context, old, new exec.Credential) error {
	t.before("C_SetPIN")
	return t.Token.SetPIN(ctx, old, new)
}
