package ca_test

import (
	"bytes"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

func TestIssuedCertificateIsReadByOpenSSL(t *testing.T) {
	e, dir := open(t)
	root := filepath.Join(dir, "root.pem")
	write(t, root, e.CertificatePEM())
	for _, kind := range pkitest.Kinds {
		t.Run(kind, func(t *testing.T) {
			k := pkitest.NewKey(t, kind)
			der, err := e.Enroll(t.Context(), template(), request(k), pkcs10(t, template(), k))
			if err != nil {
				t.Fatal(err)
			}
			cert, err := pki.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "issued", cert.Display.Serial+".pem")
			data, err := os.ReadFile(file)
			if block, _ := pem.Decode(data); err != nil || block == nil || !bytes.Equal(block.Bytes, der) {
				t.Fatalf("%s does not hold the certificate: %v", file, err)
			}
			if out := pkitest.OpenSSL(t, nil, "verify", "-x509_strict", "-CAfile", root, "-purpose", "sslclient", file); !strings.Contains(out, ": OK") {
				t.Error(out)
			}
			pkitest.OpenSSL(t, nil, "verify", "-x509_strict", "-CAfile", root, "-purpose", "smimesign", file)
			text := pkitest.OpenSSL(t, data, "x509", "-noout", "-text", "-nameopt", "RFC2253,utf8,-esc_msb")
			for _, want := range []string{
				"Issuer: CN=" + e.Name(),
				"Subject: CN=Zoë,serialNumber=12ab,O=Example,C=DE",
				"X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n",
				"TLS Web Client Authentication, E-mail Protection",
				"X509v3 Basic Constraints: critical\n                CA:FALSE",
				"X509v3 Certificate Policies: \n                Policy: 1.3.6.1.4.1.99999.7",
				"email:zoe@example.org, othername: UPN::zoe@example.org",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("openssl does not show %q:\n%s", want, text)
				}
			}
			x, root := parseX509(t, der), parseX509(t, e.Certificate())
			id, err := pki.KeyID(k.Public)
			if err != nil || !bytes.Equal(x.SubjectKeyId, id) || !bytes.Equal(x.AuthorityKeyId, root.SubjectKeyId) {
				t.Errorf("key identifiers %x and %x: %v", x.SubjectKeyId, x.AuthorityKeyId, err)
			}
			if !pki.Equal(cert.Key, k.Public) {
				t.Error("it is for another key")
			}
			if x.SerialNumber.Sign() <= 0 || x.SerialNumber.BitLen() > 128 {
				t.Errorf("serial %x", x.SerialNumber)
			}
			if d := time.Until(x.NotAfter) - 365*24*time.Hour; d > 0 || d < -time.Minute {
				t.Errorf("it ends at %s", x.NotAfter)
			}
			if x.NotBefore.After(time.Now()) {
				t.Errorf("it starts at %s", x.NotBefore)
			}
		})
	}
}

func TestSerialsAreRandom(t *testing.T) {
	e, _ := open(t)
	k := pkitest.NewKey(t, "p256")
	csr := pkcs10(t, template(), k)
	seen := map[string]bool{}
	high := new(big.Int)
	for range 32 {
		der, err := e.Enroll(t.Context(), template(), request(k), csr)
		if err != nil {
			t.Fatal(err)
		}
		n := parseX509(t, der).SerialNumber
		seen[n.String()] = true
		if n.Cmp(high) > 0 {
			high = n
		}
	}
	if len(seen) != 32 || high.BitLen() < 120 {
		t.Errorf("%d serials, the highest %x", len(seen), high)
	}
}

func TestValidity(t *testing.T) {
	e, _ := open(t)
	k := pkitest.NewKey(t, "p256")
	csr := pkcs10(t, template(), k)
	end := parseX509(t, e.Certificate()).NotAfter
	for days, want := range map[int]time.Time{
		90:       time.Now().Add(90 * 24 * time.Hour),
		20 * 365: end,
		// These were negative, and half an hour, as a number of nanoseconds.
		110000:     end,
		213504:     end,
		7000 * 366: end,
	} {
		x := template()
		x.Days = days
		der, err := e.Enroll(t.Context(), x, request(k), csr)
		if err != nil {
			t.Fatal(err)
		}
		if got := parseX509(t, der).NotAfter; got.Sub(want).Abs() > time.Minute || got.After(end) {
			t.Errorf("%d days: ends %s, want %s", days, got, want)
		}
	}
}

func TestIssueTakesOnlyTheKeyFromTheRequest(t *testing.T) {
	e, _ := open(t)
	k := pkitest.NewKey(t, "p256")
	forged := pki.Template{Name: "Sign", Subject: "CN=Mallory", SAN: pki.SAN{DNS: []string{"evil.example"}}, KeyUsage: []string{"keyAgreement"}}
	der, err := e.Enroll(t.Context(), template(), request(k), pkcs10(t, forged, k))
	if err != nil {
		t.Fatal(err)
	}
	x := parseX509(t, der)
	if x.Subject.CommonName != "Zoë" || len(x.DNSNames) != 0 {
		t.Errorf("subject %s, names %v", x.Subject, x.DNSNames)
	}
}

func TestIssueRefuses(t *testing.T) {
	e, dir := open(t)
	k := pkitest.NewKey(t, "p256")
	csr := pkcs10(t, template(), k)
	forged := bytes.Clone(csr)
	forged[len(forged)-1] ^= 1
	for name, der := range map[string][]byte{"nothing": nil, "garbage": []byte("x"), "changed": forged, "cut": csr[:len(csr)-1]} {
		_, err := e.Enroll(t.Context(), template(), request(k), der)
		if err == nil {
			t.Errorf("%s: issued", name)
		}
		wantError(t, err, exec.Refused, e.Name(), "template Sign")
	}
	x := template()
	x.KeyUsage = []string{"keyEncipherment"}
	_, err := e.Enroll(t.Context(), x, request(k), csr)
	wantError(t, err, exec.Refused, "keyEncipherment", "template Sign", e.Name())
	r := request(k)
	delete(r.Fields, "NAME")
	_, err = e.Enroll(t.Context(), template(), r, csr)
	wantError(t, err, exec.Refused, "{NAME}", "template Sign")
	if left, _ := os.ReadDir(filepath.Join(dir, "issued")); len(left) != 0 {
		t.Errorf("%d files of certificates that were refused", len(left))
	}
}
