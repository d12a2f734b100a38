package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"

	"inscribe/check/template"
	"inscribe/exec"
)

var (
	oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidEKU      = asn1.ObjectIdentifier{2, 5, 29, 37}
)

const (
	onlyUsages    = x509.KeyUsageEncipherOnly | x509.KeyUsageDecipherOnly
	encryptUsages = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	decryptUsages = encryptUsages | x509.KeyUsageKeyAgreement
)

// keyUsage turns names into bits.
func keyUsage(names []string) (x509.KeyUsage, error) {
	bits, _, err := template.KeyUsage(names)
	return x509.KeyUsage(bits), refusal(err) // x509 counts the bits in the same way
}

// usageText names the bits for a message.
func usageText(usage x509.KeyUsage) string {
	var names []string
	for _, u := range template.Usages {
		if usage&(1<<u.Bit) != 0 && u.Name != "contentCommitment" {
			names = append(names, u.Name)
		}
	}
	if usage&x509.KeyUsageCertSign != 0 {
		names = append(names, "keyCertSign")
	}
	if usage&x509.KeyUsageCRLSign != 0 {
		names = append(names, "cRLSign")
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}

// fitKey says why a key of the type (CKA_KEY_TYPE) cannot have the usages: RFC
// 3279 section 2.3.1 for RSA, RFC 8813 section 3 for EC, RFC 9295 section 3 for
// Edwards curves.
func fitKey(usage x509.KeyUsage, keyType uint64) error {
	var never x509.KeyUsage
	var kind string
	switch keyType {
	case exec.CKKRSA:
		never, kind = x509.KeyUsageKeyAgreement|onlyUsages, "an RSA key"
	case exec.CKKEC:
		never, kind = encryptUsages, "a key on an elliptic curve"
	case exec.CKKECEdwards:
		never, kind = decryptUsages|onlyUsages, "a key on an Edwards curve"
	default:
		return refused(adviceKeys, "keys of type 0x%x (CKA_KEY_TYPE) are not supported", keyType)
	}
	if bad := usage & never; bad != 0 {
		return refused("keyEncipherment and dataEncipherment need an RSA key, keyAgreement an EC key", "%s cannot have the key usage %s", kind, usageText(bad))
	}
	return nil
}

// keyUsageExtension is critical, as RFC 5280 section 4.2.1.3 wants. A named bit
// list drops its trailing zero bits in DER.
func keyUsageExtension(usage x509.KeyUsage) (pkix.Extension, error) {
	var bits asn1.BitString
	for i := range 9 {
		if usage&(1<<i) == 0 {
			continue
		}
		for len(bits.Bytes) <= i/8 {
			bits.Bytes = append(bits.Bytes, 0)
		}
		bits.Bytes[i/8] |= 0x80 >> (i % 8)
		bits.BitLength = i + 1
	}
	der, err := asn1.Marshal(bits)
	return pkix.Extension{Id: oidKeyUsage, Critical: true, Value: der}, err
}

// extendedKeyUsage turns names and dotted identifiers into identifiers.
func extendedKeyUsage(names []string) ([]asn1.ObjectIdentifier, error) {
	var out []asn1.ObjectIdentifier
	for _, name := range names {
		oid, err := template.PurposeOID(name)
		if err != nil {
			return nil, refusal(err)
		}
		out = append(out, oid)
	}
	return out, nil
}

func ekuText(oids []asn1.ObjectIdentifier) string {
	var out []string
next:
	for _, oid := range oids {
		for _, p := range template.Purposes {
			if oid.Equal(p.OID) {
				out = append(out, p.Name)
				continue next
			}
		}
		out = append(out, oid.String())
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, " ")
}

// readEKU reads the identifiers out of extensions.
func readEKU(extensions []pkix.Extension) []asn1.ObjectIdentifier {
	var oids []asn1.ObjectIdentifier
	for _, e := range extensions {
		if e.Id.Equal(oidEKU) {
			if _, err := asn1.Unmarshal(e.Value, &oids); err != nil {
				return nil
			}
		}
	}
	return oids
}
