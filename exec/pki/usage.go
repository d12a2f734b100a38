package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strconv"
	"strings"

	"inscribe/exec"
)

var (
	oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidEKU      = asn1.ObjectIdentifier{2, 5, 29, 37}
)

type usageName struct {
	name string
	bit  x509.KeyUsage
}

// usageNames are in the order of the bits (RFC 5280 section 4.2.1.3). What only
// a CA may do is not among them.
var usageNames = []usageName{
	{"digitalSignature", x509.KeyUsageDigitalSignature},
	{"nonRepudiation", x509.KeyUsageContentCommitment},
	{"contentCommitment", x509.KeyUsageContentCommitment},
	{"keyEncipherment", x509.KeyUsageKeyEncipherment},
	{"dataEncipherment", x509.KeyUsageDataEncipherment},
	{"keyAgreement", x509.KeyUsageKeyAgreement},
	{"encipherOnly", x509.KeyUsageEncipherOnly},
	{"decipherOnly", x509.KeyUsageDecipherOnly},
}

const (
	signUsages    = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	onlyUsages    = x509.KeyUsageEncipherOnly | x509.KeyUsageDecipherOnly
	encryptUsages = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	decryptUsages = encryptUsages | x509.KeyUsageKeyAgreement
)

// keyUsage turns names into bits.
func keyUsage(names []string) (x509.KeyUsage, error) {
	var usage x509.KeyUsage
	for _, name := range names {
		bit, err := keyUsageBit(name)
		if err != nil {
			return 0, err
		}
		usage |= bit
	}
	if usage == 0 {
		return 0, refused("name the key usages, such as digitalSignature", "the template names no key usage")
	}
	if usage&onlyUsages != 0 && usage&x509.KeyUsageKeyAgreement == 0 {
		return 0, refused("add keyAgreement, or leave the other out", "encipherOnly and decipherOnly mean nothing without keyAgreement (RFC 5280 section 4.2.1.3)")
	}
	return usage, nil
}

func keyUsageBit(name string) (x509.KeyUsage, error) {
	var known []string
	for _, u := range usageNames {
		if u.name == name {
			return u.bit, nil
		}
		known = append(known, u.name)
	}
	if name == "keyCertSign" || name == "cRLSign" {
		return 0, refused("leave it out", "key usage %s is for a CA and not for a card", name)
	}
	return 0, refused("known are "+strings.Join(known, ", "), "%q is no key usage%s", name, suggestion(name, known))
}

// usageText names the bits for a message.
func usageText(usage x509.KeyUsage) string {
	var names []string
	for _, u := range usageNames {
		if usage&u.bit != 0 && u.name != "contentCommitment" {
			names = append(names, u.name)
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

type ekuName struct {
	name string
	oid  asn1.ObjectIdentifier
}

var ekuNames = []ekuName{
	{"serverAuth", pkixPurpose(1)},
	{"clientAuth", pkixPurpose(2)},
	{"codeSigning", pkixPurpose(3)},
	{"emailProtection", pkixPurpose(4)},
	{"timeStamping", pkixPurpose(8)},
	{"OCSPSigning", pkixPurpose(9)},
	{"documentSigning", pkixPurpose(36)}, // RFC 9336
	{"smartcardLogon", asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}},
}

func pkixPurpose(n int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, n}
}

// extendedKeyUsage turns names and dotted identifiers into identifiers.
func extendedKeyUsage(names []string) ([]asn1.ObjectIdentifier, error) {
	var out []asn1.ObjectIdentifier
next:
	for _, name := range names {
		var known []string
		for _, e := range ekuNames {
			if e.name == name {
				out = append(out, e.oid)
				continue next
			}
			known = append(known, e.name)
		}
		oid, err := dotted(name)
		if err != nil {
			return nil, refused("known are "+strings.Join(known, ", ")+" and dotted object identifiers", "%q is no extended key usage%s", name, suggestion(name, known))
		}
		out = append(out, oid)
	}
	return out, nil
}

func ekuText(oids []asn1.ObjectIdentifier) string {
	var out []string
next:
	for _, oid := range oids {
		for _, e := range ekuNames {
			if e.oid.Equal(oid) {
				out = append(out, e.name)
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

// dotted reads an object identifier such as 1.3.6.1, with or without "OID."
// before it.
func dotted(s string) (asn1.ObjectIdentifier, error) {
	if len(s) > 4 && strings.EqualFold(s[:4], "OID.") {
		s = s[4:]
	}
	if _, err := x509.ParseOID(s); err != nil {
		return nil, err
	}
	var oid asn1.ObjectIdentifier
	for arc := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseInt(arc, 10, 32)
		if err != nil {
			return nil, err
		}
		oid = append(oid, int(n))
	}
	// ParseOID takes second arcs that encoding/asn1 cannot write.
	if _, err := asn1.Marshal(oid); err != nil {
		return nil, err
	}
	return oid, nil
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
