package exec_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// newBenchOn is newBench on tokens of another profile than SoftHSM2's.
func newBenchOn(t *testing.T, text, kind string) *bench {
	t.Helper()
	b := newBench(t, text, model.Start{})
	pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: profile.Lookup(kind)})
	if err != nil {
		t.Fatal(err)
	}
	b.module = model.New(pl.Facts(), model.Start{})
	b.Options.Plan, b.Options.Module = pl, b.module
	return b
}

const changeAndKey = `[Description]
PKCS11Library=x.dll
SetPIN=true
PIN=!FROM_USER_DIALOG_3_FIELD
ApplicationList=A

[Application_A]
ECCurve=P-256
CertTempl=auth
`

// TestResumeAfterAChangeInTheUsersSession ends a run at each write to the
// journal. The login for the change takes the old PIN, so once the change is made
// that login must not be tried again.
func TestResumeAfterAChangeInTheUsersSession(t *testing.T) {
	whole := newBenchOn(t, changeAndKey, "nss")
	if _, err := whole.apply(); err != nil {
		t.Fatal(err)
	}
	if got := whole.ids(exec.Done)[1:5]; !slices.Equal(got, []string{"op-02 login", "op-03 setpin", "op-04 logout", "op-05 login"}) {
		t.Fatalf("ops %v", got)
	}
	for at, r := range whole.journals.records {
		t.Run(fmt.Sprint(r.Event, r.ID), func(t *testing.T) {
			b := newBenchOn(t, changeAndKey, "nss")
			b.journals.failAt = at + 1
			if _, err := b.apply(); err == nil {
				t.Fatal("the journal failed, and the run did not")
			}
			made := count(b.module.Calls, "C_SetPIN")
			if _, err := b.again(); err != nil {
				t.Fatal(err)
			}
			if made += count(b.module.Calls, "C_SetPIN"); made != 1 {
				t.Errorf("%d changes: %v", made, b.module.Calls)
			}
		})
	}
}

// TestChangeInTheUsersSessionThatWasNotMade: an earlier run was cut off in the
// change, and the old PIN still holds.
func TestChangeInTheUsersSessionThatWasNotMade(t *testing.T) {
	b := newBenchOn(t, changeAndKey, "nss")
	b.Module = &tap{Module: b.module, fail: map[string]error{"C_SetPIN": &exec.Error{Kind: exec.Device, Call: "C_SetPIN", CKR: exec.CKRDeviceError}}}
	if _, err := b.apply(); err == nil {
		t.Fatal("no error")
	}
	b.Module = b.module
	if _, err := b.again(); err != nil {
		t.Fatal(err)
	}
	// The new one is wrong, the old one opens for the change, the new one is proved.
	if n := count(b.module.Calls, "C_Login"); n != 3 || count(b.module.Calls, "C_SetPIN") != 1 {
		t.Errorf("%d logins: %v", n, b.module.Calls)
	}
}

// TestLocalThatIsNotTold keeps a generated key where the profile says that the
// token does not tell of it, and nowhere else.
func TestLocalThatIsNotTold(t *testing.T) {
	for kind, keeps := range map[string]bool{"nss": true, "softhsm": false} {
		b := newBenchOn(t, oneKey, kind)
		b.Inputs = secrets(b.Plan)
		b.Module = &tap{Module: b.module, attributes: func(attrs []exec.Attribute) {
			for i := range attrs {
				if attrs[i].Type == exec.CKALocal {
					attrs[i] = exec.Bool(exec.CKALocal, false)
				}
			}
		}}
		if _, err := b.apply(); (err == nil) != keeps {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// templates keeps what keys are generated with.
type templates struct {
	exec.Module
	all [][]exec.Attribute
}

type templateToken struct {
	exec.Token
	to *templates
}

func (m *templates) Token(id exec.SlotID) exec.Token {
	return &templateToken{m.Module.Token(id), m}
}

func (t *templateToken) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (pub, priv exec.Object, err error) {
	t.to.all = append(t.to.all, public, private)
	return t.Token.GenerateKeyPair(ctx, m, public, private)
}

// TestKeysThatSignAndDecrypt: a token that refuses a template which keeps a key
// to signing is given none.
func TestKeysThatSignAndDecrypt(t *testing.T) {
	uses := []exec.AttributeType{exec.CKAEncrypt, exec.CKAWrap, exec.CKADecrypt, exec.CKAUnwrap, exec.CKADerive}
	for kind, free := range map[string]bool{"tpm2": false, "softhsm": true} {
		b := newBenchOn(t, bothSlots, kind)
		b.Inputs = secrets(b.Plan)
		seen := &templates{Module: b.module}
		b.Module = seen
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		if len(seen.all) != 4 {
			t.Fatalf("%d templates", len(seen.all))
		}
		for _, template := range seen.all {
			if says := slices.ContainsFunc(template, func(a exec.Attribute) bool { return slices.Contains(uses, a.Type) }); says != free {
				t.Errorf("%s: a template says what the key is for: %v", kind, says)
			}
		}
	}
}

// TestFactorySOPIN: a fresh token that takes its vendor's SO PIN alone is shown no
// other, and one that is initialised has whatever it was given.
func TestFactorySOPIN(t *testing.T) {
	for value, fits := range map[string]bool{"87654321": true, "12345678": false} {
		for _, fresh := range []bool{true, false} {
			b := newBenchOn(t, initialise, "opencryptoki")
			b.module = model.New(b.Plan.Facts(), model.Start{Fresh: fresh})
			b.Module, b.DestroyConfirmed = b.module, true
			b.Inputs = secrets(b.Plan)
			b.Inputs.Secrets["PUK"], b.Inputs.Secrets["CARD"] = secret.FromString(value), secret.FromString("1234")
			_, err := b.apply()
			tried := count(b.module.Calls, "C_InitToken")
			switch {
			case !fresh:
				refused(t, err, exec.Refused, "cannot be initialised a second time")
			case fits && (err != nil || tried != 1):
				t.Errorf("%v, %d tries", err, tried)
			case !fits:
				refused(t, err, exec.Refused, "field PUK is not 87654321, the SO PIN of a fresh token", "give 87654321")
				if tried != 0 {
					t.Errorf("%d tries", tried)
				}
			}
		}
	}
}
