package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"maps"
	"slices"
	"strings"

	"inscribe/check/template"
	"inscribe/exec"
)

// Template says what certificates of one name hold.
type Template struct {
	// Name is the name that a description uses.
	Name string
	// Subject is a pattern in the syntax of RFC 4514 with {FIELD} for the value
	// of a field: "CN={COMMON_NAME},O=Example,C=DE". A literal brace is \{.
	// It is parsed before values are put in, so that a value is always one
	// attribute's.
	Subject string
	// SAN are patterns of alternative names.
	SAN SAN
	// KeyUsage are names of RFC 5280 section 4.2.1.3; nonRepudiation and
	// contentCommitment are the same bit. At least one is needed.
	KeyUsage []string
	// EKU are names such as clientAuth, or dotted object identifiers.
	EKU []string
	// Days are how long a certificate is valid; 0 leaves it to the CA.
	Days int
	// Policies are dotted object identifiers of certificate policies.
	Policies []string
	// Names has the field that a name in the patterns stands for, where the name is
	// written in another case.
	Names map[string]string
}

// Wanted is a template with the values of the fields put in: what the
// certificate should hold.
type Wanted struct {
	Subject  []byte // DER of the Name
	SAN      SAN    // names, not patterns
	KeyUsage x509.KeyUsage
	EKU      []asn1.ObjectIdentifier
	Policies []x509.OID
}

// The fields that each request brings along. Their names have lower-case
// letters, which keeps them apart from those of a description.
const (
	FieldTemplate    = template.FieldTemplate
	FieldApplication = template.FieldApplication
	FieldTokenSerial = template.FieldTokenSerial
	FieldTokenLabel  = template.FieldTokenLabel
)

// Fields gives the fields for the patterns of a template: those of the request,
// and the facts [FieldTemplate], [FieldApplication], [FieldTokenSerial] and
// [FieldTokenLabel].
func Fields(r exec.CertificateRequest) map[string]string {
	fields := make(map[string]string, len(r.Fields)+4)
	maps.Copy(fields, r.Fields)
	fields[FieldTemplate] = r.Template
	fields[FieldApplication] = r.Application
	fields[FieldTokenSerial] = r.Token.Serial
	fields[FieldTokenLabel] = r.Token.Label
	return fields
}

// Check finds what is wrong with the template itself, before there are fields.
func (t Template) Check() error {
	_, err := t.parse()
	return err
}

// Uses lists the fields that the patterns name, sorted. A pattern that cannot
// be read names none; [Template.Check] tells why.
func (t Template) Uses() []string {
	p, err := t.parse()
	if err != nil {
		return nil
	}
	names := p.subject.Fields()
	for _, s := range p.san {
		names = append(names, s.Fields()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Decrypt tells whether the private key decrypts, unwraps or derives:
// keyEncipherment, dataEncipherment or keyAgreement. It is false for a template
// that [Template.Check] refuses.
func (t Template) Decrypt() bool {
	usage, err := keyUsage(t.KeyUsage)
	return err == nil && usage&decryptUsages != 0
}

// Expand puts the values of the fields in. The errors name the template and the
// field, never a value: an unknown field, an empty or unfit value, a template
// that is wrong in itself.
func (t Template) Expand(fields map[string]string) (Wanted, error) {
	p, err := t.parse()
	if err != nil {
		return Wanted{}, err
	}
	if len(t.Names) > 0 {
		fields = maps.Clone(fields)
		for name, field := range t.Names {
			if v, bound := fields[field]; bound {
				fields[name] = v
			}
		}
	}
	w := p.wanted
	if w.Subject, err = expandSubject(p.subject, fields); err != nil {
		return Wanted{}, t.wrap(err)
	}
	if w.SAN, err = t.SAN.expand(fields); err != nil {
		return Wanted{}, t.wrap(err)
	}
	return w, nil
}

// parsed is a template read; wanted lacks what depends on fields.
type parsed struct {
	subject template.Subject
	san     []template.Pattern
	wanted  Wanted
}

func (t Template) parse() (p parsed, err error) {
	if p.subject, err = template.ParseSubject(t.Subject); err != nil {
		return p, t.wrap(refusal(err))
	}
	for _, k := range t.SAN.kinds() {
		for _, text := range *k.list {
			s, err := template.ParsePattern(text)
			if err != nil {
				return p, t.wrap(refusal(err))
			}
			p.san = append(p.san, s)
		}
	}
	if p.wanted.KeyUsage, err = keyUsage(t.KeyUsage); err != nil {
		return p, t.wrap(err)
	}
	if p.wanted.EKU, err = extendedKeyUsage(t.EKU); err != nil {
		return p, t.wrap(err)
	}
	for i, s := range t.Policies {
		if err := template.Policy(t.Policies, i); err != nil {
			return p, t.wrap(refusal(err))
		}
		oid, err := x509.ParseOID(s)
		if err != nil {
			return p, t.wrap(err)
		}
		p.wanted.Policies = append(p.wanted.Policies, oid)
	}
	if err := template.Validity(t.Days); err != nil {
		return p, t.wrap(refusal(err))
	}
	return p, nil
}

// wrap puts the template's name before the error.
func (t Template) wrap(err error) error {
	e := &exec.Error{Kind: exec.Refused, Cause: err}
	if inner, ok := err.(*exec.Error); ok {
		*e = *inner
	}
	e.Message = strings.TrimSuffix("certificate template "+t.Name+": "+e.Message, ": ")
	return e
}

// Fits says why a key of a type (CKA_KEY_TYPE) cannot serve, nil if it can.
func (w Wanted) Fits(keyType uint64) error { return fitKey(w.KeyUsage, keyType) }

// Extensions gives the key usage, the extended key usage and the alternative
// names, as a request asks for them and as a certificate holds them.
func (w Wanted) Extensions() ([]pkix.Extension, error) {
	ku, err := keyUsageExtension(w.KeyUsage)
	if err != nil {
		return nil, err
	}
	out := []pkix.Extension{ku}
	if len(w.EKU) > 0 {
		der, err := asn1.Marshal(w.EKU)
		if err != nil {
			return nil, err
		}
		out = append(out, pkix.Extension{Id: oidEKU, Value: der})
	}
	if !w.SAN.empty() {
		san, err := w.SAN.extension()
		if err != nil {
			return nil, err
		}
		out = append(out, san)
	}
	return out, nil
}
