package template

import (
	"slices"
	"strings"

	"inscribe/ast/diag"
)

// Usage is a key usage: its name and its bit (RFC 5280 section 4.2.1.3).
type Usage struct {
	Name string
	Bit  int
}

// Usages are in the order of the bits. What only a CA may do is not among them.
var Usages = []Usage{
	{"digitalSignature", 0},
	{"nonRepudiation", commitment},
	{"contentCommitment", commitment},
	{"keyEncipherment", 2},
	{"dataEncipherment", 3},
	{"keyAgreement", 4},
	{"encipherOnly", 7},
	{"decipherOnly", 8},
}

// commitment is the bit of a key that signs what its holder stands by.
const commitment = 1

// The bits that mean nothing alone.
const (
	keyAgreement = 1 << 4
	onlyUsages   = 1<<7 | 1<<8
)

// KeyUsage turns names into bits, the first of them the lowest. An error comes
// with the index of the name that is wrong, -1 where it is the list.
func KeyUsage(names []string) (bits, at int, err error) {
	for i, name := range names {
		bit, err := usageBit(name)
		if err != nil {
			return 0, i, err
		}
		bits |= 1 << bit
	}
	if bits == 0 {
		return 0, -1, fault("name the key usages, such as digitalSignature", "the template names no key usage")
	}
	if bits&onlyUsages != 0 && bits&keyAgreement == 0 {
		return 0, -1, fault("add keyAgreement, or leave the other out", "encipherOnly and decipherOnly mean nothing without keyAgreement (RFC 5280 section 4.2.1.3)")
	}
	return bits, -1, nil
}

// CommitmentOnly reports whether names say that a key commits its holder and does
// nothing else, by whichever of the two names of that usage, in any case.
func CommitmentOnly(names []string) bool {
	for _, name := range names {
		if !slices.ContainsFunc(Usages, func(u Usage) bool { return u.Bit == commitment && strings.EqualFold(u.Name, name) }) {
			return false
		}
	}
	return len(names) > 0
}

func usageBit(name string) (int, error) {
	var known []string
	for _, u := range Usages {
		if u.Name == name {
			return u.Bit, nil
		}
		known = append(known, u.Name)
	}
	if name == "keyCertSign" || name == "cRLSign" {
		return 0, fault("leave it out", "key usage %s is for a CA and not for a card", name)
	}
	return 0, fault("known are "+strings.Join(known, ", "), "%q is no key usage%s", name, diag.DidYouMean(name, known))
}

// Purpose is an extended key usage.
type Purpose struct {
	Name string
	OID  []int
}

// Purposes are those that have a name here; any other one goes by its object
// identifier.
var Purposes = []Purpose{
	{"serverAuth", purpose(1)},
	{"clientAuth", purpose(2)},
	{"codeSigning", purpose(3)},
	{"emailProtection", purpose(4)},
	{"timeStamping", purpose(8)},
	{"OCSPSigning", purpose(9)},
	{"documentSigning", purpose(36)}, // RFC 9336
	{"smartcardLogon", []int{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}},
}

func purpose(n int) []int { return []int{1, 3, 6, 1, 5, 5, 7, 3, n} }

// PurposeOID gives the identifier of an extended key usage by its name, or as it
// is written in numbers.
func PurposeOID(name string) ([]int, error) {
	var known []string
	for _, p := range Purposes {
		if p.Name == name {
			return p.OID, nil
		}
		known = append(known, p.Name)
	}
	if oid, ok := OID(name); ok {
		return oid, nil
	}
	return nil, fault("known are "+strings.Join(known, ", ")+" and dotted object identifiers", "%q is no extended key usage%s", name, diag.DidYouMean(name, known))
}

// Policy says what is wrong with one of the identifiers of certificate policies. A
// certificate has each one once (RFC 5280, 4.2.1.4).
func Policy(ids []string, i int) error {
	switch {
	case !dotted(ids[i]):
		return fault("write it as numbers and dots, such as 1.3.6.1.4.1.99999.1", "policy %q is no object identifier", ids[i])
	case slices.Contains(ids[:i], ids[i]):
		return fault("", "policy %s is there twice, and a certificate has each one once", ids[i])
	}
	return nil
}
