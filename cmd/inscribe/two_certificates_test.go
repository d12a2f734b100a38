//go:build cgo && linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTwoCertificatesOnOneID: another program writes a certificate beside that of a key.
// apply and verify say the same of it. Without the public key both tell what is left.
func TestTwoCertificatesOnOneID(t *testing.T) {
	m := newMachine(t)
	args := append([]string{"apply", m.file("x.dsc", oneKeyOnCurve)}, cardField...)
	verify := append([]string{"verify"}, args[1:]...)
	m.must(exitOK, args)
	id := m.holds("CARD", "1234", 1, 1, 1)[0].id
	der, err := openssl(nil, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", filepath.Join(m.dir, "key"), "-subj", "/CN=Other", "-days", "30", "-outform", "DER")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(m.dir, "other.der")
	if err := os.WriteFile(path, der, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.tool("CARD", "1234", "--write-object", path, "--type", "cert", "--label", "other", "--id", id); err != nil {
		t.Fatal(err)
	}
	m.must(exitFindings, verify, "2 certificates share CKA_ID "+id)
	m.must(exitRefused, args, `the key "auth" that an earlier run made has 2 certificates of its CKA_ID `+id, "remove the others")
	m.must(exitRefused, append(slices.Clone(args), "--dry-run", "--seed", "plugged"), "has 2 certificates")
	if _, err := m.tool("CARD", "1234", "--delete-object", "--type", "cert", "--label", "other"); err != nil {
		t.Fatal(err)
	}
	m.must(exitOK, args, "nothing to do")
	m.must(exitOK, verify)

	if _, err := m.tool("CARD", "1234", "--delete-object", "--type", "pubkey", "--id", id); err != nil {
		t.Fatal(err)
	}
	o := m.must(exitFindings, verify, "the public key that was put there (CKA_ID "+id+") is gone")
	if strings.Contains(o.stdout, "there is no certificate") || strings.Contains(o.stdout, "private key of CKA_ID") {
		t.Errorf("it calls more gone than is: %s", o)
	}
}
