package exec_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// tellsPoint has the private key of a token tell a point, as few modules do: its own, or
// another where the key was replaced.
func tellsPoint(t *testing.T, b *bench, own bool) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	token := b.module.Token(0)
	must(token.OpenSession(ctx))
	must(token.Login(ctx, exec.NormalUser, exec.Credential{Secret: secret.FromString("value of CARD")}))
	public, err := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPublicKey)})
	must(err)
	point, err := token.Attributes(ctx, public[0], exec.CKAECPoint)
	must(err)
	private, err := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey)})
	must(err)
	if !own {
		point[0].Value = []byte("that of another key")
	}
	must(token.SetAttributes(ctx, private[0], point))
	must(token.CloseSession(ctx))
}

// TestCopied takes a token at its word only where the profile lets it.
func TestCopied(t *testing.T) {
	for _, c := range []struct {
		key           exec.Item
		honest, other bool // softhsm, opensc
	}{
		{exec.Item{Sensitive: true, NeverExtractable: true}, false, false},
		{exec.Item{}, true, false},
		{exec.Item{Sensitive: true}, true, false},
		{exec.Item{Extractable: true}, true, true},
	} {
		if a, b := c.key.Copied(profile.Lookup("softhsm")), c.key.Copied(profile.Lookup("opensc")); a != c.honest || b != c.other {
			t.Errorf("%+v: %t, %t", c.key, a, b)
		}
	}
}

// TestAPrivateKeyThatWasReplaced: that a private key has the CKA_ID of a public one does
// not make them a pair. Where the token tells, a verification finds it and a run stops;
// where it does not, or tells what need not be so, that is said.
func TestAPrivateKeyThatWasReplaced(t *testing.T) {
	generated := func(b *bench) exec.Finding {
		for _, f := range b.look(t, noted{b.journals.records}).Ops {
			if f.Op == "genkey" {
				return f
			}
		}
		t.Fatal("there is no key")
		return exec.Finding{}
	}
	b := issued(t, oneKey)
	if f := generated(b); f.State != exec.Fits || !strings.Contains(fmt.Sprint(f.Notes), "does not tell whether the private key is the one of the public key") {
		t.Errorf("the token does not tell: %+v", f)
	}
	tellsPoint(t, b, true)
	if f := generated(b); f.State != exec.Fits || f.Notes != nil {
		t.Errorf("the token tells: %+v", f)
	}
	tellsPoint(t, b, false)
	if f := generated(b); f.State != exec.Drifts || !strings.Contains(fmt.Sprint(f.Differs), "the private key was replaced: it is not the one of the public key") {
		t.Errorf("another key: %+v", f)
	}
	_, err := b.again()
	refused(t, err, exec.Refused, "was replaced", "--existing replace")

	b = newBench(t, oneKey, model.Start{})
	b.Plan = openSC(t, oneKey)
	b.module = model.New(b.Plan.Facts(), model.Start{})
	b.Module, b.Issuer = b.module, remembering{model.Issuer{}, map[string]exec.Certificate{}}
	pin := func() { b.Inputs.Secrets = map[string]secret.Secret{"CARD": secret.FromString("123456")} }
	pin()
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	pin()
	v, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: b.Options})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Ops {
		if f.Op == "genkey" && !strings.Contains(fmt.Sprint(f.Notes), "whether the private key is the one") {
			t.Errorf("the token need not tell the truth of its keys: %+v", f)
		}
	}
}
