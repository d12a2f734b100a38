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
	"inscribe/plan"
)

// replacing makes a bench whose plan deletes what is older. Both applications have
// one template, and so one label.
func replacing(t *testing.T) *bench {
	t.Helper()
	text := strings.Replace(oneKey, "ApplicationList=A\n", "ApplicationList=AB\n", 1) + "[Application_B]\nECCurve=P-256\nCertTempl=auth\n"
	b := newBench(t, text, model.Start{})
	pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	b.Plan, b.AllowExisting, b.DestroyConfirmed = pl, true, true
	return b
}

// ids are the CKA_IDs of the objects of a class.
func ids(t *testing.T, m exec.Module, class uint64) map[string]bool {
	t.Helper()
	ctx, tok := context.Background(), m.Token(0)
	if err := tok.OpenSession(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tok.CloseSession(ctx) }()
	found, err := tok.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, class)})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, o := range found {
		attrs, err := tok.Attributes(ctx, o, exec.CKAID)
		if err != nil {
			t.Fatal(err)
		}
		out[string(attrs[0].Value)] = true
	}
	return out
}

func TestReplaceKeepsWhatIsNew(t *testing.T) {
	b := replacing(t)
	b.AllowExisting = false
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	before := ids(t, b.module, exec.CKOPublicKey)
	b.AllowExisting = true
	result, err := b.again()
	if err != nil {
		t.Fatal(err)
	}
	after := ids(t, b.module, exec.CKOPublicKey)
	if len(before) != 2 || len(after) != 2 || len(ids(t, b.module, exec.CKOCertificate)) != 2 {
		t.Errorf("%d keys before, %d after", len(before), len(after))
	}
	for id := range after {
		if before[id] {
			t.Error("an old key is still there")
		}
	}
	if len(result.Objects) != 2 {
		t.Errorf("%+v", result.Objects)
	}
	if n := count(b.module.Calls, "C_DestroyObject"); n != 6 {
		t.Errorf("%d objects deleted, want two private keys, two public keys and two certificates", n)
	}
}

// TestReplaceCutOff ends a run that replaces at each of its records; the next one
// ends with the new keys alone.
func TestReplaceCutOff(t *testing.T) {
	for at := 1; ; at++ {
		b := replacing(t)
		b.AllowExisting = false
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		b.AllowExisting = true
		b.journals = b.journals.next()
		b.journals.failAt = at
		b.Journals, b.Inputs = b.journals, secrets(b.Plan)
		before := ids(t, b.module, exec.CKOPublicKey)
		if _, err := b.apply(); err == nil {
			if at < 10 {
				t.Fatalf("only %d records", at)
			}
			return
		}
		if _, err := b.again(); err != nil {
			t.Fatalf("cut off at record %d: %v", at, err)
		}
		after := ids(t, b.module, exec.CKOPublicKey)
		if len(after) != 2 {
			t.Errorf("cut off at record %d: %d keys", at, len(after))
		}
		for id := range after {
			if before[id] {
				t.Errorf("cut off at record %d: an old key is still there", at)
			}
		}
	}
}

// TestADeletionThatIsALie: a token that says that an object is gone is looked at.
func TestADeletionThatIsALie(t *testing.T) {
	b := replacing(t)
	b.AllowExisting = false
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	b.AllowExisting = true
	b.Module = keeping{b.module}
	_, err := b.again()
	refused(t, err, exec.Device, "delete", "and still shows them")
}

type keeping struct{ exec.Module }

func (k keeping) Token(id exec.SlotID) exec.Token { return keepingToken{k.Module.Token(id)} }

type keepingToken struct{ exec.Token }

func (keepingToken) DestroyObject(context.Context, exec.Object) error { return nil }

// oneCard is a module whose two tokens are the slots of one card.
type oneCard struct{ exec.Module }

func (c oneCard) Slots(ctx context.Context) ([]exec.Slot, error) {
	slots, err := c.Module.Slots(ctx)
	for i := range slots {
		slots[i].Token.Serial = "1"
	}
	return slots, err
}

func (c oneCard) Token(id exec.SlotID) exec.Token { return oneCardToken{c.Module.Token(id)} }

type oneCardToken struct{ exec.Token }

func (t oneCardToken) Info(ctx context.Context) (exec.TokenInfo, error) {
	info, err := t.Token.Info(ctx)
	info.Serial = "1"
	return info, err
}

// TestReplaceLeavesTheOtherSlot: where the default slot is logged out, its private keys do
// not show, and what has the label of a signature key there may be of one of them.
func TestReplaceLeavesTheOtherSlot(t *testing.T) {
	facts, err := profile.Parse("lab", []byte("inherits = \"gemalto\"\n[fact]\nlogins-exclude-each-other = { is = true, source = \"this test\" }\n"), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(bothSlots)), nil), plan.Options{Replace: true, Profile: facts})
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, bothSlots, model.Start{})
	b.Plan, b.module, b.AllowExisting, b.DestroyConfirmed = pl, model.New(facts, model.Start{}), true, true
	b.Module, b.Inputs = oneCard{b.module}, secrets(pl)
	token, id := b.module.Token(0), exec.Bytes(exec.CKAID, []byte{7})
	err = errors.Join(token.OpenSession(t.Context()), token.Login(t.Context(), exec.NormalUser, exec.Credential{Name: "PIN", Secret: b.Inputs.Secrets["CARD"]}))
	for class, private := range map[uint64]bool{exec.CKOPrivateKey: true, exec.CKOCertificate: false} {
		_, made := token.CreateObject(t.Context(), []exec.Attribute{exec.Ulong(exec.CKAClass, class), exec.Bool(exec.CKAToken, true), exec.Bool(exec.CKAPrivate, private), exec.Text(exec.CKALabel, "sig"), id})
		err = errors.Join(err, made)
	}
	if err = errors.Join(err, token.CloseSession(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	if !ids(t, b.module, exec.CKOCertificate)["\x07"] {
		t.Error("the certificate of a key in the other slot is gone")
	}
}
