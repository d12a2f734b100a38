package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

// selfSigned makes a certificate of the template for the key, changed by change.
func selfSigned(t testing.TB, template pki.Template, fields map[string]string, k *pkitest.Key, change func(*x509.Certificate)) []byte {
	t.Helper()
	w := expand(t, template, fields)
	ext, err := w.Extensions()
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(0xabcde), RawSubject: w.Subject,
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		ExtraExtensions: ext, Policies: w.Policies,
	}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Private.Public(), k.Private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParseAllForms(t *testing.T) {
	for _, kind := range pkitest.Kinds {
		k := pkitest.NewKey(t, kind)
		der := selfSigned(t, fullTemplate, fullFields(), k, nil)
		p := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		b64 := base64.StdEncoding.EncodeToString(der)
		body := strings.Join(strings.Split(string(p), "\n")[1:], "\n")
		body, _, _ = strings.Cut(body, "-----END")
		for name, data := range map[string][]byte{
			"DER":               der,
			"PEM":               p,
			"PEM with text":     append([]byte("Subject: x\n"), append(p, "\nbye\n"...)...),
			"PEM with CRLF":     []byte(strings.ReplaceAll(string(p), "\n", "\r\n")),
			"base64":            []byte(b64),
			"base64 unpadded":   []byte(strings.TrimRight(b64, "=")),
			"base64 with lines": []byte("\n" + body + "\n"),
		} {
			c, err := pki.Parse(data)
			if err != nil {
				t.Errorf("%s as %s: %v", kind, name, err)
				continue
			}
			x, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			fingerprint := sha256.Sum256(der)
			if !bytes.Equal(c.DER, der) || !bytes.Equal(c.Subject, x.RawSubject) || !bytes.Equal(c.Issuer, x.RawIssuer) ||
				hex.EncodeToString(c.Serial) != "02030abcde" || !pki.Equal(c.Key, k.Public) {
				t.Errorf("%s as %s: %+v", kind, name, c)
			}
			d := c.Display
			if d.Serial != "0abcde" || d.NotBefore != "2026-06-15T11:00:00Z" || d.NotAfter != "2026-06-15T13:00:00Z" ||
				d.Fingerprint != hex.EncodeToString(fingerprint[:]) || !strings.HasSuffix(d.Subject, `,OU=Staff,O=Ex\, Inc,C=DE`) || d.Issuer != d.Subject {
				t.Errorf("%s as %s: %+v", kind, name, d)
			}
		}
	}
}

func TestParseSaysWhatItIsInstead(t *testing.T) {
	k := pkitest.NewKey(t, "p256")
	der := selfSigned(t, fullTemplate, fullFields(), k, nil)
	p := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	csr, err := pki.Request(t.Context(), k.Public, expand(t, fullTemplate, fullFields()), k.Sign)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(k.Private.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	dir := t.TempDir()
	keyPath, certPath := filepath.Join(dir, "k"), filepath.Join(dir, "c")
	for path, data := range map[string][]byte{keyPath: keyPEM, certPath: p} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl := func(args ...string) []byte { return []byte(pkitest.OpenSSL(t, nil, args...)) }
	spki, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	off := bytes.Clone(der)
	off[len(off)/2] ^= 0xff

	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"nothing", "is empty", nil},
		{"blanks", "is empty", []byte(" \r\n\t")},
		{"text", "neither DER nor PEM nor base64", []byte("hello, world!")},
		{"base64 of text", "this is no certificate", []byte("aGVsbG8=")},
		{"a digit", "no certificate, or one that is cut off", []byte("0123")},
		{"cut off", "cut off", der[:len(der)-1]},
		{"trailing", "3 bytes follow the certificate", append(bytes.Clone(der), 1, 2, 3)},
		{"PKCS#8", "private key", pkcs8},
		{"PKCS#8 PEM", "private key", keyPEM},
		{"certificate and key", "private key", append(bytes.Clone(p), keyPEM...)},
		{"SEC 1", "private key", sec1},
		{"PKCS#1", "private key", x509.MarshalPKCS1PrivateKey(rsaKey(t))},
		{"encrypted PKCS#8", "private key", openssl("pkcs8", "-topk8", "-in", keyPath, "-outform", "DER", "-passout", "pass:x")},
		{"PKCS#10", "PKCS#10", csr},
		{"PKCS#10 PEM", "PKCS#10", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})},
		{"PKCS#12", "PKCS#12", openssl("pkcs12", "-export", "-inkey", keyPath, "-in", certPath, "-passout", "pass:x")},
		{"PKCS#7", "PKCS#7", openssl("crl2pkcs7", "-nocrl", "-certfile", certPath, "-outform", "DER")},
		{"PKCS#7 PEM", `holds no certificate but "PKCS7"`, openssl("crl2pkcs7", "-nocrl", "-certfile", certPath)},
		{"public key", "public key", spki},
		{"two", "more than one", append(bytes.Clone(p), p...)},
		{"damaged PEM", "the PEM is damaged", p[:len(p)-10]},
		{"damaged second PEM", "the PEM is damaged", append(bytes.Clone(p), p[:40]...)},
	} {
		_, err := pki.Parse(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// A certificate on a curve that cannot be verified can still be stored.
func TestParseBrainpool(t *testing.T) {
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "k"), filepath.Join(dir, "c")
	pkitest.OpenSSL(t, nil, "ecparam", "-name", "brainpoolP256r1", "-genkey", "-noout", "-out", key)
	pkitest.OpenSSL(t, nil, "req", "-x509", "-new", "-key", key, "-subj", "/CN=brain", "-set_serial", "0x80ff", "-out", cert)
	data, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pki.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if c.Display.Subject != "CN=brain" || c.Display.Serial != "80ff" || hex.EncodeToString(c.Key.Params) != "06092b2403030208010107" {
		t.Errorf("%+v", c)
	}
	id, err := pki.KeyID(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	text := pkitest.OpenSSL(t, data, "x509", "-noout", "-ext", "subjectKeyIdentifier")
	if shown := strings.ToLower(strings.ReplaceAll(text, ":", "")); !strings.Contains(shown, hex.EncodeToString(id)) {
		t.Errorf("openssl has the key identifier %s, not %x", text, id)
	}
}

func FuzzParse(f *testing.F) {
	k := pkitest.NewKey(f, "p256")
	der := selfSigned(f, fullTemplate, fullFields(), k, nil)
	f.Add(der)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	f.Add([]byte(base64.StdEncoding.EncodeToString(der)))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := pki.Parse(data)
		if err != nil {
			return
		}
		if again, err := pki.Parse(c.DER); err != nil || again.Display != c.Display {
			t.Errorf("the DER of a certificate reads differently: %v", err)
		}
		var n *big.Int
		if _, err := asn1.Unmarshal(c.Serial, &n); err != nil {
			t.Errorf("serial %x: %v", c.Serial, err)
		}
		_, _ = pki.KeyID(c.Key)
	})
}
