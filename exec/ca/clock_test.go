package ca

import (
	"errors"
	"strings"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

func TestNoCertificateIsOlderThanTheCA(t *testing.T) {
	e, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e.now = func() time.Time { return e.cert.NotBefore.Add(time.Minute) }
	got, err := e.fill(pki.Template{}, pki.Wanted{}, pkitest.NewKey(t, "p256").Public)
	if err != nil || !got.NotBefore.Equal(e.cert.NotBefore) {
		t.Errorf("starts %s, the CA %s: %v", got.NotBefore, e.cert.NotBefore, err)
	}
}

func TestExpiredCAIssuesNothing(t *testing.T) {
	e, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e.now = func() time.Time { return e.cert.NotAfter }
	k := pkitest.NewKey(t, "p256")
	x := DefaultTemplate()
	x.Name = "T"
	fields := map[string]string{"template": "T", "token.serial": "1"}
	w, err := x.Expand(fields)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := pki.Request(t.Context(), k.Public, w, k.Sign)
	if err != nil {
		t.Fatal(err)
	}
	_, issueErr := e.Issue(x, fields, csr)
	for _, err := range []error{e.Check(t.Context()), issueErr} {
		var x *exec.Error
		if !errors.As(err, &x) || x.Kind != exec.Device || !strings.Contains(err.Error(), e.Name()) || x.Help() == "" {
			t.Errorf("got %v", err)
		}
	}
}
