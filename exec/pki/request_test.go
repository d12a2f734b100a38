package pki_test

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

var fullTemplate = pki.Template{
	Name:    "Full",
	Subject: "CN={NAME}+serialNumber={token.serial},emailAddress={MAIL},OU=Staff,O=Ex\\, Inc,C=DE",
	SAN: pki.SAN{
		EMail: []string{"{MAIL}"},
		DNS:   []string{"{HOST}.example.org"},
		URI:   []string{"urn:user:{NAME}"},
		UPN:   []string{"{USER}@corp.example"},
	},
	KeyUsage: []string{"digitalSignature", "nonRepudiation"},
	EKU:      []string{"clientAuth", "smartcardLogon", "documentSigning", "1.2.3.4"},
	Policies: []string{"1.3.6.1.4.1.99999.1", "2.25.329800735698586629295641978511506172918"},
}

func fullFields() map[string]string {
	return map[string]string{"NAME": "Zoë Müller", "MAIL": "zoe@example.org", "HOST": "pc1", "USER": "zoe", "token.serial": "12ab"}
}

func expand(t testing.TB, template pki.Template, fields map[string]string) pki.Wanted {
	t.Helper()
	w, err := template.Expand(fields)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRequestIsReadByOpenSSL(t *testing.T) {
	w := expand(t, fullTemplate, fullFields())
	for _, kind := range pkitest.Kinds {
		t.Run(kind, func(t *testing.T) {
			k := pkitest.NewKey(t, kind)
			der, err := pki.Request(t.Context(), k.Public, w, k.Sign)
			if err != nil {
				t.Fatal(err)
			}
			if k.Calls != 1 {
				t.Errorf("%d signatures", k.Calls)
			}
			out := pkitest.OpenSSL(t, der, "req", "-inform", "DER", "-verify", "-noout", "-text", "-nameopt", "RFC2253,utf8,-esc_msb")
			for _, want := range []string{
				"verify OK",
				`Subject: CN=Zoë Müller+serialNumber=12ab,emailAddress=zoe@example.org,OU=Staff,O=Ex\, Inc,C=DE`,
				"X509v3 Key Usage: critical\n                    Digital Signature, Non Repudiation\n",
				"TLS Web Client Authentication, Microsoft Smartcard Login, 1.3.6.1.5.5.7.3.36, 1.2.3.4",
				"email:zoe@example.org", "DNS:pc1.example.org", "URI:urn:user:Zo%C3%AB%20M%C3%BCller", "othername: UPN::zoe@corp.example",
			} {
				if !strings.Contains(out, want) {
					t.Errorf("openssl does not show %q:\n%s", want, out)
				}
			}
		})
	}
}

func TestRequestHashFollowsTheKey(t *testing.T) {
	w := expand(t, fullTemplate, fullFields())
	want := map[string]x509.SignatureAlgorithm{
		"rsa": x509.SHA256WithRSA, "p256": x509.ECDSAWithSHA256, "p384": x509.ECDSAWithSHA384, "p521": x509.ECDSAWithSHA512, "ed25519": x509.PureEd25519,
	}
	for kind, alg := range want {
		k := pkitest.NewKey(t, kind)
		der, err := pki.Request(t.Context(), k.Public, w, k.Sign)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := pki.VerifyRequest(der, k.Public)
		if err != nil || csr.SignatureAlgorithm != alg {
			t.Errorf("%s: %v, %v", kind, csr.SignatureAlgorithm, err)
		}
		if _, err := pki.VerifyRequest(der, pkitest.OtherKey(t, kind).Public); err == nil || !strings.Contains(err.Error(), "another public key") {
			t.Errorf("%s: another key was taken: %v", kind, err)
		}
		der[len(der)-1] ^= 1
		if _, err := pki.VerifyRequest(der, k.Public); err == nil {
			t.Errorf("%s: a changed signature was taken", kind)
		}
	}
}

func TestRequestRefusesASignerWithAnotherKey(t *testing.T) {
	w := expand(t, fullTemplate, fullFields())
	for _, kind := range pkitest.Kinds {
		k, other := pkitest.NewKey(t, kind), pkitest.OtherKey(t, kind)
		der, err := pki.Request(t.Context(), k.Public, w, other.Sign)
		var e *exec.Error
		if der != nil || !errors.As(err, &e) || e.Kind != exec.Device || !strings.Contains(e.Message, "does not verify") || e.Help() == "" {
			t.Errorf("%s: %d bytes, %v", kind, len(der), err)
		}
	}
}

func TestRequestHandsTheErrorOfTheTokenOn(t *testing.T) {
	k := pkitest.NewKey(t, "p256")
	want := &exec.Error{Kind: exec.Device, Call: "C_Sign", CKR: 0xa0}
	_, err := pki.Request(t.Context(), k.Public, expand(t, fullTemplate, fullFields()), func(context.Context, exec.MechanismType, []byte) ([]byte, error) { return nil, want })
	if err != error(want) {
		t.Errorf("got %v", err)
	}
}

func TestRequestRefusesBadSignatures(t *testing.T) {
	w := expand(t, fullTemplate, fullFields())
	for _, kind := range pkitest.Kinds {
		for name, spoil := range map[string]func([]byte) []byte{
			"empty":   func([]byte) []byte { return nil },
			"short":   func(b []byte) []byte { return b[:len(b)-1] },
			"long":    func(b []byte) []byte { return append(b, 0) },
			"changed": func(b []byte) []byte { b[3] ^= 0x10; return b },
			"zero":    func(b []byte) []byte { clear(b); return b },
		} {
			k := pkitest.NewKey(t, kind)
			_, err := pki.Request(t.Context(), k.Public, w, func(ctx context.Context, m exec.MechanismType, in []byte) ([]byte, error) {
				sig, err := k.Sign(ctx, m, in)
				return spoil(slices.Clone(sig)), err
			})
			var e *exec.Error
			if !errors.As(err, &e) || e.Kind != exec.Device {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
	}
}

func TestRequestDoesNotSignWhatDoesNotFit(t *testing.T) {
	never := func(context.Context, exec.MechanismType, []byte) ([]byte, error) {
		t.Error("the token was asked to sign")
		return nil, nil
	}
	for kind, usage := range map[string]string{"rsa": "keyAgreement", "p256": "keyEncipherment", "p384": "dataEncipherment", "ed25519": "keyAgreement"} {
		w := expand(t, pki.Template{Name: "T", Subject: "CN=x", KeyUsage: []string{usage}}, nil)
		if _, err := pki.Request(t.Context(), pkitest.NewKey(t, kind).Public, w, never); err == nil || !strings.Contains(err.Error(), usage) {
			t.Errorf("%s with %s: %v", kind, usage, err)
		}
	}
	brainpool := exec.PublicKey{Type: exec.CKKEC, Params: unhex(t, "06092b2403030208010107"), Point: append([]byte{4}, make([]byte, 64)...)}
	if _, err := pki.Request(t.Context(), brainpool, expand(t, fullTemplate, fullFields()), never); err == nil || !strings.Contains(err.Error(), "cannot be verified") {
		t.Errorf("brainpool: %v", err)
	}
}

func TestKeyUsageExtensionIsDER(t *testing.T) {
	for usage, want := range map[string]string{
		"digitalSignature":                           "03020780",
		"nonRepudiation":                             "03020640",
		"contentCommitment":                          "03020640",
		"keyEncipherment":                            "03020520",
		"dataEncipherment":                           "03020410",
		"keyAgreement":                               "03020308",
		"keyAgreement decipherOnly":                  "0303070880",
		"digitalSignature encipherOnly keyAgreement": "03020089",
	} {
		w := expand(t, pki.Template{Subject: "CN=x", KeyUsage: strings.Fields(usage)}, nil)
		ext, err := w.Extensions()
		if err != nil {
			t.Fatal(err)
		}
		if !ext[0].Critical || !slices.Equal(ext[0].Value, unhex(t, want)) || !ext[0].Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 15}) {
			t.Errorf("%s: %x critical %v, want %s", usage, ext[0].Value, ext[0].Critical, want)
		}
	}
}
