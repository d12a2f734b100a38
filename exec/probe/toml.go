package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"inscribe/check/profile"
)

// TOML writes what was found as a profile: with a name as a table of
// inscribe.toml, without one as the file that profile.Parse reads. library is the
// file name of the module.
func (r *Result) TOML(name, library string) string {
	table, facts := "", "[fact]"
	if name != "" {
		table, facts = "[profile."+name+"]\n", "[profile."+name+".fact]"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Learned by inscribe probe on a scratch token. A fact that it cannot find out is\n# that of the profile it inherits from; look at what follows, and add what the\n# vendor's manual tells.\n%s", table)
	fmt.Fprintf(&b, "title = %s\n", quote(strings.TrimSpace(r.Token.Manufacturer+" "+r.Token.Model)))
	fmt.Fprintf(&b, "notes = %s\n", quote(strings.Join(r.Notes, "; ")))
	fmt.Fprintf(&b, "inherits = \"generic\"\n")
	if name == "" {
		fmt.Fprintf(&b, "manufacturers = [%s]\nlibraries = [%s]\n", quote(r.Module.Manufacturer), quote(library))
	}
	fmt.Fprintf(&b, "\n%s\n", facts)
	for _, info := range profile.Facts {
		i := slices.IndexFunc(r.Facts, func(f Fact) bool { return f.Name == info.Name })
		if i < 0 {
			continue
		}
		fmt.Fprintf(&b, "%s = { is = %s, source = %s }\n", info.Name, value(r.Facts[i].Is), quote(r.Facts[i].Source))
	}
	return b.String()
}

func value(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []string:
		var words []string
		for _, w := range v {
			words = append(words, quote(w))
		}
		return "[" + strings.Join(words, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// quote makes a basic string of TOML. What a token says of itself may hold
// anything; characters that cannot be seen become marks.
func quote(s string) string {
	return strconv.Quote(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd")))
}
