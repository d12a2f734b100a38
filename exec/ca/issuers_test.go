package ca_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/ca"
	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

func issuers(c ca.CA, change func(*ca.Options)) *ca.Issuers {
	o := ca.Options{
		Templates: map[string]pki.Template{"Sign": template()},
		CAFor:     func(string) (ca.CA, error) { return c, nil },
	}
	if change != nil {
		change(&o)
	}
	return ca.New(o)
}

func TestFromCheckToCertificate(t *testing.T) {
	e, _ := open(t)
	var issuer exec.Issuer = issuers(e, nil)
	for _, kind := range pkitest.Kinds {
		k := pkitest.NewKey(t, kind)
		r := request(k)
		early := r
		early.Key = exec.PublicKey{Type: k.Public.Type}
		if err := issuer.Check(t.Context(), early); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		csr, err := issuer.Request(t.Context(), r, k.Sign)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		cert, err := issuer.Issue(t.Context(), r, csr)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if cert.Display.Subject != "CN=Zoë,SERIALNUMBER=12ab,O=Example,C=DE" || !pki.Equal(cert.Key, k.Public) || k.Calls != 1 {
			t.Errorf("%s: %+v after %d signatures", kind, cert.Display, k.Calls)
		}
		again, err := issuer.Parse(cert.DER)
		if err != nil || again.Display != cert.Display {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestDefaultTemplate(t *testing.T) {
	e, _ := open(t)
	k := pkitest.NewKey(t, "rsa")
	r := request(k)
	r.Template = "Signature"
	none := issuers(e, nil)
	wantError(t, none.Check(t.Context(), r), exec.Refused, `certificate template "Signature" is not known: configured are Sign`)
	_, err := none.Decrypts("Signature")
	wantError(t, err, exec.Refused, "is not known")
	_, err = none.Decrypts("SIGN")
	if failed, ok := errors.AsType[*exec.Error](err); !ok || !strings.Contains(failed.Advice, "write CertTempl=Sign, since the case counts") {
		t.Errorf("a template in another case gives %v", err)
	}

	first := ca.DefaultTemplate()
	some := issuers(e, func(o *ca.Options) { o.Default = &first })
	csr, err := some.Request(t.Context(), r, k.Sign)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := some.Issue(t.Context(), r, csr)
	if err != nil {
		t.Fatal(err)
	}
	if cert.Display.Subject != "CN=Signature 12ab" {
		t.Errorf("subject %s", cert.Display.Subject)
	}
	if decrypt, err := some.Decrypts("Signature"); decrypt || err != nil {
		t.Errorf("decrypt %v, %v", decrypt, err)
	}
}

func TestDecryptsFollowsTheTemplate(t *testing.T) {
	s := issuers(&fake{}, func(o *ca.Options) {
		enc := template()
		enc.KeyUsage = []string{"keyEncipherment"}
		bad := template()
		bad.KeyUsage = []string{"x"}
		o.Templates = map[string]pki.Template{"Sign": template(), "Enc": enc, "Bad": bad}
	})
	if decrypt, err := s.Decrypts("Sign"); decrypt || err != nil {
		t.Errorf("Sign: %v, %v", decrypt, err)
	}
	if decrypt, err := s.Decrypts("Enc"); !decrypt || err != nil {
		t.Errorf("Enc: %v, %v", decrypt, err)
	}
	_, err := s.Decrypts("Bad")
	wantError(t, err, exec.Refused, "certificate template Bad", `"x" is no key usage`)
}

func TestCheckRefusesBeforeTheFirstWrite(t *testing.T) {
	k := pkitest.NewKey(t, "p256")
	r := request(k)
	s := issuers(&fake{}, nil)
	if err := s.Check(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	unfit := r
	unfit.Fields = map[string]string{"NAME": "", "MAIL": "a@b.c"}
	wantError(t, s.Check(t.Context(), unfit), exec.Refused, "template Sign", "CN of the subject is empty")
	unfit.Fields = map[string]string{"NAMES": "x", "MAIL": "a@b.c"}
	wantError(t, s.Check(t.Context(), unfit), exec.Refused, "did you mean NAMES?")

	enc := issuers(&fake{}, func(o *ca.Options) {
		x := template()
		x.KeyUsage = []string{"keyEncipherment"}
		o.Templates["Sign"] = x
	})
	wantError(t, enc.Check(t.Context(), r), exec.Refused, "template Sign", "keyEncipherment")
	_, err := enc.Request(t.Context(), r, func(context.Context, exec.MechanismType, []byte) ([]byte, error) {
		t.Error("the token was asked to sign")
		return nil, nil
	})
	wantError(t, err, exec.Refused, "keyEncipherment")

	down := issuers(&fake{check: errors.New("connection refused")}, nil)
	wantError(t, down.Check(t.Context(), r), exec.Device, `CA "Fake" is not ready for certificate template Sign`, "connection refused")
	for name, f := range map[string]func(string) (ca.CA, error){
		"none":  nil,
		"nil":   func(string) (ca.CA, error) { return nil, nil },
		"error": func(string) (ca.CA, error) { return nil, errors.New("no table") },
	} {
		s := issuers(nil, func(o *ca.Options) { o.CAFor = f })
		err := s.Check(t.Context(), r)
		wantError(t, err, exec.Refused, "there is no CA for certificate template Sign")
		if name == "error" && !strings.Contains(err.Error(), "no table") {
			t.Error(err)
		}
	}
	lost := issuers(nil, func(o *ca.Options) {
		o.CAFor = func(string) (ca.CA, error) {
			return nil, &exec.Error{Kind: exec.Local, Message: "gone", Advice: "look"}
		}
	})
	err = lost.Check(t.Context(), r)
	wantError(t, err, exec.Local, "gone")
	if e := err.(*exec.Error); e.Help() != "look" {
		t.Errorf("advice %q", e.Help())
	}
}

func TestIssueRefusesAnotherRequest(t *testing.T) {
	f := &fake{}
	s := issuers(f, nil)
	k, other := pkitest.NewKey(t, "p256"), pkitest.OtherKey(t, "p256")
	_, err := s.Issue(t.Context(), request(k), pkcs10(t, template(), other))
	wantError(t, err, exec.Refused, "template Sign", "another public key")
	x := template()
	x.Subject = "CN=Mallory"
	_, err = s.Issue(t.Context(), request(k), pkcs10(t, x, k))
	wantError(t, err, exec.Refused, "template Sign", "another subject")
	_, err = s.Issue(t.Context(), request(k), []byte("x"))
	wantError(t, err, exec.Refused, "cannot be read")
	if f.enrolled != 0 {
		t.Errorf("the CA saw %d requests", f.enrolled)
	}
}

func TestIssueDistrustsTheCA(t *testing.T) {
	e, _ := open(t)
	k, other := pkitest.NewKey(t, "p256"), pkitest.OtherKey(t, "p256")
	r := request(k)
	csr := pkcs10(t, template(), k)
	foreign, err := e.Enroll(t.Context(), template(), r, pkcs10(t, template(), other))
	if err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]*fake{
		"timeout":                       {err: errors.New("timeout")},
		"the certificate is empty":      {},
		"returned something else":       {der: []byte("<html>")},
		"it is for another public key":  {der: foreign},
		"this is a certificate request": {der: csr},
	} {
		_, err := issuers(f, nil).Issue(t.Context(), r, csr)
		wantError(t, err, exec.Device, `CA "Fake"`, "template Sign", want)
		if x := err.(*exec.Error); x.Help() == "" {
			t.Errorf("no advice: %v", err)
		}
	}
	late := issuers(e, func(o *ca.Options) { o.Now = func() time.Time { return time.Now().Add(366 * 24 * time.Hour) } })
	_, err = late.Issue(t.Context(), r, csr)
	wantError(t, err, exec.Device, "it expired at", e.Name())
}

func TestTemplatesAreCopied(t *testing.T) {
	m := map[string]pki.Template{"Sign": template()}
	s := ca.New(ca.Options{Templates: m})
	delete(m, "Sign")
	if _, err := s.Decrypts("Sign"); err != nil {
		t.Error(err)
	}
}
