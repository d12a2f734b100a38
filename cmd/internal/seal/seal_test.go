package seal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

func key(t *testing.T, k any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestSignAndVerify(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	for name, k := range map[string]crypto.Signer{"ed25519": ed, "ecdsa": ec} {
		env, err := Sign([]byte(`{"plan":1}`), key(t, k))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e, payload, sealed, err := Open(env)
		if err != nil || !sealed || string(payload) != `{"plan":1}` {
			t.Fatalf("%s: %q %v %v", name, payload, sealed, err)
		}
		id, err := Verify(e, payload, []crypto.PublicKey{other.Public(), k.Public()})
		if want, _ := KeyID(k.Public()); err != nil || id != want {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Verify(e, payload, []crypto.PublicKey{other.Public()}); !errors.Is(err, errUntrusted) {
			t.Errorf("%s: another key verifies: %v", name, err)
		}
		for i := range payload {
			bad := append([]byte{}, payload...)
			bad[i] ^= 1
			if _, err := Verify(e, bad, []crypto.PublicKey{k.Public()}); !errors.Is(err, errUntrusted) {
				t.Fatalf("%s: a changed byte %d verifies", name, i)
			}
		}
	}
}

func TestKeysThatCannotSign(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for want, pemBytes := range map[string][]byte{
		"neither Ed25519 nor ECDSA": key(t, rsaKey),
		"no PEM":                    []byte("x"),
		"encrypted":                 pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}}),
		"holds a CERTIFICATE":       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}),
	} {
		if _, err := Sign(nil, pemBytes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, _, sealed, _ := Open([]byte(`{"version":1}`)); sealed {
		t.Error("a bare plan passes for an envelope")
	}
}
