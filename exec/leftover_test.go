package exec_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// pulled is a token that is pulled while it makes a key pair: what it has made by
// then, leave says, given the two objects.
type pulled struct {
	exec.Token
	leave func(t exec.Token, public, private exec.Object) error
}

func (c pulled) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	a, b, err := c.Token.GenerateKeyPair(ctx, m, public, private)
	if err == nil {
		err = c.leave(c.Token, a, b)
	}
	if err == nil {
		err = errCrash
	}
	return 0, 0, err
}

type pulledModule struct {
	exec.Module
	leave func(t exec.Token, public, private exec.Object) error
}

func (c pulledModule) Token(id exec.SlotID) exec.Token {
	return pulled{c.Module.Token(id), c.leave}
}

// TestWhatAPulledCardLeaves: of an interrupted generation the next run takes a
// whole pair, whatever CKA_IDs the module gave it, and removes what is less.
func TestWhatAPulledCardLeaves(t *testing.T) {
	ctx := context.Background()
	id := func(t exec.Token, o exec.Object, value byte) error {
		return t.SetAttributes(ctx, o, []exec.Attribute{exec.Bytes(exec.CKAID, []byte{value})})
	}
	for name, c := range map[string]struct {
		leave      func(t exec.Token, public, private exec.Object) error
		made, gone int
	}{
		"the private key alone": {func(t exec.Token, public, private exec.Object) error { return t.DestroyObject(ctx, public) }, 1, 1},
		"the private key with a CKA_ID": {func(t exec.Token, public, private exec.Object) error {
			return errors.Join(id(t, private, 7), t.DestroyObject(ctx, public))
		}, 1, 1},
		"the public key with a CKA_ID": {func(t exec.Token, public, private exec.Object) error {
			return errors.Join(id(t, public, 7), t.DestroyObject(ctx, private))
		}, 1, 1},
		"both with CKA_IDs": {func(t exec.Token, public, private exec.Object) error {
			return errors.Join(id(t, public, 7), id(t, private, 7))
		}, 0, 0},
		"both, one named anew": {func(t exec.Token, public, private exec.Object) error { return id(t, private, 7) }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneKey, model.Start{})
			b.Module = pulledModule{b.module, c.leave}
			if _, err := b.apply(); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			b.Module = b.module
			if _, err := b.again(); err != nil {
				t.Fatal(err)
			}
			if made, gone := count(b.module.Calls, "C_GenerateKeyPair"), count(b.module.Calls, "C_DestroyObject"); made != c.made || gone != c.gone {
				t.Errorf("%d key pairs made and %d objects removed, want %d and %d", made, gone, c.made, c.gone)
			}
			if result, err := b.again(); err != nil || result.Ran != 0 {
				t.Errorf("after the end: %+v, %v", result, err)
			}
		})
	}
}

// TestKeysThatWereThereStay: a run that was told to add to keys of the same label
// cannot tell those from what it left, and removes none, be it continued without
// the word or not.
func TestKeysThatWereThereStay(t *testing.T) {
	for _, class := range []uint64{exec.CKOPublicKey, exec.CKOPrivateKey} {
		b := newBench(t, oneKey, model.Start{})
		plant(t, b, class)
		b.AllowExisting = true
		b.Module = pulledModule{b.module, func(t exec.Token, public, private exec.Object) error {
			return errors.Join(t.DestroyObject(context.Background(), public), t.DestroyObject(context.Background(), private))
		}}
		if _, err := b.apply(); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		b.Module, b.AllowExisting = b.module, false
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
		if gone := count(b.module.Calls, "C_DestroyObject"); gone != 0 {
			t.Errorf("class %d: %d objects removed", class, gone)
		}
	}
}

// openSC is the plan of a description for a card of OpenSC.
func openSC(t testing.TB, text string) *plan.Plan {
	t.Helper()
	p, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: profile.Lookup("opensc"), Secrets: map[string]bool{"CARD": true}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAttributesThatTheModuleKnowsNot: where the profile says that a module tells
// nothing of how safe a key is, that is not held against it, and all else is.
func TestAttributesThatTheModuleKnowsNot(t *testing.T) {
	untold := map[exec.AttributeType]bool{exec.CKASensitive: true, exec.CKAAlwaysSensitive: true, exec.CKANeverExtractable: true, exec.CKALocal: true}
	for lie, want := range map[exec.AttributeType]bool{exec.CKASensitive: true, exec.CKAAlwaysSensitive: true, exec.CKANeverExtractable: true, exec.CKALocal: true,
		exec.CKAExtractable: false, exec.CKAPrivate: false, exec.CKASign: false} {
		b := newBench(t, oneKey, model.Start{})
		b.Plan = openSC(t, oneKey)
		b.module = model.New(b.Plan.Facts(), model.Start{})
		b.Inputs = secrets(b.Plan)
		b.Inputs.Secrets["CARD"] = secret.FromString("4711")
		b.Module = &tap{Module: b.module, attributes: func(attrs []exec.Attribute) {
			for i := range attrs {
				if (attrs[i].Type == lie || untold[attrs[i].Type]) && len(attrs[i].Value) == 1 {
					attrs[i].Value = []byte{1 - attrs[i].Value[0]}
				}
			}
		}}
		if _, err := b.apply(); (err == nil) != want {
			t.Errorf("attribute %#x: %v", uint64(lie), err)
		}
	}
}

// TestOneLoginSaysWhatIsMissing: the module of a card whose key directory stands
// under the other PIN says CKR_GENERAL_ERROR, which helps nobody.
func TestOneLoginSaysWhatIsMissing(t *testing.T) {
	signOnly := strings.Replace(oneKey, "PIN=CARD", "SignPIN=CARD", 1) + "Location=#Signature\n"
	const says = "this run has only that of the signature slot"
	for text, told := range map[string]bool{signOnly: true, bothSlots: false, oneKey: false} {
		b := newBench(t, text, model.Start{})
		b.Module = &tap{Module: b.module, fail: map[string]error{"C_GenerateKeyPair": &exec.Error{Kind: exec.Device, Call: "C_GenerateKeyPair", CKR: exec.CKRGeneralError}}}
		_, err := b.apply()
		if err == nil || strings.Contains(err.Error(), says) != told {
			t.Errorf("%s\n%v", text, err)
		}
	}
}
