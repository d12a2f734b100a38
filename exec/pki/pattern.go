package pki

import (
	"encoding/asn1"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// part is a piece of a pattern: literal text, or the name of a field.
type part struct{ text, field string }

// pattern is text with fields in it.
type pattern []part

// attribute is one TYPE=value of a subject pattern.
type attribute struct {
	kind  attributeType
	value pattern
}

// subjectPattern is the RDNs of a subject in the order written, which is the
// reverse of the order encoded (RFC 4514 section 2.1).
type subjectPattern [][]attribute

// literal appends text, joining it to a literal before it.
func (p *pattern) literal(s string) {
	if n := len(*p); n > 0 && (*p)[n-1].field == "" {
		(*p)[n-1].text += s
		return
	}
	*p = append(*p, part{text: s})
}

// placeholder reads "{NAME}" at the start of s and gives NAME and what follows.
func placeholder(s string) (name, rest string, err error) {
	name, rest, ok := strings.Cut(s[1:], "}")
	if !ok {
		return "", "", refused("", "a { in the pattern has no }")
	}
	bad := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r)
	}
	if name == "" || strings.IndexFunc(name, bad) >= 0 {
		return "", "", refused("write {NAME} with the name of a field", "{%s} in the pattern does not name a field", name)
	}
	return name, rest, nil
}

// parsePattern reads a pattern that has no syntax but its fields.
func parsePattern(s string) (pattern, error) {
	var p pattern
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
			return nil, refused("", "a } in the pattern has no {")
		}
		name, rest, err := placeholder(s)
		if err != nil {
			return nil, err
		}
		p, s = append(p, part{field: name}), rest
	}
	return p, nil
}

// parseSubject reads a pattern in the syntax of RFC 4514 section 3. Beyond it,
// {NAME} in a value is a field, and blanks around types and values are dropped;
// a literal brace is written \{ or \}. Values in hexadecimal (#…) are refused.
func parseSubject(s string) (subjectPattern, error) {
	if strings.TrimSpace(s) == "" {
		return nil, refused("give the template a subject such as CN={COMMON_NAME}", "the subject is empty")
	}
	var out subjectPattern
	var rdn []attribute
	for {
		a, rest, err := parseAttribute(s)
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

// parseAttribute reads one TYPE=value; rest is empty or starts with the
// separator after it.
func parseAttribute(s string) (a attribute, rest string, err error) {
	i := strings.IndexAny(s, "=,+{")
	if i < 0 || s[i] != '=' {
		return a, "", refused("write TYPE=value, separated by commas", "the subject has a part without TYPE=")
	}
	if a.kind, err = attributeTypeOf(strings.TrimSpace(s[:i])); err != nil {
		return a, "", err
	}
	s = strings.TrimLeft(s[i+1:], " ")
	if strings.HasPrefix(s, "#") {
		return a, "", refused(`write \# for a value that starts with #`, "hexadecimal values are not supported in a subject pattern")
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
			a.value = append(a.value, part{field: name})
		case '\\':
			lit, n, err := unescape(s)
			if err != nil {
				return a, "", err
			}
			a.value.literal(lit)
			s = s[n:]
		case '"', ';', '<', '>', '}':
			return a, "", refused(`write it with a backslash before it`, "the subject has a %q that is not escaped", c)
		default:
			a.value.literal(s[:1])
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
	return "", 0, refused(`write \\ for a backslash`, "the subject has a backslash that escapes nothing")
}

// expand puts the values of the fields in. escape, if any, is applied to each
// value.
func (p pattern) expand(fields map[string]string, escape func(string) string) (string, error) {
	var b strings.Builder
	for _, part := range p {
		if part.field == "" {
			b.WriteString(part.text)
			continue
		}
		v, ok := fields[part.field]
		if !ok {
			return "", refused("give the field a value, or mend the template", "{%s} is no field that has a value%s", part.field, suggestion(part.field, slices.Collect(maps.Keys(fields))))
		}
		if err := clean(v); err != nil {
			return "", refused("", "the value of field %s %v", part.field, err)
		}
		if escape != nil {
			v = escape(v)
		}
		b.WriteString(v)
	}
	s := strings.TrimSpace(b.String())
	if err := clean(s); err != nil {
		return "", refused("", "the pattern %v", err)
	}
	return s, nil
}

type problem string

func (p problem) Error() string { return string(p) }

// clean refuses what has no place in a name.
func clean(s string) error {
	if !utf8.ValidString(s) {
		return problem("is not UTF-8")
	}
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return problem("has a control character")
	}
	return nil
}

// expand gives the DER of the Name.
func (p subjectPattern) expand(fields map[string]string) ([]byte, error) {
	rdns := make([]relativeNameSET, 0, len(p))
	for _, rdn := range slices.Backward(p) {
		var set relativeNameSET
		for _, a := range rdn {
			s, err := a.value.expand(fields, nil)
			if err != nil {
				return nil, err
			}
			v, err := a.kind.encode(s)
			if err != nil {
				return nil, err
			}
			set = append(set, attributeValue{a.kind.oid, v})
		}
		rdns = append(rdns, set)
	}
	return asn1.Marshal(rdns)
}

// fields adds the names of the fields in the pattern to the set.
func (p pattern) fields(set map[string]bool) {
	for _, part := range p {
		if part.field != "" {
			set[part.field] = true
		}
	}
}
