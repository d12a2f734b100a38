package pki

import (
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// attributeType is a kind of attribute in a distinguished name. max is the
// upper bound of RFC 5280 appendix A.1 in characters, 0 for none; tag is the
// string type that it must have, 0 for PrintableString or UTF8String.
type attributeType struct {
	names []string // the first is the one shown
	oid   asn1.ObjectIdentifier
	max   int
	tag   int
}

var attributeTypes = []attributeType{
	{[]string{"CN", "commonName"}, asn1.ObjectIdentifier{2, 5, 4, 3}, 64, 0},
	{[]string{"SN", "surname"}, asn1.ObjectIdentifier{2, 5, 4, 4}, 0, 0},
	{[]string{"SERIALNUMBER"}, asn1.ObjectIdentifier{2, 5, 4, 5}, 64, asn1.TagPrintableString},
	{[]string{"C", "countryName"}, asn1.ObjectIdentifier{2, 5, 4, 6}, 2, asn1.TagPrintableString},
	{[]string{"L", "localityName"}, asn1.ObjectIdentifier{2, 5, 4, 7}, 128, 0},
	{[]string{"ST", "stateOrProvinceName"}, asn1.ObjectIdentifier{2, 5, 4, 8}, 128, 0},
	{[]string{"STREET", "streetAddress"}, asn1.ObjectIdentifier{2, 5, 4, 9}, 0, 0},
	{[]string{"O", "organizationName"}, asn1.ObjectIdentifier{2, 5, 4, 10}, 64, 0},
	{[]string{"OU", "organizationalUnitName"}, asn1.ObjectIdentifier{2, 5, 4, 11}, 64, 0},
	{[]string{"title"}, asn1.ObjectIdentifier{2, 5, 4, 12}, 64, 0},
	{[]string{"POSTALCODE"}, asn1.ObjectIdentifier{2, 5, 4, 17}, 0, 0},
	{[]string{"GN", "givenName"}, asn1.ObjectIdentifier{2, 5, 4, 42}, 0, 0},
	{[]string{"initials"}, asn1.ObjectIdentifier{2, 5, 4, 43}, 0, 0},
	{[]string{"generationQualifier"}, asn1.ObjectIdentifier{2, 5, 4, 44}, 0, 0},
	{[]string{"dnQualifier"}, asn1.ObjectIdentifier{2, 5, 4, 46}, 0, asn1.TagPrintableString},
	{[]string{"pseudonym"}, asn1.ObjectIdentifier{2, 5, 4, 65}, 128, 0},
	{[]string{"organizationIdentifier"}, asn1.ObjectIdentifier{2, 5, 4, 97}, 0, 0},
	{[]string{"UID", "userId"}, asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, 0, 0},
	{[]string{"DC", "domainComponent"}, asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, 0, asn1.TagIA5String},
	{[]string{"emailAddress", "E"}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, 255, asn1.TagIA5String},
}

// attributeTypeOf finds a type by one of its names, in any case, or by a dotted
// object identifier.
func attributeTypeOf(name string) (attributeType, error) {
	var known []string
	for _, t := range attributeTypes {
		for _, n := range t.names {
			if strings.EqualFold(n, name) {
				return t, nil
			}
			known = append(known, n)
		}
	}
	if oid, err := dotted(name); err == nil {
		for _, t := range attributeTypes {
			if t.oid.Equal(oid) {
				return t, nil
			}
		}
		return attributeType{names: []string{name}, oid: oid}, nil
	}
	return attributeType{}, refused("write a type such as CN, O or C, or an object identifier", "%q is no attribute type of a name%s", name, suggestion(name, known))
}

// encode makes the attribute value of s, or says why s does not fit the type.
// s itself is not in the error.
func (t attributeType) encode(s string) (asn1.RawValue, error) {
	name := t.names[0]
	switch n := utf8.RuneCountInString(s); {
	case s == "":
		return asn1.RawValue{}, refused("give every field of the subject a value, or take it out of the template", "%s of the subject is empty", name)
	case t.max != 0 && n > t.max:
		return asn1.RawValue{}, refused("shorten the value (RFC 5280 appendix A.1)", "%s of the subject has %d characters, at most %d are allowed", name, n, t.max)
	case name == "C" && !isCountry(s):
		return asn1.RawValue{}, refused("write the code of ISO 3166, such as DE", "C of the subject is no country code of two capital letters")
	case t.tag == asn1.TagIA5String && !isASCII(s):
		return asn1.RawValue{}, refused("", "%s of the subject has characters outside ASCII", name)
	case t.tag == asn1.TagPrintableString && !isPrintableString(s):
		return asn1.RawValue{}, refused("use letters, digits, blanks and '()+,-./:=?", "%s of the subject has characters that a PrintableString cannot hold", name)
	}
	tag := t.tag
	if tag == 0 {
		tag = asn1.TagUTF8String
		if isPrintableString(s) {
			tag = asn1.TagPrintableString
		}
	}
	return asn1.RawValue{Tag: tag, Bytes: []byte(s)}, nil
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// isPrintableString is the alphabet of X.680 section 41.4.
func isPrintableString(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" '()+,-./:=?", r))
	}) < 0
}

// The ASN.1 of a Name (RFC 5280 section 4.1.2.4); encoding/asn1 makes a SET of
// a slice type whose name ends so.
type (
	attributeValue struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	relativeNameSET []attributeValue
)

// FormatName writes the DER of a Name as RFC 4514 does, the last RDN first.
// What a terminal or a reader could be fooled by (control, format and invalid
// characters) comes out as hexadecimal escapes. The error tells only that der is
// no Name.
func FormatName(der []byte) (string, error) {
	var rdns []relativeNameSET
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) != 0 {
		return "", refused("", "a name in the certificate is damaged")
	}
	var b strings.Builder
	for i := len(rdns) - 1; i >= 0; i-- {
		if i != len(rdns)-1 {
			b.WriteByte(',')
		}
		for j, a := range rdns[i] {
			if j > 0 {
				b.WriteByte('+')
			}
			b.WriteString(typeName(a.Type) + "=" + formatValue(a.Value))
		}
	}
	return b.String(), nil
}

func typeName(oid asn1.ObjectIdentifier) string {
	for _, t := range attributeTypes {
		if t.oid.Equal(oid) {
			return t.names[0]
		}
	}
	return oid.String()
}

// formatValue is RFC 4514 section 2.4; a value that is no string is written as
// the hexadecimal of its DER.
func formatValue(v asn1.RawValue) string {
	var s string
	if rest, err := asn1.Unmarshal(v.FullBytes, &s); err != nil || len(rest) != 0 {
		return "#" + hex.EncodeToString(v.FullBytes)
	}
	var b strings.Builder
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case r == utf8.RuneError && size == 1, !unicode.IsPrint(r):
			for _, c := range []byte(s[i : i+size]) {
				b.WriteString(`\` + strings.ToUpper(hex.EncodeToString([]byte{c})))
			}
		case strings.ContainsRune(`,+"\<>;`, r),
			r == '#' && i == 0,
			r == ' ' && (i == 0 || i == len(s)-1):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
