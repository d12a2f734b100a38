package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"strings"
	"unicode"

	"inscribe/check/template"
)

// SAN are alternative names (RFC 5280 section 4.2.1.6); in a [Template] they are
// patterns over fields.
type SAN struct {
	EMail []string // rfc822Name
	DNS   []string // dNSName
	URI   []string // uniformResourceIdentifier
	UPN   []string // otherName of Microsoft's user principal name
}

var (
	oidSAN = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidUPN = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}
)

// The context tags of GeneralName.
const (
	tagOtherName = 0
	tagEMail     = 1
	tagDNS       = 2
	tagURI       = 6
)

// kinds gives the lists with what checks them.
func (s *SAN) kinds() []sanKind {
	return []sanKind{
		{template.EMail, &s.EMail, nil},
		{template.DNS, &s.DNS, nil},
		{template.NameKind{Title: "URI", Valid: isURI}, &s.URI, url.PathEscape},
		{template.UPN, &s.UPN, nil},
	}
}

type sanKind struct {
	template.NameKind
	list   *[]string
	escape func(string) string
}

func (s SAN) empty() bool {
	return len(s.EMail)+len(s.DNS)+len(s.URI)+len(s.UPN) == 0
}

// expand puts the values of the fields in and checks each name.
func (s SAN) expand(fields map[string]string) (SAN, error) {
	var out SAN
	targets := out.kinds()
	for i, k := range s.kinds() {
		for _, text := range *k.list {
			p, err := template.ParsePattern(text)
			if err != nil {
				return SAN{}, refusal(err)
			}
			escape := k.escape
			if len(p) == 1 {
				// The value is the whole name, so there is nothing around it
				// that it could break out of.
				escape = nil
			}
			name, err := expand(p, fields, escape)
			if err != nil {
				return SAN{}, err
			}
			if !k.Valid(name) {
				return SAN{}, refused("correct the value of the field or the template", "the pattern %q does not give a valid %s", text, k.Title)
			}
			*targets[i].list = append(*targets[i].list, name)
		}
	}
	return out, nil
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "" || u.Path != "") && strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0 && !strings.ContainsAny(s, " <>\"{}|\\^`")
}

// otherName is OtherName of RFC 5280 section 4.2.1.6, without its own tag.
type otherName struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// extension gives the extension; it is not critical, for the subject is never
// empty.
func (s SAN) extension() (pkix.Extension, error) {
	var names []asn1.RawValue
	text := func(tag int, list []string) {
		for _, v := range list {
			names = append(names, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(v)})
		}
	}
	text(tagEMail, s.EMail)
	text(tagDNS, s.DNS)
	text(tagURI, s.URI)
	for _, v := range s.UPN {
		utf8, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(v)})
		if err != nil {
			return pkix.Extension{}, err
		}
		value := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: utf8}
		other, err := asn1.MarshalWithParams(otherName{oidUPN, value}, "tag:0")
		if err != nil {
			return pkix.Extension{}, err
		}
		names = append(names, asn1.RawValue{FullBytes: other})
	}
	der, err := asn1.Marshal(names)
	return pkix.Extension{Id: oidSAN, Value: der}, err
}

// readSAN reads the names of the kinds that [SAN] knows out of extensions.
func readSAN(extensions []pkix.Extension) SAN {
	var s SAN
	for _, e := range extensions {
		if !e.Id.Equal(oidSAN) {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(e.Value, &names); err != nil {
			continue
		}
		for _, n := range names {
			switch n.Tag {
			case tagEMail:
				s.EMail = append(s.EMail, string(n.Bytes))
			case tagDNS:
				s.DNS = append(s.DNS, string(n.Bytes))
			case tagURI:
				s.URI = append(s.URI, string(n.Bytes))
			case tagOtherName:
				var other otherName
				var upn string
				if _, err := asn1.UnmarshalWithParams(n.FullBytes, &other, "tag:0"); err != nil || !other.Type.Equal(oidUPN) {
					continue
				}
				if _, err := asn1.Unmarshal(other.Value.Bytes, &upn); err == nil {
					s.UPN = append(s.UPN, upn)
				}
			}
		}
	}
	return s
}
