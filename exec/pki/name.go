package pki

import (
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"inscribe/check/template"
)

// encode makes the attribute value of s, or says why s does not fit the type.
// s itself is not in the error.
func encode(a template.Attribute, s string) (asn1.RawValue, error) {
	if err := a.Fits(s); err != nil {
		return asn1.RawValue{}, refusal(err)
	}
	tag := asn1.TagUTF8String
	switch {
	case a.Form == template.ASCII:
		tag = asn1.TagIA5String
	case a.Form == template.Printable, template.IsPrintable(s):
		tag = asn1.TagPrintableString
	}
	return asn1.RawValue{Tag: tag, Bytes: []byte(s)}, nil
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
	for _, a := range template.Attributes {
		if oid.Equal(a.OID) {
			return a.Names[0]
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
