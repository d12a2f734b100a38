package template

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"inscribe/ast/diag"
)

// The fields that each request brings along, beside those of a description.
// Their names have lower-case letters, which keeps them apart.
const (
	FieldTemplate    = "template"
	FieldApplication = "application"
	FieldTokenSerial = "token.serial"
	FieldTokenLabel  = "token.label"
)

// Given are the fields that each request brings along.
var Given = []string{FieldTemplate, FieldApplication, FieldTokenSerial, FieldTokenLabel}

// Part is a piece of a pattern: literal text, or the name of a field.
type Part struct{ Text, Field string }

// Pattern is text with fields in it.
type Pattern []Part

// Fields are the names of the fields in the pattern, as often as they stand there.
func (p Pattern) Fields() []string {
	var names []string
	for _, part := range p {
		if part.Field != "" {
			names = append(names, part.Field)
		}
	}
	return names
}

// Constant gives the text of a pattern without fields.
func (p Pattern) Constant() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Field == "":
		return strings.TrimSpace(p[0].Text), true
	}
	return "", false
}

// literal appends text, joining it to a literal before it.
func (p *Pattern) literal(s string) {
	if n := len(*p); n > 0 && (*p)[n-1].Field == "" {
		(*p)[n-1].Text += s
		return
	}
	*p = append(*p, Part{Text: s})
}

// placeholder reads "{NAME}" at the start of s and gives NAME and what follows.
func placeholder(s string) (name, rest string, err error) {
	name, rest, ok := strings.Cut(s[1:], "}")
	if !ok {
		return "", "", fault("", "a { in the pattern has no }")
	}
	bad := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r)
	}
	if name == "" || strings.IndexFunc(name, bad) >= 0 {
		return "", "", fault("write {NAME} with the name of a field", "{%s} in the pattern does not name a field", name)
	}
	return name, rest, nil
}

// ParsePattern reads a pattern that has no syntax but its fields.
func ParsePattern(s string) (Pattern, error) {
	var p Pattern
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			p.literal(s[:i])
			s = s[i:]
			continue
		}
		if s[0] == '}' {
			return nil, fault("", "a } in the pattern has no {")
		}
		name, rest, err := placeholder(s)
		if err != nil {
			return nil, err
		}
		p, s = append(p, Part{Field: name}), rest
	}
	return p, nil
}

// Assertion is one TYPE=value of a subject.
type Assertion struct {
	Attribute Attribute
	Value     Pattern
}

// Subject is the RDNs of a subject in the order written, which is the reverse of
// the order encoded (RFC 4514 section 2.1).
type Subject [][]Assertion

// Fields are the names of the fields in the subject, as often as they stand there.
func (s Subject) Fields() []string {
	var names []string
	for _, rdn := range s {
		for _, a := range rdn {
			names = append(names, a.Value.Fields()...)
		}
	}
	return names
}

// ParseSubject reads a pattern in the syntax of RFC 4514 section 3. Beyond it,
// {NAME} in a value is a field, and blanks around types and values are dropped;
// a literal brace is written \{ or \}. Values in hexadecimal (#…) are refused.
func ParseSubject(s string) (Subject, error) {
	if strings.TrimSpace(s) == "" {
		return nil, fault("give the template a subject such as CN={COMMON_NAME}", "the subject is empty")
	}
	var out Subject
	var rdn []Assertion
	for {
		a, rest, err := parseAssertion(s)
		if err != nil {
			return nil, err
		}
		rdn = append(rdn, a)
		if rest != "" && rest[0] == '+' {
			s = rest[1:]
			continue
		}
		out, rdn = append(out, rdn), nil
		if rest == "" {
			return out, nil
		}
		s = rest[1:]
	}
}

// parseAssertion reads one TYPE=value; rest is empty or starts with the separator
// after it.
func parseAssertion(s string) (a Assertion, rest string, err error) {
	i := strings.IndexAny(s, "=,+{")
	if i < 0 || s[i] != '=' {
		return a, "", fault("write TYPE=value, separated by commas", "the subject has a part without TYPE=")
	}
	if a.Attribute, err = attributeOf(strings.TrimSpace(s[:i])); err != nil {
		return a, "", err
	}
	s = strings.TrimLeft(s[i+1:], " ")
	if strings.HasPrefix(s, "#") {
		return a, "", fault(`write \# for a value that starts with #`, "hexadecimal values are not supported in a subject pattern")
	}
	for s != "" {
		switch c := s[0]; c {
		case ',', '+':
			return a, s, nil
		case '{':
			var name string
			if name, s, err = placeholder(s); err != nil {
				return a, "", err
			}
			a.Value = append(a.Value, Part{Field: name})
		case '\\':
			lit, n, err := unescape(s)
			if err != nil {
				return a, "", err
			}
			a.Value.literal(lit)
			s = s[n:]
		case '"', ';', '<', '>', '}':
			return a, "", fault(`write it with a backslash before it`, "the subject has a %q that is not escaped", c)
		default:
			a.Value.literal(s[:1])
			s = s[1:]
		}
	}
	return a, "", nil
}

// unescape reads the escape at the start of s, n bytes long (RFC 4514 section
// 3: pair).
func unescape(s string) (lit string, n int, err error) {
	if len(s) >= 2 && strings.IndexByte(` "#+,;<=>\{}`, s[1]) >= 0 {
		return s[1:2], 2, nil
	}
	if len(s) >= 3 {
		if b, err := hex.DecodeString(s[1:3]); err == nil {
			return string(b), 3, nil
		}
	}
	return "", 0, fault(`write \\ for a backslash`, "the subject has a backslash that escapes nothing")
}

// CheckSubject says what no value of any field can mend in the pattern of a
// subject.
func CheckSubject(pattern string) error {
	s, err := ParseSubject(pattern)
	if err != nil {
		return err
	}
	for _, rdn := range s {
		for _, a := range rdn {
			if text, ok := a.Value.Constant(); ok {
				if err := Clean("the pattern", text); err != nil {
					return err
				}
				if err := a.Attribute.Fits(text); err != nil {
					return err
				}
			}
		}
	}
	return misspelt(s.Fields())
}

// misspelt finds a field that is meant to be one of [Given]. Any other name may be
// one of a description.
func misspelt(fields []string) error {
	for _, name := range fields {
		if !strings.Contains(name, ".") || slices.Contains(Given, name) {
			continue
		}
		if near := diag.DidYouMean(name, Given); near != "" {
			return fault("beside the fields of a description there are "+strings.Join(Given, ", "), "{%s} is no field%s", name, near)
		}
	}
	return nil
}

// NoValue is the fault of a pattern that takes a field which has no value; known
// are those that have one.
func NoValue(field string, known []string) error {
	return fault("give the field a value, or mend the template", "{%s} is no field that has a value%s", field, diag.DidYouMean(field, known))
}
