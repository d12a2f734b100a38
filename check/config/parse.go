//go:build !js

package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/go-multierror"

	"inscribe/ast/diag"
	"inscribe/check/profile"
	"inscribe/check/schema"
	"inscribe/check/template"
)

type fileFormat struct {
	Severity    map[string]string             `toml:"severity"`
	Keyword     []userKeyword                 `toml:"keyword"`
	Middleware  map[string]Middleware         `toml:"middleware"`
	Certificate map[string]Certificate        `toml:"certificate"`
	Policy      Policy                        `toml:"policy"`
	Profile     map[string]profile.Definition `toml:"profile"`
}

type userKeyword struct {
	Name    string `toml:"name"`
	Section string `toml:"section"`
	Like    string `toml:"like"`
	Kind    string `toml:"kind"`
	Secret  bool   `toml:"secret"`
	Doc     string `toml:"doc"`
}

// Parse reads a configuration. All slips come back as one error, each with the
// file's name.
func Parse(name string, raw []byte) (*Config, error) {
	var f fileFormat
	if err := Decode(name, raw, &f); err != nil {
		return nil, err
	}
	c := &Config{Path: name, Severity: map[diag.Code]diag.Severity{}, Middleware: f.Middleware, Certificates: f.Certificate, Policy: f.Policy, SHA256: digest(raw)}
	var errs *multierror.Error
	var known *places
	fail := func(at []string, format string, args ...any) {
		if known == nil {
			known = placesOf(unmarked(raw))
		}
		errs = multierror.Append(errs, fmt.Errorf("%s:%s%s", name, known.of(at...), fmt.Sprintf(format, args...)))
	}
	for _, code := range slices.Sorted(maps.Keys(f.Severity)) {
		severity, ok := diag.ParseSeverity(f.Severity[code])
		at := []string{"severity", code}
		if _, known := diag.Lookup(diag.Code(code)); !known {
			fail(at, "[severity]: there is no code %q%s", code, diag.DidYouMean(code, codes()))
		} else if !ok {
			fail(at, "[severity]: %s is %q; it can be error, warning, info, hint or off", code, f.Severity[code])
		} else {
			c.Severity[diag.Code(code)] = severity
		}
	}
	for i, k := range f.Keyword {
		keyword, err := k.keyword()
		if err != nil {
			fail([]string{"keyword", strconv.Itoa(i)}, "[[keyword]] number %d: %v", i+1, err)
			continue
		}
		c.Keywords = append(c.Keywords, keyword)
	}
	c.Profiles = map[string]*profile.Profile{}
	for _, own := range slices.Sorted(maps.Keys(f.Profile)) {
		at := []string{"profile", own}
		if profile.Lookup(own) != nil {
			fail(at, "[profile.%s]: there is a built-in profile of that name", own)
			continue
		}
		p, err := profile.Build(own, f.Profile[own], profile.Lookup)
		if err != nil {
			fail(at, "[profile.%s]: %v", own, err)
			continue
		}
		c.Profiles[own] = p
	}
	for _, m := range slices.Sorted(maps.Keys(c.Middleware)) {
		if p := c.Middleware[m].Profile; c.Lookup(p) == nil {
			fail([]string{"middleware", m, "profile"}, "[middleware.%q]: %s", m, c.NoProfile(p))
		}
	}
	for _, t := range slices.Sorted(maps.Keys(c.Certificates)) {
		c.Certificates[t].check(func(err error, key ...string) {
			fail(append([]string{"certificate", t}, key...), "[certificate.%s]: %v", t, err)
		})
	}
	if errs == nil {
		if err := schema.Builtin.With(c.Keywords).Validate(); err != nil {
			fail([]string{"keyword", "0"}, "%v", err)
		}
	}
	return c, errs.ErrorOrNil()
}

func codes() []string {
	var out []string
	for _, r := range diag.Rules {
		out = append(out, string(r.Code))
	}
	return out
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

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
	tell(template.Validity(c.ValidityDays), "validity-days")
	for i := range c.Policies {
		tell(template.Policy(c.Policies, i), "policies", strconv.Itoa(i))
	}
}
