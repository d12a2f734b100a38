package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"

	"inscribe/ast/diag"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// FileName is the name searched for upward from a description.
const FileName = "inscribe.toml"

// Config is one inscribe.toml. The zero value is "no configuration".
type Config struct {
	// Path is what messages call the file, "" where there is none.
	Path         string
	Severity     map[diag.Code]diag.Severity
	Keywords     []schema.Keyword
	Middleware   map[string]Middleware
	Certificates map[string]Certificate
	Policy       Policy
	// Profiles are the project's own kinds of token.
	Profiles map[string]*profile.Profile
	// SHA256 is the digest of the file, lower-case hexadecimal.
	SHA256 string
	// profile is that of WithProfile.
	profile string
}

// Policy are the rules that an organisation sets over what a plan may do. A rule
// that is left out holds nothing.
type Policy struct {
	// RSAMin is the least size of an RSA key, in bits.
	RSAMin int `toml:"rsa-min"`
	// Curves are the only elliptic curves; an empty list forbids all.
	Curves *[]string `toml:"curves"`
	// SignatureTemplates are the only templates for the signature slot. A *
	// stands for any characters.
	SignatureTemplates *[]string `toml:"signature-templates"`
	// Templates are the only templates at all.
	Templates *[]string `toml:"templates"`
	// Libraries are the only libraries that descriptions may name.
	Libraries *[]string `toml:"libraries"`
	// Profiles are the only kinds of token.
	Profiles *[]string `toml:"profiles"`
	// ForbidInitToken forbids to initialise tokens.
	ForbidInitToken bool `toml:"forbid-init-token"`
	// ForbidKeyImport forbids private keys from outside.
	ForbidKeyImport bool `toml:"forbid-key-import"`
	// ForbidLiteralSecrets forbids secrets in the description.
	ForbidLiteralSecrets bool `toml:"forbid-literal-secrets"`
	// DistinctPINs demands another value for SignPIN than for PIN.
	DistinctPINs bool `toml:"distinct-pins"`
}

// Allows reports whether a name is in a list of patterns, case aside; a nil list
// allows everything.
func Allows(patterns *[]string, name string) bool {
	if patterns == nil {
		return true
	}
	for _, p := range *patterns {
		if matches(strings.ToLower(p), strings.ToLower(name)) {
			return true
		}
	}
	return false
}

// matches holds a name against a pattern in which * stands for any characters.
func matches(pattern, name string) bool {
	head, tail, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, head)
	if !ok {
		return false
	}
	for i := 0; i <= len(rest); i++ {
		if matches(tail, rest[i:]) {
			return true
		}
	}
	return false
}

// Middleware is what the project knows of a library that its descriptions name.
type Middleware struct {
	Profile string `toml:"profile"`
}

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
			known = placesOf(raw)
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

// Table is the table of keywords with the project's own.
func (c *Config) Table() *schema.Table {
	if c == nil || len(c.Keywords) == 0 {
		return schema.Builtin
	}
	return schema.Builtin.With(c.Keywords)
}

// Lookup gives a profile by its name: the project's own, or a built-in one, or
// nil.
func (c *Config) Lookup(name string) *profile.Profile {
	if c != nil {
		if p := c.Profiles[name]; p != nil {
			return p
		}
	}
	return profile.Lookup(name)
}

// ProfileNames lists the built-in profiles, and then the project's own.
func (c *Config) ProfileNames() []string {
	names := profile.Names()
	if c == nil {
		return names
	}
	return append(names, slices.Sorted(maps.Keys(c.Profiles))...)
}

// NoProfile says that there is no profile of a name, and which one may be meant.
func (c *Config) NoProfile(name string) string {
	names := c.ProfileNames()
	if near := diag.DidYouMean(name, names); near != "" {
		return fmt.Sprintf("there is no profile %q%s (there are %s)", name, near, strings.Join(names, ", "))
	}
	return fmt.Sprintf("there is no profile %q; there are %s", name, strings.Join(names, ", "))
}

// WithProfile gives the same configuration with one profile for all libraries.
// A name that is none is as if it was not given.
func (c *Config) WithProfile(name string) *Config {
	with := Config{}
	if c != nil {
		with = *c
	}
	if with.Lookup(name) != nil {
		with.profile = name
	}
	return &with
}

// ProfileFor names the profile of a library as a description gives it: first by
// the whole text, then by the file name at its end, case aside. It is "" where
// nothing is known.
func (c *Config) ProfileFor(library string) string {
	if c == nil {
		return ""
	}
	if c.profile != "" {
		return c.profile
	}
	if name, ok := MatchLibrary(library, slices.Sorted(maps.Keys(c.Middleware))); ok {
		return c.Middleware[name].Profile
	}
	return ""
}

// MatchLibrary finds the entry for a library in a list of names: the whole text
// first, then the file name at its end, case aside.
func MatchLibrary(library string, names []string) (string, bool) {
	base := path.Base(strings.ReplaceAll(library, `\`, "/"))
	for _, want := range []string{library, base} {
		for _, name := range names {
			if strings.EqualFold(name, want) {
				return name, true
			}
		}
	}
	return "", false
}
