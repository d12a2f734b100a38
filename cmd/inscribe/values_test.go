package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificateEndingIn makes a certificate whose DER ends in a byte.
func certificateEndingIn(t *testing.T, last byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0)}
	for range 20_000 {
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		if der[len(der)-1] == last {
			return der
		}
	}
	t.Fatalf("no certificate ends in %#x", last)
	return nil
}

// TestLineEndOfAFile: of a file's text one line end is dropped, and of DER none that is
// its last byte.
func TestLineEndOfAFile(t *testing.T) {
	lf, cr := certificateEndingIn(t, '\n'), certificateEndingIn(t, '\r')
	for name, c := range map[string]struct{ file, want []byte }{
		"text":              {[]byte("1234\n"), []byte("1234")},
		"text of Windows":   {[]byte("1234\r\n"), []byte("1234")},
		"two line ends":     {[]byte("1234\n\n"), []byte("1234\n")},
		"0 and a line end":  {[]byte("0\n"), []byte("0")},
		"digits":            {[]byte("0123\n"), []byte("0123")},
		"DER ends in LF":    {lf, lf},
		"DER ends in CR":    {cr, cr},
		"DER and line end":  {append(bytes.Clone(lf), '\n'), lf},
		"DER and line ends": {append(bytes.Clone(cr), "\r\n"...), cr},
	} {
		path := filepath.Join(t.TempDir(), "value")
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := (&app{ctx: t.Context()}).value("file:"+path, "CERT")
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
