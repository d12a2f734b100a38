package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math"
	"math/big"

	"inscribe/exec"
)

const adviceKeys = "use RSA, Ed25519 or one of the curves P-256, P-384 and P-521"

// PublicKey turns a key as a token shows it into an [*rsa.PublicKey], an
// [*ecdsa.PublicKey] or an [ed25519.PublicKey]. The point of a curve may stand
// in its DER OCTET STRING or without it, uncompressed or compressed. A curve
// that the standard library does not have, and so cannot verify with, is an
// error, as is a point that does not lie on its curve.
func PublicKey(k exec.PublicKey) (crypto.PublicKey, error) {
	switch k.Type {
	case exec.CKKRSA:
		n, e := new(big.Int).SetBytes(k.Modulus), new(big.Int).SetBytes(k.Exponent)
		if n.Sign() == 0 || e.Sign() == 0 {
			return nil, refused("", "the RSA key has no modulus or no public exponent")
		}
		if e.BitLen() > 31 || e.Int64() > math.MaxInt32 {
			return nil, refused(adviceKeys, "the public exponent of the RSA key is longer than 31 bits")
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	case exec.CKKEC:
		c, point, err := curvePoint(k)
		if err != nil {
			return nil, err
		}
		if c.std == nil {
			return nil, refused(adviceKeys, "a signature on the curve %s cannot be verified by this program", c.name)
		}
		pub, err := ecdsa.ParseUncompressedPublicKey(c.std, point)
		if err != nil {
			return nil, refused("", "the point of the key does not lie on the curve %s", c.name)
		}
		return pub, nil
	case exec.CKKECEdwards:
		c, point, err := curvePoint(k)
		if err != nil {
			return nil, err
		}
		if !c.oid.Equal(oidEd25519) {
			return nil, refused(adviceKeys, "a signature on the curve %s cannot be verified by this program", c.name)
		}
		return ed25519.PublicKey(point), nil
	default:
		return nil, refused(adviceKeys, "keys of type 0x%x (CKA_KEY_TYPE) are not supported", k.Type)
	}
}

// FromCrypto turns an RSA, ECDSA or Ed25519 public key into the form that a
// token shows: named curve, uncompressed point in an OCTET STRING.
func FromCrypto(pub crypto.PublicKey) (exec.PublicKey, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return exec.PublicKey{}, refused(adviceKeys, "public keys of type %T are not supported", pub)
	}
	return fromSPKI(spki)
}

// Equal reports whether a and b are the same public key, however the token
// writes it: leading zeros, the OCTET STRING around a point and the way an
// Edwards curve is named make no difference. A key that cannot be read is equal
// to none.
func Equal(a, b exec.PublicKey) bool {
	if a.Type != b.Type {
		return false
	}
	ca, errA := content(a)
	cb, errB := content(b)
	if errA != nil || errB != nil || !bytes.Equal(ca, cb) {
		return false
	}
	if a.Type == exec.CKKRSA {
		return true
	}
	curveA, _ := curveOf(a.Params, a.Type == exec.CKKECEdwards)
	curveB, _ := curveOf(b.Params, b.Type == exec.CKKECEdwards)
	return curveA.oid.Equal(curveB.oid)
}

// KeyID gives the CKA_ID for a key and its certificate: the SHA-1 of the
// content of the subjectPublicKey BIT STRING, 20 bytes (RFC 5280 section
// 4.2.1.2, method 1). It needs no curve of the standard library.
func KeyID(k exec.PublicKey) ([]byte, error) {
	c, err := content(k)
	if err != nil {
		return nil, err
	}
	// The digest names the key; nothing is protected by it.
	id := sha1.Sum(c)
	return id[:], nil
}

// content is what the subjectPublicKey BIT STRING of a certificate holds for
// the key.
func content(k exec.PublicKey) ([]byte, error) {
	switch k.Type {
	case exec.CKKRSA:
		n, e := new(big.Int).SetBytes(k.Modulus), new(big.Int).SetBytes(k.Exponent)
		if n.Sign() == 0 || e.Sign() == 0 {
			return nil, refused("", "the RSA key has no modulus or no public exponent")
		}
		return asn1.Marshal(rsaPublicKey{n, e})
	case exec.CKKEC, exec.CKKECEdwards:
		_, point, err := curvePoint(k)
		return point, err
	default:
		return nil, refused(adviceKeys, "keys of type 0x%x (CKA_KEY_TYPE) are not supported", k.Type)
	}
}

