package station

import (
	"strings"
	"testing"
)

// TestSlips wants a place, a cause and a way out for what people mistype.
func TestSlips(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"key":        {"[middleware.\"x.dll\"]\nmodul = \"/x.so\"\n", "station.toml:2:1: unknown key middleware.x.dll.modul; did you mean module?"},
		"table":      {"[middlewear.\"x.dll\"]\nmodule = \"/x.so\"\n", "station.toml:1:2: unknown key middlewear.x.dll; did you mean middleware?"},
		"far key":    {"[ca.lab]\ncolour = 1\n", "station.toml:2:1: unknown key ca.lab.colour; there are type, dir"},
		"a number":   {"[middleware.\"x.dll\"]\nmodule = \"/x.so\"\nenv = { PIN = 1 }\n", `station.toml:3:15: middleware.x.dll.env.PIN is a number; it takes a text in quotes, as "…"`},
		"in a table": {"[middleware.\"x.dll\"]\nmodule = \"/x.so\"\n[middleware.\"x.dll\".env]\nPIN = true\n", `station.toml:4:7: middleware.x.dll.env.PIN is true or false; it takes a text in quotes`},
		"no list":    {"[plans]\nsigners = \"a.pem\"\n", `station.toml:2:11: plans.signers is a text; it takes a list of texts, as ["…"]`},
		"no table":   {"[middleware.\"x.dll\"]\ndefault = \"CARD\"\n", "station.toml:2:11: middleware.x.dll.default is a text; it takes a table of keys"},
		"profile":    {"[middleware.\"x.dll\"]\nmodule = \"/x.so\"\nprofile = \"softhms\"\n", `there is no profile "softhms"; did you mean softhsm? (there are`},
	} {
		_, err := Parse("station.toml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not hold %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "struct") {
			t.Errorf("%s: %v speaks of Go", name, err)
		}
	}
}
