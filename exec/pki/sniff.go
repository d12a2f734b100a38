package pki

import (
	"crypto/x509"
	"encoding/asn1"

	"inscribe/exec"
)

func isPrivateKey() *exec.Error {
	return refused("give the certificate only, and keep the key where it is safe", "this is a private key and no certificate")
}

func isPKCS10() *exec.Error {
	return refused("give what the CA made of it", "this is a certificate request (PKCS#10) and no certificate")
}

// notACertificate says what DER is instead of a certificate, told by the tags
// at its start.
func notACertificate(der []byte) *exec.Error {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil || outer.Tag != asn1.TagSequence || !outer.IsCompound {
		return refused(adviceParse, "this is no certificate, or one that is cut off")
	}
	first, second := elements(outer.Bytes)
	inner, _ := elements(first.Bytes)
	switch {
	case first.Tag == asn1.TagInteger && second.Tag == asn1.TagSequence && leadsPKCS7(second):
		return refused("take the certificate out of it first", "this is a PKCS#12 and no certificate")
	case isVersion(first) && (second.Tag == asn1.TagSequence || second.Tag == asn1.TagInteger || second.Tag == asn1.TagOctetString),
		first.Tag == asn1.TagSequence && inner.Tag == asn1.TagOID && second.Tag == asn1.TagOctetString:
		return isPrivateKey()
	case leadsPKCS7(outer):
		return refused("take the certificate out of it first", "this is a PKCS#7 and no certificate")
	case first.Tag == asn1.TagSequence && inner.Tag == asn1.TagOID && second.Tag == asn1.TagBitString:
		return refused(adviceParse, "this is a public key and no certificate")
	}
	if _, err := x509.ParseCertificateRequest(outer.FullBytes); err == nil {
		return isPKCS10()
	}
	return refused(adviceParse, "this is no certificate")
}

// isVersion reports whether v is the version of a private key: 0 or 1 in PKCS#1,
// PKCS#8 (RFC 5958) and SEC 1 (RFC 5915).
func isVersion(v asn1.RawValue) bool {
	return v.Tag == asn1.TagInteger && len(v.Bytes) == 1 && v.Bytes[0] <= 1
}

// elements gives the first two elements of a SEQUENCE's content; zero values
// stand for what is not there.
func elements(content []byte) (first, second asn1.RawValue) {
	rest, err := asn1.Unmarshal(content, &first)
	if err != nil {
		return asn1.RawValue{Tag: -1}, asn1.RawValue{Tag: -1}
	}
	if _, err := asn1.Unmarshal(rest, &second); err != nil {
		second = asn1.RawValue{Tag: -1}
	}
	return first, second
}

// leadsPKCS7 reports whether v starts with an identifier of PKCS#7 (RFC 2315
// section 14).
func leadsPKCS7(v asn1.RawValue) bool {
	var oid asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(v.Bytes, &oid); err != nil {
		return false
	}
	return len(oid) == 7 && oid[:6].Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7})
}
