package config

import (
	"slices"
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
