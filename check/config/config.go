package config

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

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

// profileNames lists the built-in profiles, and then the project's own.
func (c *Config) profileNames() []string {
	names := profile.Names()
	if c == nil {
		return names
	}
	return append(names, slices.Sorted(maps.Keys(c.Profiles))...)
}

// NoProfile says that there is no profile of a name, and which one may be meant.
func (c *Config) NoProfile(name string) string {
	names := c.profileNames()
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
// first, then the file name at its end, each exactly and then case aside.
func MatchLibrary(library string, names []string) (string, bool) {
	base := path.Base(strings.ReplaceAll(library, `\`, "/"))
	for _, want := range []string{library, base} {
		if slices.Contains(names, want) {
			return want, true
		}
		for _, name := range names {
			if strings.EqualFold(name, want) {
				return name, true
			}
		}
	}
	return "", false
}

// Table is what a table of a configuration is for, "certificate" or "middleware", and
// whose it is.
type Table struct{ Kind, Name string }
