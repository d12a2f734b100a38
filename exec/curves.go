package exec

import "bytes"

// Curve is an elliptic curve as PKCS#11 names it.
type Curve struct {
	Name    string
	Params  []byte // CKA_EC_PARAMS: the DER of the curve's OBJECT IDENTIFIER
	KeyType uint64
	KeyGen  MechanismType
	Bits    uint64
}

func weierstrass(name string, bits uint64, oid ...byte) Curve {
	return Curve{name, append([]byte{0x06, byte(len(oid))}, oid...), CKKEC, CKMECKeyPairGen, bits}
}

// curves are those of ECCurve. The object identifiers are from RFC 5480, RFC
// 5639 and RFC 8410.
var curves = []Curve{
	weierstrass("P-256", 256, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07),
	weierstrass("P-384", 384, 0x2b, 0x81, 0x04, 0x00, 0x22),
	weierstrass("P-521", 521, 0x2b, 0x81, 0x04, 0x00, 0x23),
	weierstrass("brainpoolP256r1", 256, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07),
	weierstrass("brainpoolP384r1", 384, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b),
	weierstrass("brainpoolP512r1", 512, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d),
	{"Ed25519", []byte{0x06, 0x03, 0x2b, 0x65, 0x70}, CKKECEdwards, CKMECEdwardsKeyPairGen, 255},
}

// CurveNamed finds a curve by its canonical name.
func CurveNamed(name string) (Curve, bool) {
	for _, c := range curves {
		if c.Name == name {
			return c, true
		}
	}
	return Curve{}, false
}

// Curves lists the curves, in the order of the documentation.
func Curves() []Curve { return append([]Curve(nil), curves...) }

// edwards25519 is how modules from before RFC 8410 name Ed25519: by a
// PrintableString (PKCS#11 3.0, curveName).
var edwards25519 = append([]byte{0x13, 12}, "edwards25519"...)

// curveByParams names the curve of a CKA_EC_PARAMS.
func curveByParams(params []byte) (string, bool) {
	for _, c := range curves {
		if bytes.Equal(c.Params, params) {
			return c.Name, true
		}
	}
	if bytes.Equal(params, edwards25519) {
		return "Ed25519", true
	}
	return "", false
}
