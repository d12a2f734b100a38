package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// signatureOnly has a key in the signature slot alone; on a card of OpenSC it needs
// both logins.
const signatureOnly = `[Description]
PKCS11Library=x.dll
ApplicationList=A
PIN=!FROM_USER_DIALOG_1_FIELD
SignPIN=!FROM_USER_DIALOG_1_FIELD

[Application_A]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

// changing are the calls but those of sessions and attributes.
func changing(calls []string) []string {
	return slices.DeleteFunc(slices.Clone(calls), func(c string) bool {
		return strings.HasSuffix(c, "Session") || strings.HasSuffix(c, "C_SetAttributeValue")
	})
}

// TestRequestUnderItsOwnLogin: where a key needs both logins to be made, its request
// is signed under the one of its slot, and the other comes back for what is written.
// A run that finds the certificate changes no login.
func TestRequestUnderItsOwnLogin(t *testing.T) {
	b := newBenchOn(t, signatureOnly, "opensc")
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	want := []string{"default C_Login", "signature C_Login", "signature C_GenerateKeyPair", "default C_Logout", "signature C_Logout", "signature C_Login",
		"signature C_Sign", "default C_Login", "signature C_CreateObject"}
	if got := changing(b.module.Calls); !slices.Equal(got, want) {
		t.Errorf("calls %v\nwant %v", got, want)
	}
	result, err := b.again()
	if err != nil || result.Kept != 2 || result.Ran != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	if got := changing(b.module.Calls); !slices.Equal(got, []string{"default C_Login", "signature C_Login"}) {
		t.Errorf("calls of the second run: %v", got)
	}
}

// TestResumeUnderItsOwnLogin ends such a run at each write to the journal. The next
// one leaves one key and one certificate.
func TestResumeUnderItsOwnLogin(t *testing.T) {
	whole := newBenchOn(t, signatureOnly, "opensc")
	if _, err := whole.apply(); err != nil {
		t.Fatal(err)
	}
	for at, r := range whole.journals.records {
		t.Run(fmt.Sprint(r.Event, r.ID), func(t *testing.T) {
			b := newBenchOn(t, signatureOnly, "opensc")
			b.journals.failAt = at + 1
			if _, err := b.apply(); err == nil {
				t.Fatal("the journal failed, and the run did not")
			}
			if _, err := b.again(); err != nil {
				t.Fatal(err)
			}
			ctx, token := context.Background(), b.module.Token(1)
			for _, err := range []error{token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "SIGN", Secret: secret.FromString("new-4712")})} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if found, err := token.FindObjects(ctx, nil); err != nil || len(found) != 3 {
				t.Errorf("%d objects, %v", len(found), err)
			}
		})
	}
}

// leaky is a module that shows a private key without a login.
type leaky struct{ exec.Module }

func (l leaky) Token(id exec.SlotID) exec.Token { return &leakyToken{l.Module.Token(id), false} }

type leakyToken struct {
	exec.Token
	loggedIn bool
}

func (t *leakyToken) Login(ctx context.Context, u exec.User, c exec.Credential) error {
	t.loggedIn = true
	return t.Token.Login(ctx, u, c)
}

func (t *leakyToken) Logout(ctx context.Context) error {
	t.loggedIn = false
	return t.Token.Logout(ctx)
}

func (t *leakyToken) FindObjects(ctx context.Context, a []exec.Attribute) ([]exec.Object, error) {
	found, err := t.Token.FindObjects(ctx, a)
	if !t.loggedIn && len(a) == 2 && a[0].AsUlong() == exec.CKOPrivateKey {
		return []exec.Object{1}, err
	}
	return found, err
}

// TestKeyThatShowsWithoutALogin fails the logout that finds it.
func TestKeyThatShowsWithoutALogin(t *testing.T) {
	b := newBenchOn(t, signatureOnly, "opensc")
	b.Module = leaky{b.module}
	_, err := b.apply()
	refused(t, err, exec.Device, "logout: signature slot", "C_FindObjects", "the new key of the signature slot shows without a login")
	if slices.Contains(b.module.Calls, "signature C_Sign") {
		t.Error("it signed all the same")
	}
}

// guarded is a module whose keys of the signature slot answer to the default slot.
type guarded struct {
	exec.Module
	open map[exec.SlotID]bool
}

func (g *guarded) Token(id exec.SlotID) exec.Token { return &guardedToken{g.Module.Token(id), g, id} }

type guardedToken struct {
	exec.Token
	of *guarded
	id exec.SlotID
}

func (t *guardedToken) Login(ctx context.Context, u exec.User, c exec.Credential) error {
	t.of.open[t.id] = true
	return t.Token.Login(ctx, u, c)
}

// Logout logs the whole card out, and says so of the slot that is asked second.
func (t *guardedToken) Logout(ctx context.Context) error {
	was := t.of.open[t.id]
	clear(t.of.open)
	if err := t.Token.Logout(ctx); err != nil || was {
		return err
	}
	return &exec.Error{Kind: exec.Device, Call: "C_Logout", CKR: exec.CKRUserNotLoggedIn}
}

func (t *guardedToken) Sign(ctx context.Context, m exec.MechanismType, key exec.Object, data []byte, c *exec.Credential) ([]byte, error) {
	if t.id == 1 && !t.of.open[0] {
		return nil, &exec.Error{Kind: exec.Device, Call: "C_Sign", CKR: exec.CKRUserNotLoggedIn}
	}
	return t.Token.Sign(ctx, m, key, data, c)
}

// TestKeyBehindTheOtherPIN: a signature key that the card guards with the PIN of the
// default slot does not sign its request, though both PINs are given.
func TestKeyBehindTheOtherPIN(t *testing.T) {
	b := newBenchOn(t, signatureOnly, "opensc")
	b.Module = &guarded{b.module, map[exec.SlotID]bool{}}
	_, err := b.apply()
	e := refused(t, err, exec.Device, "reqcert: signature slot", "C_Sign", "the login of the signature slot alone does not open the new key, so another PIN guards it", "do not use this card for signatures")
	if e.CKR != exec.CKRUserNotLoggedIn {
		t.Errorf("%s", e.CKR)
	}
	signed := 0
	for _, c := range b.module.Calls {
		if c == "signature C_Sign" {
			signed++
		}
	}
	if signed != 0 {
		t.Errorf("%d signatures", signed)
	}
}

// TestHandlesEndWithTheLogin: the model is as strict as the specification, so that a
// run which used a handle of before would fail on it.
func TestHandlesEndWithTheLogin(t *testing.T) {
	b := newBenchOn(t, signatureOnly, "opensc")
	ctx, token := context.Background(), model.New(b.Plan.Facts(), model.Start{}).Token(0)
	login := func() error {
		return token.Login(ctx, exec.NormalUser, exec.Credential{Name: "x", Secret: secret.FromString("1")})
	}
	for _, err := range []error{token.OpenSession(ctx), login()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	public, private, err := token.GenerateKeyPair(ctx, exec.CKMECKeyPairGen, nil, []exec.Attribute{exec.Bool(exec.CKAPrivate, true)})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{token.Logout(ctx), login()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := token.Attributes(ctx, public, exec.CKAClass); err != nil {
		t.Error(err)
	}
	if _, err := token.Attributes(ctx, private, exec.CKAClass); err == nil {
		t.Error("the handle of a private key outlives its login")
	}
	if found, err := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey)}); err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}
