package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/pki"
	"inscribe/exec/pki/pkitest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bare(t testing.TB, point []byte) []byte {
	t.Helper()
	var b []byte
	if _, err := asn1.Unmarshal(point, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPublicKeyRoundTrip(t *testing.T) {
	for _, kind := range pkitest.Kinds {
		k := pkitest.NewKey(t, kind)
		pub, err := pki.PublicKey(k.Public)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if !pub.(interface{ Equal(crypto.PublicKey) bool }).Equal(k.Private.Public()) {
			t.Errorf("%s: another key came back", kind)
		}
		if !pki.Equal(k.Public, k.Public) {
			t.Errorf("%s: a key differs from itself", kind)
		}
		if pki.Equal(k.Public, pkitest.OtherKey(t, kind).Public) {
			t.Errorf("%s: two keys are equal", kind)
		}
	}
}

func TestEqualIgnoresTheWayOfWriting(t *testing.T) {
	for _, kind := range []string{"p256", "p384", "p521", "ed25519"} {
		k := pkitest.NewKey(t, kind).Public
		b := k
		b.Point = bare(t, k.Point)
		if !pki.Equal(k, b) {
			t.Errorf("%s: a bare point makes another key", kind)
		}
	}
	r := pkitest.NewKey(t, "rsa").Public
	zeros := r
	zeros.Modulus = append([]byte{0, 0}, r.Modulus...)
	zeros.Exponent = append([]byte{0}, r.Exponent...)
	if !pki.Equal(r, zeros) {
		t.Error("leading zeros make another RSA key")
	}
	ed := pkitest.NewKey(t, "ed25519").Public
	for _, params := range []string{"130c656477617264733235353139", "06092b06010401da470f01"} {
		other := ed
		other.Params = unhex(t, params)
		if !pki.Equal(ed, other) {
			t.Errorf("the curve named by %s is another one", params)
		}
	}
	bits := ed
	bits.Point = append([]byte{3, 33, 0}, bare(t, ed.Point)...)
	if !pki.Equal(ed, bits) {
		t.Error("a point in a BIT STRING makes another key")
	}
	if pki.Equal(exec.PublicKey{}, exec.PublicKey{}) || pki.Equal(r, ed) {
		t.Error("an empty key, or one of another type, is equal")
	}
}

// A bare point whose X starts with 3f looks like an OCTET STRING of 63 bytes.
func TestBarePointThatLooksWrapped(t *testing.T) {
	for {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := k.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if point[1] != 0x3f {
			continue
		}
		wrapped, err := pki.FromCrypto(k.Public())
		if err != nil {
			t.Fatal(err)
		}
		b := wrapped
		b.Point = point
		if !pki.Equal(wrapped, b) {
			t.Error("the point was cut")
		}
		return
	}
}

func TestCompressedPoint(t *testing.T) {
	k := pkitest.NewKey(t, "p384")
	pub := k.Private.Public().(*ecdsa.PublicKey)
	c := k.Public
	c.Point = elliptic.MarshalCompressed(pub.Curve, pub.X, pub.Y)
	if !pki.Equal(k.Public, c) {
		t.Error("a compressed point makes another key")
	}
	got, err := pki.PublicKey(c)
	if err != nil || !pub.Equal(got) {
		t.Errorf("PublicKey: %v", err)
	}
}

func TestKeyIDIsThatOfTheCertificate(t *testing.T) {
	for _, kind := range pkitest.Kinds {
		k := pkitest.NewKey(t, kind)
		der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
		if err != nil {
			t.Fatal(err)
		}
		var spki struct {
			Algorithm asn1.RawValue
			Key       asn1.BitString
		}
		if _, err := asn1.Unmarshal(der, &spki); err != nil {
			t.Fatal(err)
		}
		want := sha1.Sum(spki.Key.Bytes)
		got, err := pki.KeyID(k.Public)
		if err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("%s: %x, %v; want %x", kind, got, err, want)
		}
	}
}

func TestKeysOfOtherCurves(t *testing.T) {
	const brainpoolP256r1 = "06092b2403030208010107"
	point := append([]byte{4}, bytes.Repeat([]byte{0x3f}, 64)...)
	k := exec.PublicKey{Type: exec.CKKEC, Params: unhex(t, brainpoolP256r1), Point: point}
	if _, err := pki.PublicKey(k); err == nil || !strings.Contains(err.Error(), "brainpoolP256r1 cannot be verified") {
		t.Errorf("PublicKey: %v", err)
	}
	want := sha1.Sum(point)
	if id, err := pki.KeyID(k); err != nil || !bytes.Equal(id, want[:]) {
		t.Errorf("KeyID: %x, %v", id, err)
	}
	wrapped := k
	wrapped.Point = append([]byte{4, 65}, point...)
	if !pki.Equal(k, wrapped) {
		t.Error("the OCTET STRING makes another key")
	}
	secp256k1 := k
	secp256k1.Params = unhex(t, "06052b8104000a")
	if pki.Equal(k, secp256k1) {
		t.Error("one point on two curves is one key")
	}
}

func TestDamagedKeys(t *testing.T) {
	p256 := pkitest.NewKey(t, "p256").Public
	off := append([]byte{4}, bytes.Repeat([]byte{1}, 64)...)
	for name, k := range map[string]exec.PublicKey{
		"the RSA key has no modulus":      {Type: exec.CKKRSA},
		"longer than 31 bits":             {Type: exec.CKKRSA, Modulus: []byte{9}, Exponent: []byte{1, 0, 0, 0, 1}},
		"does not name its curve":         {Type: exec.CKKEC, Params: []byte{0x30, 0}, Point: p256.Point},
		"has 3 bytes":                     {Type: exec.CKKEC, Params: p256.Params, Point: []byte{1, 2, 3}},
		"has 0 bytes":                     {Type: exec.CKKECEdwards, Params: []byte{6, 3, 43, 101, 112}},
		"does not lie on the curve P-256": {Type: exec.CKKEC, Params: p256.Params, Point: off},
		"type 0x1 ":                       {Type: 1},
		"Ed448 cannot be verified":        {Type: exec.CKKECEdwards, Params: []byte{6, 3, 43, 101, 113}, Point: make([]byte, 57)},
	} {
		if _, err := pki.PublicKey(k); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, pub := range []any{x.Public(), "key", rsa.PublicKey{}} {
		if _, err := pki.FromCrypto(pub); err == nil {
			t.Errorf("%T was taken", pub)
		}
	}
}
