package template

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"inscribe/ast/diag"
)

// Form is what characters an attribute of a name may have.
type Form int

// The forms of attributes.
const (
	AnyText   Form = iota
	Printable      // a PrintableString
	ASCII          // an IA5String
)

// Attribute is a kind of attribute of a distinguished name.
type Attribute struct {
	Names []string // the first is the one shown
	OID   []int
	// Max is the upper bound of RFC 5280 appendix A.1 in characters, 0 for none.
	Max  int
	Form Form
}

// Attributes are those that have a name here.
var Attributes = []Attribute{
	{[]string{"CN", "commonName"}, []int{2, 5, 4, 3}, 64, AnyText},
	{[]string{"SN", "surname"}, []int{2, 5, 4, 4}, 0, AnyText},
	{[]string{"SERIALNUMBER"}, []int{2, 5, 4, 5}, 64, Printable},
	{[]string{"C", "countryName"}, []int{2, 5, 4, 6}, 2, Printable},
	{[]string{"L", "localityName"}, []int{2, 5, 4, 7}, 128, AnyText},
	{[]string{"ST", "stateOrProvinceName"}, []int{2, 5, 4, 8}, 128, AnyText},
	{[]string{"STREET", "streetAddress"}, []int{2, 5, 4, 9}, 0, AnyText},
	{[]string{"O", "organizationName"}, []int{2, 5, 4, 10}, 64, AnyText},
	{[]string{"OU", "organizationalUnitName"}, []int{2, 5, 4, 11}, 64, AnyText},
	{[]string{"title"}, []int{2, 5, 4, 12}, 64, AnyText},
	{[]string{"POSTALCODE"}, []int{2, 5, 4, 17}, 0, AnyText},
	{[]string{"GN", "givenName"}, []int{2, 5, 4, 42}, 0, AnyText},
	{[]string{"initials"}, []int{2, 5, 4, 43}, 0, AnyText},
	{[]string{"generationQualifier"}, []int{2, 5, 4, 44}, 0, AnyText},
	{[]string{"dnQualifier"}, []int{2, 5, 4, 46}, 0, Printable},
	{[]string{"pseudonym"}, []int{2, 5, 4, 65}, 128, AnyText},
	{[]string{"organizationIdentifier"}, []int{2, 5, 4, 97}, 0, AnyText},
	{[]string{"UID", "userId"}, []int{0, 9, 2342, 19200300, 100, 1, 1}, 0, AnyText},
	{[]string{"DC", "domainComponent"}, []int{0, 9, 2342, 19200300, 100, 1, 25}, 0, ASCII},
	{[]string{"emailAddress", "E"}, []int{1, 2, 840, 113549, 1, 9, 1}, 255, ASCII},
}

// attributeOf finds an attribute by one of its names, in any case, or by a dotted
// object identifier.
func attributeOf(name string) (Attribute, error) {
	var known []string
	for _, a := range Attributes {
		for _, n := range a.Names {
			if strings.EqualFold(n, name) {
				return a, nil
			}
			known = append(known, n)
		}
	}
	if oid, ok := OID(name); ok {
		for _, a := range Attributes {
			if slices.Equal(a.OID, oid) {
				return a, nil
			}
		}
		return Attribute{Names: []string{name}, OID: oid}, nil
	}
	return Attribute{}, fault("write a type such as CN, O or C, or an object identifier", "%q is no attribute type of a name%s", name, diag.DidYouMean(name, known))
}

// Fits says why a value cannot be one of the attribute. The value itself is not in
// the error.
func (a Attribute) Fits(s string) error {
	name := a.Names[0]
	switch n := utf8.RuneCountInString(s); {
	case s == "":
		return fault("give every field of the subject a value, or take it out of the template", "%s of the subject is empty", name)
	case a.Max != 0 && n > a.Max:
		return fault("shorten the value (RFC 5280 appendix A.1)", "%s of the subject has %d characters, at most %d are allowed", name, n, a.Max)
	case name == "C" && !isCountry(s):
		return fault("write the code of ISO 3166, such as DE", "C of the subject is no country code of two capital letters")
	case a.Form == ASCII && !isASCII(s):
		return fault("", "%s of the subject has characters outside ASCII", name)
	case a.Form == Printable && !IsPrintable(s):
		return fault("use letters, digits, blanks and '()+,-./:=?", "%s of the subject has characters that a PrintableString cannot hold", name)
	}
	return nil
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// IsPrintable tells whether a text has the alphabet of X.680 section 41.4 only.
func IsPrintable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" '()+,-./:=?", r))
	}) < 0
}

// Clean refuses what has no place in a name; what is the subject of the message.
func Clean(what, s string) error {
	if !utf8.ValidString(s) {
		return fault("", "%s is not UTF-8", what)
	}
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return fault("", "%s has a control character", what)
	}
	return nil
}
