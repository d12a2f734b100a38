package exec_test

import (
	"context"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// denier is a module that changes a PIN, or does not, and answers that it refused.
type denier struct {
	exec.Module
	answer exec.CKR // CKROK: as it is
	made   bool
	low    bool // a refused value shows in the flags
	wrong  int  // logins and changes by a value that is wrong
}

func (d *denier) Token(id exec.SlotID) exec.Token { return &denying{d.Module.Token(id), d} }

type denying struct {
	exec.Token
	of *denier
}

func (t *denying) count(err error) error {
	if e, ok := err.(*exec.Error); ok && e.CKR == exec.CKRPINIncorrect {
		t.of.wrong++
	}
	return err
}

func (t *denying) Login(ctx context.Context, u exec.User, c exec.Credential) error {
	return t.count(t.Token.Login(ctx, u, c))
}

func (t *denying) SetPIN(ctx context.Context, old, new exec.Credential) error {
	if t.of.answer == exec.CKROK {
		return t.count(t.Token.SetPIN(ctx, old, new))
	}
	if t.of.made {
		if err := t.Token.SetPIN(ctx, old, new); err != nil {
			return t.count(err)
		}
	}
	return &exec.Error{Kind: exec.Device, Call: "C_SetPIN", CKR: t.of.answer}
}

func (t *denying) Info(ctx context.Context) (exec.TokenInfo, error) {
	info, err := t.Token.Info(ctx)
	if t.of.low {
		info.Flags |= exec.FlagUserPINCountLow
	}
	return info, err
}

// denied runs a change on such a module.
func denied(t *testing.T, kind, text string, answer exec.CKR, made bool) (*bench, *denier, error) {
	t.Helper()
	b := newBenchOn(t, text, kind)
	b.module = model.New(b.Plan.Facts(), model.Start{})
	// The token knows its PIN before, so that a wrong one is wrong.
	if text == changePIN {
		ctx, token := context.Background(), b.module.Token(0)
		for _, err := range []error{token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "present", Secret: secret.FromString("old-4711")}), token.CloseSession(ctx)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	d := &denier{Module: b.module, answer: answer, made: made}
	b.Module, b.module.Calls = d, nil
	_, err := b.apply()
	d.answer = exec.CKROK
	return b, d, err
}

// TestTokenThatContradictsItself: a token says that the old PIN was wrong and changed
// it, and its flags or a login just before say otherwise. The same command ends with
// the new PIN, and no value that is wrong was shown.
func TestTokenThatContradictsItself(t *testing.T) {
	for _, kind := range []string{"softhsm", "nss", "opensc"} {
		for _, answer := range []exec.CKR{exec.CKRPINIncorrect, exec.CKRPINLocked} {
			b, d, err := denied(t, kind, changePIN, answer, true)
			refused(t, err, exec.Device, "setpin", "C_SetPIN", answer.String(), "the token contradicts itself")
			if _, err := b.again(); err != nil || d.wrong != 0 {
				t.Errorf("%s, %s: %v, %d wrong", kind, answer, err, d.wrong)
			}
			// What was not made is made, for one wrong value, which ends a run on a token
			// that locks.
			b, d, _ = denied(t, kind, changePIN, answer, false)
			_, err = b.again()
			if kind == "opensc" {
				refused(t, err, exec.Device, "the same command shows the old one next")
				_, err = b.again()
			}
			if err != nil || d.wrong != 1 {
				t.Errorf("%s, %s, not made: %v, %d wrong", kind, answer, err, d.wrong)
			}
		}
	}
	// A PUK is not tried.
	b, d, err := denied(t, "softhsm", newPUK, exec.CKRPINIncorrect, true)
	refused(t, err, exec.Device, "setpuk", "C_SetPIN", "the token contradicts itself", "--abandon")
	_, err = b.again()
	refused(t, err, exec.Refused, "which one holds is not known; a PUK is not tried")
	if n := count(b.module.Calls, "C_Login"); n != 0 || d.wrong != 0 {
		t.Errorf("%d logins, %d wrong", n, d.wrong)
	}
}

// TestTokenThatRefusesHonestly: where nothing contradicts the answer, the old value
// holds, and the next run shows it alone.
func TestTokenThatRefusesHonestly(t *testing.T) {
	for kind, low := range map[string]bool{"softhsm": true, "opencryptoki": false, "generic": false} {
		b := newBenchOn(t, changePIN, kind)
		b.module = model.New(b.Plan.Facts(), model.Start{})
		d := &denier{Module: b.module, answer: exec.CKRPINIncorrect, low: low}
		b.Module, b.Options.SpendFinalTry = d, true
		_, err := b.apply()
		if e := refused(t, err, exec.Device, "setpin", "C_SetPIN"); strings.Contains(e.Help(), "contradicts") {
			t.Errorf("%s: %s", kind, e.Help())
		}
		d.answer, d.low = exec.CKROK, false
		if _, err := b.again(); err != nil || d.wrong != 0 {
			t.Errorf("%s: %v, %d wrong", kind, err, d.wrong)
		}
	}
}

// TestTokenThatRefusesAndChanges is what costs a try: nothing tells that a new value
// which the token says that it does not take was taken.
func TestTokenThatRefusesAndChanges(t *testing.T) {
	for _, kind := range []string{"softhsm", "nss", "opensc", "generic"} {
		for _, answer := range []exec.CKR{exec.CKRPINLenRange, exec.CKRPINInvalid, exec.CKRPINTooWeak} {
			b, d, err := denied(t, kind, changePIN, answer, true)
			if e := refused(t, err, exec.Device, "setpin", "C_SetPIN"); strings.Contains(e.Help(), "contradicts") {
				t.Errorf("%s: %s", kind, e.Help())
			}
			if _, err := b.again(); err == nil || d.wrong != 1 {
				t.Errorf("%s, %s: %v, %d wrong", kind, answer, err, d.wrong)
			}
		}
	}
	// Unless it no longer asks for a change.
	b := newBenchOn(t, changePIN, "generic")
	b.module = model.New(b.Plan.Facts(), model.Start{})
	d := &denier{Module: b.module, answer: exec.CKRPINLenRange, made: true}
	b.Module = asks{d}
	_, err := b.apply()
	refused(t, err, exec.Device, "setpin", "the token contradicts itself")
	d.answer = exec.CKROK
	if _, err := b.again(); err != nil || d.wrong != 0 {
		t.Errorf("%v, %d wrong", err, d.wrong)
	}
}

// asks is a module whose token wanted its PIN changed when the run began.
type asks struct{ *denier }

func (a asks) Slots(ctx context.Context) ([]exec.Slot, error) {
	slots, err := a.denier.Slots(ctx)
	for i := range slots {
		slots[i].Token.Flags |= exec.FlagUserPINToChange
	}
	return slots, err
}
