package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"inscribe/check/template"
)

// Certificate is a certificate template: which CA issues it and what stands in
// it. Patterns take field values in braces: "CN={COMMON_NAME}".
type Certificate struct {
	CA           string   `toml:"ca"`
	Subject      string   `toml:"subject"`
	EMail        string   `toml:"email"`
	DNS          string   `toml:"dns"`
	UPN          string   `toml:"upn"`
	KeyUsage     []string `toml:"key-usage"`
	EKU          []string `toml:"extended-key-usage"`
	ValidityDays int      `toml:"validity-days"`
	Policies     []string `toml:"policies"`
}

// CanTake reports whether a pattern can take a field of the name from a description.
func CanTake(name string) bool {
	p, err := template.ParsePattern("{" + name + "}")
	return err == nil && len(p) == 1 && !slices.Contains(template.Given, name)
}

// Fields are the names of the fields that the patterns take, sorted.
func (c Certificate) Fields() []string {
	names := c.Mentions()
	slices.Sort(names)
	return slices.Compact(names)
}

// Mentions are the names of fields as often as they stand in the patterns.
func (c Certificate) Mentions() []string {
	var names []string
	if s, err := template.ParseSubject(c.Subject); err == nil {
		names = s.Fields()
	}
	for _, pattern := range []string{c.EMail, c.DNS, c.UPN} {
		if p, err := template.ParsePattern(pattern); err == nil {
			names = append(names, p.Fields()...)
		}
	}
	return names
}

// InOtherCase are the certificate templates whose names differ from one in case only,
// sorted; none where there is a template of exactly that name. The name of a template
// goes to the CA as it is written, so its case counts.
func (c *Config) InOtherCase(name string) []string {
	if _, exact := c.Certificates[name]; exact {
		return nil
	}
	var names []string
	for other := range c.Certificates {
		if strings.EqualFold(other, name) {
			names = append(names, other)
		}
	}
	slices.Sort(names)
	return names
}

// mostDays is that of a certificate that ends in 9999, as far as dates go.
const mostDays = 8000 * 366

// check tells of each fault that would show when a certificate is asked for, with
// the key at which it is.
func (c Certificate) check(fault func(err error, key ...string)) {
	tell := func(err error, key ...string) {
		if err != nil {
			fault(err, key...)
		}
	}
	tell(template.CheckSubject(c.Subject), "subject")
	for _, name := range []struct {
		key, pattern string
		kind         template.NameKind
	}{{"email", c.EMail, template.EMail}, {"dns", c.DNS, template.DNS}, {"upn", c.UPN, template.UPN}} {
		if name.pattern != "" {
			tell(template.CheckName(name.kind, name.pattern), name.key)
		}
	}
	if _, at, err := template.KeyUsage(c.KeyUsage); at >= 0 {
		tell(err, "key-usage", strconv.Itoa(at))
	} else {
		tell(err, "key-usage")
	}
	for i, name := range c.EKU {
		_, err := template.PurposeOID(name)
		tell(err, "extended-key-usage", strconv.Itoa(i))
	}
	switch {
	case c.ValidityDays < 0:
		tell(errors.New("validity-days is negative; leave it out where the CA decides"), "validity-days")
	case c.ValidityDays > mostDays:
		tell(errors.New("validity-days is more than 8000 years"), "validity-days")
	}
	for i, policy := range c.Policies {
		tell(template.Policy(policy), "policies", strconv.Itoa(i))
	}
}
