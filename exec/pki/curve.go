package pki

import (
	"bytes"
	"crypto/elliptic"
	"encoding/asn1"
)

// curve is a named curve: size is that of a field element in bytes, std the
// standard library's curve, nil where it has none and nothing can be verified.
type curve struct {
	name string
	oid  asn1.ObjectIdentifier
	size int
	std  elliptic.Curve
}

// The curves of cards. Those of RFC 5639 (brainpool) and secp256k1 are here for
// their sizes, which tell a wrapped point from a bare one.
var curves = []curve{
	{"P-256", asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, 32, elliptic.P256()},
	{"P-384", asn1.ObjectIdentifier{1, 3, 132, 0, 34}, 48, elliptic.P384()},
	{"P-521", asn1.ObjectIdentifier{1, 3, 132, 0, 35}, 66, elliptic.P521()},
	{"secp256k1", asn1.ObjectIdentifier{1, 3, 132, 0, 10}, 32, nil},
	{"brainpoolP224r1", brainpool(5), 28, nil},
	{"brainpoolP224t1", brainpool(6), 28, nil},
	{"brainpoolP256r1", brainpool(7), 32, nil},
	{"brainpoolP256t1", brainpool(8), 32, nil},
	{"brainpoolP320r1", brainpool(9), 40, nil},
	{"brainpoolP320t1", brainpool(10), 40, nil},
	{"brainpoolP384r1", brainpool(11), 48, nil},
	{"brainpoolP384t1", brainpool(12), 48, nil},
	{"brainpoolP512r1", brainpool(13), 64, nil},
	{"brainpoolP512t1", brainpool(14), 64, nil},
}

func brainpool(n int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, n}
}

// Edwards curves by their OBJECT IDENTIFIER (RFC 8410 section 3); size is that
// of the encoded point.
var edwardsCurves = []curve{
	{"Ed25519", oidEd25519, 32, nil},
	{"Ed448", oidEd448, 57, nil},
}

var (
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidEd448   = asn1.ObjectIdentifier{1, 3, 101, 113}
)

// Tokens made before RFC 8410 name the curve by text (PKCS#11 3.0, curveName)
// or by the private number of GnuPG.
var edwardsAliases = []struct {
	params []byte
	oid    asn1.ObjectIdentifier
}{
	{printable("edwards25519"), oidEd25519},
	{printable("edwards448"), oidEd448},
	{mustMarshal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 15, 1}), oidEd25519},
}

func printable(s string) []byte {
	return mustMarshal(asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte(s)})
}

// mustMarshal is for values fixed in this package.
func mustMarshal(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// curveOf finds the curve that DER parameters name.
func curveOf(params []byte, edwards bool) (curve, bool) {
	var oid asn1.ObjectIdentifier
	known := curves
	if edwards {
		known = edwardsCurves
		for _, a := range edwardsAliases {
			if bytes.Equal(params, a.params) {
				oid = a.oid
			}
		}
	}
	if oid == nil {
		if rest, err := asn1.Unmarshal(params, &oid); err != nil || len(rest) != 0 {
			return curve{}, false
		}
	}
	for _, c := range known {
		if c.oid.Equal(oid) {
			return c, true
		}
	}
	return curve{name: oid.String(), oid: oid}, true
}
