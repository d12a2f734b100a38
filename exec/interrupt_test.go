package exec_test

import (
	"context"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// interrupted is a module of a run that is interrupted in a call, which is brought to its
// end; none is begun after.
type interrupted struct {
	exec.Module
	cancel context.CancelFunc
}

func (m interrupted) Token(id exec.SlotID) exec.Token {
	return interruptedToken{m.Module.Token(id), m.cancel}
}

type interruptedToken struct {
	exec.Token
	cancel context.CancelFunc
}

func (t interruptedToken) InitToken(ctx context.Context, so exec.Credential, label string) error {
	defer t.cancel()
	return t.Token.InitToken(ctx, so, label)
}

func (t interruptedToken) Info(ctx context.Context) (exec.TokenInfo, error) {
	if err := ctx.Err(); err != nil {
		return exec.TokenInfo{}, &exec.Error{Kind: exec.Refused, Call: "C_GetTokenInfo", Cause: err, Unshown: true}
	}
	return t.Token.Info(ctx)
}

// TestInterruptOfAnInitialisation: a call that initialised the token is noted as done, with
// what the token is now, and is not made again.
func TestInterruptOfAnInitialisation(t *testing.T) {
	b := newBench(t, "[Fields]\nSO=\nCARD=\n[Description]\nPKCS11Library=x.dll\nInitToken=true\nInitialPUK=SO\nInitialLabel=#NEW\nSetPIN=true\nPIN=CARD\n", model.Start{Fresh: true})
	b.DestroyConfirmed = true
	ctx, cancel := context.WithCancel(context.Background())
	b.Module = interrupted{b.module, cancel}
	_, err := exec.Apply(ctx, b.Options)
	refused(t, err, exec.Device, "interrupted before this op", "run the same command again")
	last := b.journals.records[len(b.journals.records)-1]
	if last.Event != "done" || last.Op != "inittoken" || last.Tokens["default"].Serial == "" {
		t.Errorf("noted %+v", last)
	}
	b.Module = b.module
	if result, err := b.again(); err != nil || count(b.module.Calls, "C_InitToken") != 0 || result.Kept != 1 {
		t.Errorf("going on: %+v, %v", result, err)
	}
}
