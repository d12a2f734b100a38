package pki

import (
	"encoding/asn1"
	"maps"
	"slices"
	"strings"

	"inscribe/check/template"
)

// expand puts the values of the fields in. escape, if any, is applied to each
// value.
func expand(p template.Pattern, fields map[string]string, escape func(string) string) (string, error) {
	var b strings.Builder
	for _, part := range p {
		if part.Field == "" {
			b.WriteString(part.Text)
			continue
		}
		v, ok := fields[part.Field]
		if !ok {
			return "", refusal(template.NoValue(part.Field, slices.Sorted(maps.Keys(fields))))
		}
		if err := template.Clean("the value of field "+part.Field, v); err != nil {
			return "", refusal(err)
		}
		if escape != nil {
			v = escape(v)
		}
		b.WriteString(v)
	}
	s := strings.TrimSpace(b.String())
	return s, refusal(template.Clean("the pattern", s))
}

// expandSubject gives the DER of the Name.
func expandSubject(p template.Subject, fields map[string]string) ([]byte, error) {
	rdns := make([]relativeNameSET, 0, len(p))
	for _, rdn := range slices.Backward(p) {
		var set relativeNameSET
		for _, a := range rdn {
			s, err := expand(a.Value, fields, nil)
			if err != nil {
				return nil, err
			}
			v, err := encode(a.Attribute, s)
			if err != nil {
				return nil, err
			}
			set = append(set, attributeValue{a.Attribute.OID, v})
		}
		rdns = append(rdns, set)
	}
	return asn1.Marshal(rdns)
}
