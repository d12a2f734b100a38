package exec_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// reader is a module whose card is pulled while it makes a key pair. told is what
// it answers then, info what the token's state is asked to be afterwards, and gone
// says that the list knows the slot no more.
type pullingReader struct {
	exec.Module
	told, info exec.CKR
	gone       bool
	out        bool
}

func (r *pullingReader) Token(id exec.SlotID) exec.Token {
	return pullingToken{r.Module.Token(id), r}
}

func (r *pullingReader) Slots(ctx context.Context) ([]exec.Slot, error) {
	if r.out && r.gone {
		return nil, nil
	}
	return r.Module.Slots(ctx)
}

type pullingToken struct {
	exec.Token
	reader *pullingReader
}

func (t pullingToken) GenerateKeyPair(context.Context, exec.MechanismType, []exec.Attribute, []exec.Attribute) (exec.Object, exec.Object, error) {
	t.reader.out = true
	return 0, 0, &exec.Error{Kind: exec.Device, Call: "C_GenerateKeyPair", CKR: t.reader.told}
}

func (t pullingToken) Info(ctx context.Context) (exec.TokenInfo, error) {
	if t.reader.out && t.reader.info != exec.CKROK {
		return exec.TokenInfo{}, &exec.Error{Kind: exec.Device, Call: "C_GetTokenInfo", CKR: t.reader.info}
	}
	return t.Token.Info(ctx)
}

// TestATakenOutCardIsNamed: a call that fails without a reason has one if the token
// is gone, and only then.
func TestATakenOutCardIsNamed(t *testing.T) {
	const said, advice = "the card was taken out", "put it in again and run the same command"
	for name, c := range map[string]struct {
		reader pullingReader
		named  bool
	}{
		"no token in the slot":     {pullingReader{told: exec.CKRGeneralError, info: exec.CKRTokenNotPresent}, true},
		"the slot is gone":         {pullingReader{told: exec.CKRFunctionFailed, info: exec.CKRSlotIDInvalid}, true},
		"the device is gone":       {pullingReader{told: exec.CKRDataInvalid, info: exec.CKRDeviceRemoved}, true},
		"only the list knows":      {pullingReader{told: exec.CKRGeneralError, gone: true}, true},
		"it is still there":        {pullingReader{told: exec.CKRGeneralError}, false},
		"nobody knows":             {pullingReader{told: exec.CKRGeneralError, info: exec.CKRGeneralError}, false},
		"a wrong PIN, and then":    {pullingReader{told: exec.CKRPINIncorrect, info: exec.CKRTokenNotPresent}, false},
		"a locked PIN, and then":   {pullingReader{told: exec.CKRPINLocked, info: exec.CKRTokenNotPresent}, false},
		"an invalid session of it": {pullingReader{told: exec.CKRSessionHandleInvalid, info: exec.CKRTokenNotPresent}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneKey, model.Start{})
			c.reader.Module = b.module
			b.Module = &c.reader
			_, err := b.apply()
			var e *exec.Error
			if !errors.As(err, &e) || e.CKR != c.reader.told {
				t.Fatal(err)
			}
			if strings.Contains(e.Error(), said) != c.named || strings.Contains(e.Help(), advice) != c.named {
				t.Errorf("%v; help: %s", e, e.Help())
			}
		})
	}
}

// TestTokenThatBecameAnother: a token that was initialised or exchanged beside the run
// is not reported as done, and the run stays unfinished.
func TestTokenThatBecameAnother(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) {
		if done := b.ids(exec.Done); len(done) == len(b.Plan.Ops) {
			i.Serial, i.Label = "fa11", "another"
		}
	}}
	_, err := b.apply()
	e := refused(t, err, exec.Device, "default slot", "became another one during the run", `token "another"`)
	if !strings.Contains(e.Help(), "another program initialised it") {
		t.Error(e.Help())
	}
	for _, rec := range b.journals.records {
		if rec.Event == "end" {
			t.Error("the run counts as finished")
		}
	}
}
