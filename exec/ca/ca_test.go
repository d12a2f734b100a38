package ca_test

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/ca"
	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

func open(t testing.TB) (*ca.Embedded, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lab", "ca")
	e, err := ca.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return e, dir
}

func template() pki.Template {
	return pki.Template{
		Name:     "Sign",
		Subject:  "CN={NAME},serialNumber={token.serial},O=Example,C=DE",
		SAN:      pki.SAN{EMail: []string{"{MAIL}"}, UPN: []string{"{MAIL}"}},
		KeyUsage: []string{"nonRepudiation", "digitalSignature"},
		EKU:      []string{"clientAuth", "emailProtection"},
		Policies: []string{"1.3.6.1.4.1.99999.7"},
	}
}

func request(k *pkitest.Key) exec.CertificateRequest {
	return exec.CertificateRequest{
		Application: "A",
		Template:    "Sign",
		Key:         k.Public,
		Fields:      map[string]string{"NAME": "Zoë", "MAIL": "zoe@example.org"},
		Token:       exec.TokenInfo{Serial: "12ab", Label: "CARD"},
	}
}

// pkcs10 makes a request of the template for the key.
func pkcs10(t testing.TB, x pki.Template, k *pkitest.Key) []byte {
	t.Helper()
	w, err := x.Expand(pki.Fields(request(k)))
	if err != nil {
		t.Fatal(err)
	}
	der, err := pki.Request(t.Context(), k.Public, w, k.Sign)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func parseX509(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantError fails unless err is an exec.Error of the kind with the texts in it.
func wantError(t testing.TB, err error, kind exec.Kind, texts ...string) {
	t.Helper()
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Errorf("got %v (%#v), want kind %d", err, err, kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in: %v", text, err)
		}
	}
}

// fake is a CA that returns what it is told to.
type fake struct {
	der        []byte
	check, err error
	enrolled   int
}

func (*fake) Name() string                  { return "Fake" }
func (f *fake) Check(context.Context) error { return f.check }
func (f *fake) Enroll(context.Context, pki.Template, exec.CertificateRequest, []byte) ([]byte, error) {
	f.enrolled++
	return f.der, f.err
}