// rsaPublicKey is RSAPublicKey of RFC 8017 appendix A.1.1.
type rsaPublicKey struct{ N, E *big.Int }

// curvePoint gives the curve of a key and its point, out of the OCTET STRING
// and uncompressed where the curve is known.
func curvePoint(k exec.PublicKey) (curve, []byte, error) {
	edwards := k.Type == exec.CKKECEdwards
	c, ok := curveOf(k.Params, edwards)
	if !ok {
		return curve{}, nil, refused(adviceKeys, "the key does not name its curve (CKA_EC_PARAMS is no object identifier)")
	}
	point := k.Point
	if !c.fits(len(point), edwards) {
		point = unwrap(point)
	}
	if len(point) == 0 || !c.fits(len(point), edwards) && c.size != 0 {
		return curve{}, nil, refused("", "the point of the key has %d bytes, which does not fit the curve %s", len(k.Point), c.name)
	}
	if c.std != nil && len(point) == 1+c.size {
		x, y := elliptic.UnmarshalCompressed(c.std, point)
		if x == nil {
			return curve{}, nil, refused("", "the point of the key does not lie on the curve %s", c.name)
		}
		full := make([]byte, 1+2*c.size)
		full[0] = 4
		x.FillBytes(full[1 : 1+c.size])
		y.FillBytes(full[1+c.size:])
		point = full
	}
	return c, point, nil
}

// fits reports whether n is the length of a bare point. The length decides, for
// the first byte of an uncompressed point is also the tag of an OCTET STRING.
func (c curve) fits(n int, edwards bool) bool {
	if edwards {
		return c.size != 0 && n == c.size
	}
	return c.size != 0 && (n == 1+2*c.size || n == 1+c.size)
}

// unwrap takes a point out of the OCTET STRING of CKA_EC_POINT, or out of the
// BIT STRING that some tokens use for Edwards curves. Anything else is returned
// as it is.
func unwrap(b []byte) []byte {
	var octets []byte
	if rest, err := asn1.Unmarshal(b, &octets); err == nil && len(rest) == 0 {
		return octets
	}
	var bits asn1.BitString
	if rest, err := asn1.Unmarshal(b, &bits); err == nil && len(rest) == 0 && bits.BitLength%8 == 0 {
		return bits.Bytes
	}
	return b
}

var (
	oidRSA    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidEC     = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

// fromSPKI reads a SubjectPublicKeyInfo (RFC 5280 section 4.1). Unlike
// crypto/x509 it takes any named curve, for a certificate can be stored without
// being verified.
func fromSPKI(der []byte) (exec.PublicKey, error) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if rest, err := asn1.Unmarshal(der, &spki); err != nil || len(rest) != 0 {
		return exec.PublicKey{}, refused("", "the public key is damaged")
	}
	bits := spki.Key.RightAlign()
	switch oid := spki.Algorithm.Algorithm; {
	case oid.Equal(oidRSA), oid.Equal(oidRSAPSS):
		var k rsaPublicKey
		if rest, err := asn1.Unmarshal(bits, &k); err != nil || len(rest) != 0 || k.N.Sign() <= 0 || k.E.Sign() <= 0 {
			return exec.PublicKey{}, refused("", "the RSA public key is damaged")
		}
		return exec.PublicKey{Type: exec.CKKRSA, Modulus: k.N.Bytes(), Exponent: k.E.Bytes()}, nil
	case oid.Equal(oidEC):
		k := exec.PublicKey{Type: exec.CKKEC, Params: spki.Algorithm.Parameters.FullBytes, Point: mustMarshal(bits)}
		_, _, err := curvePoint(k)
		return k, err
	case oid.Equal(oidEd25519), oid.Equal(oidEd448):
		k := exec.PublicKey{Type: exec.CKKECEdwards, Params: mustMarshal(oid), Point: mustMarshal(bits)}
		_, _, err := curvePoint(k)
		return k, err
	default:
		return exec.PublicKey{}, refused(adviceKeys, "public keys of the algorithm %s are not supported", oid)
	}
}
