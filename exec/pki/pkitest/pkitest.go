package pkitest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"os/exec"
	"sync"
	"testing"

	token "inscribe/exec"
	"inscribe/exec/pki"
)

// Kinds are the kinds of key that [NewKey] makes.
var Kinds = []string{"rsa", "p256", "p384", "p521", "ed25519"}

// Key is a key pair that signs as a token does.
type Key struct {
	Private crypto.Signer
	Public  token.PublicKey
	// Calls counts the signatures.
	Calls int
	t     testing.TB
}

// RSA keys are slow to make; two serve all tests of a process.
var rsaKeys = [2]func() (*rsa.PrivateKey, error){
	sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }),
	sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }),
}

// NewKey makes a key of one of [Kinds].
func NewKey(t testing.TB, kind string) *Key { return newKey(t, kind, 0) }

// OtherKey makes a key of the kind that is not the one of [NewKey].
func OtherKey(t testing.TB, kind string) *Key { return newKey(t, kind, 1) }

func newKey(t testing.TB, kind string, n int) *Key {
	t.Helper()
	var private crypto.Signer
	var err error
	switch kind {
	case "rsa":
		private, err = rsaKeys[n]()
	case "p256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no kind of key %q", kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := pki.FromCrypto(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &Key{Private: private, Public: public, t: t}
}

// Sign is an [token.Signer]. A second signature, or a mechanism that is not the
// key's, fails the test.
func (k *Key) Sign(_ context.Context, m token.MechanismType, input []byte) ([]byte, error) {
	k.Calls++
	if k.Calls > 1 {
		k.t.Errorf("signature %d by one key", k.Calls)
	}
	switch private := k.Private.(type) {
	case *rsa.PrivateKey:
		if m != token.CKMRSAPKCS || len(input) != 19+sha256.Size {
			k.t.Errorf("mechanism 0x%x with %d bytes for an RSA key", m, len(input))
		}
		return rsa.SignPKCS1v15(nil, private, 0, input)
	case *ecdsa.PrivateKey:
		size := (private.Curve.Params().BitSize + 7) / 8
		if m != token.CKMECDSA || len(input) != min(size, 64) {
			k.t.Errorf("mechanism 0x%x with %d bytes for a key of %d bytes", m, len(input), size)
		}
		der, err := ecdsa.SignASN1(rand.Reader, private, input)
		if err != nil {
			return nil, err
		}
		var sig struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(der, &sig); err != nil {
			return nil, err
		}
		raw := make([]byte, 2*size)
		sig.R.FillBytes(raw[:size])
		sig.S.FillBytes(raw[size:])
		return raw, nil
	default:
		if m != token.CKMEDDSA {
			k.t.Errorf("mechanism 0x%x for an Edwards key", m)
		}
		return k.Private.Sign(rand.Reader, input, crypto.Hash(0))
	}
}

// OpenSSL runs openssl and gives what it wrote to both outputs. It fails the test
// when openssl is missing or does not end well.
func OpenSSL(t testing.TB, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return string(out)
}
