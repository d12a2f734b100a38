package pki_test

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

func rsaKey(t testing.TB) *rsa.PrivateKey {
	return pkitest.NewKey(t, "rsa").Private.(*rsa.PrivateKey)
}

func parsed(t testing.TB, der []byte) exec.Certificate {
	t.Helper()
	c, err := pki.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompare(t *testing.T) {
	k := pkitest.NewKey(t, "p256")
	r := exec.CertificateRequest{Template: "Full", Key: k.Public, Fields: fullFields(), Token: exec.TokenInfo{Serial: "12ab"}}
	good := parsed(t, selfSigned(t, fullTemplate, fullFields(), k, nil))
	if err := pki.Compare(fullTemplate, r, good, noon); err != nil {
		t.Fatal(err)
	}

	other := fullTemplate
	other.KeyUsage = []string{"digitalSignature"}
	other.EKU = []string{"clientAuth"}
	other.Subject = "CN=Mallory"
	other.SAN = pki.SAN{EMail: []string{"m@example.org"}}
	other.Policies = nil
	bad := selfSigned(t, other, nil, pkitest.OtherKey(t, "p256"), func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = noon.Add(time.Hour), noon
		c.BasicConstraintsValid, c.IsCA = true, true
	})
	wrong := parsed(t, bad)
	r.Previous = &wrong
	err := pki.Compare(fullTemplate, r, wrong, noon)
	var x *exec.Error
	if !errors.As(err, &x) || x.Kind != exec.Device || x.Help() == "" {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"template Full",
		"another public key",
		`its subject is "CN=Mallory" instead of`,
		"not valid before 2026-06-15T13:00:00Z",
		"expired at 2026-06-15T12:00:00Z",
		"its key usage is digitalSignature instead of digitalSignature nonRepudiation",
		"its extended key usage is clientAuth instead of clientAuth smartcardLogon documentSigning 1.2.3.4",
		"lacks the e-mail address zoe@example.org",
		"lacks the DNS name pc1.example.org",
		"lacks the URI urn:user:",
		"lacks the UPN zoe@corp.example",
		"lacks the policy 1.3.6.1.4.1.99999.1",
		"lacks the policy 2.25.",
		"it is a CA certificate",
		"serial number 0abcde is the previous one",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

// TestSerialNumberOfAnotherCA may be the same.
func TestSerialNumberOfAnotherCA(t *testing.T) {
	k := pkitest.NewKey(t, "p256")
	template := simple("CN=x")
	c := parsed(t, selfSigned(t, template, nil, k, nil))
	before := exec.Certificate{Issuer: []byte("another"), Serial: c.Serial}
	if err := pki.Compare(template, exec.CertificateRequest{Key: k.Public, Previous: &before}, c, noon); err != nil {
		t.Error(err)
	}
	before.Issuer = c.Issuer
	if err := pki.Compare(template, exec.CertificateRequest{Key: k.Public, Previous: &before}, c, noon); err == nil {
		t.Error("the same serial number of the same CA is taken")
	}
}

func TestCompareDates(t *testing.T) {
	k := pkitest.NewKey(t, "p256")
	template := simple("CN=x")
	r := exec.CertificateRequest{Key: k.Public}
	c := parsed(t, selfSigned(t, template, nil, k, nil)) // valid from 11 to 13
	const skew = 5 * time.Minute
	for _, x := range []struct {
		now time.Time
		ok  bool
	}{
		{noon, true},
		{noon.Add(-time.Hour), true},
		{noon.Add(-time.Hour - skew), true},
		{noon.Add(-time.Hour - skew - time.Second), false},
		{noon.Add(time.Hour - time.Second), true},
		{noon.Add(time.Hour), false},
	} {
		if err := pki.Compare(template, r, c, x.now); (err == nil) != x.ok {
			t.Errorf("at %s: %v", x.now, err)
		}
	}
}

func TestCompareLeavesUnaskedUsagesToTheCA(t *testing.T) {
	k := pkitest.NewKey(t, "p256")
	asked := simple("CN=x")
	given := asked
	given.EKU = []string{"clientAuth"}
	c := parsed(t, selfSigned(t, given, nil, k, nil))
	if err := pki.Compare(asked, exec.CertificateRequest{Key: k.Public}, c, noon); err != nil {
		t.Error(err)
	}
	given.EKU = nil
	given.KeyUsage = []string{"digitalSignature", "keyAgreement"}
	c = parsed(t, selfSigned(t, given, nil, k, nil))
	if err := pki.Compare(asked, exec.CertificateRequest{Key: k.Public}, c, noon); err == nil || !strings.Contains(err.Error(), "keyAgreement") {
		t.Errorf("a usage too much was taken: %v", err)
	}
}
