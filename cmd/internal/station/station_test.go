package station

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestNoStationOfTheWorkingFolder: a relative folder in the environment names no station
// file.
func TestNoStationOfTheWorkingFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has other variables")
	}
	home := t.TempDir()
	t.Chdir(home)
	for _, dir := range []string{"inscribe", ".config/inscribe"} {
		err := os.MkdirAll(dir, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "station.toml"), []byte("[middleware.\"x.dll\"]\nmodule = \"/x.so\"\n"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		config, home string
		found        bool
	}{{".", "", false}, {"", ".", false}, {".", ".", false}, {home, ".", true}, {".", home, true}, {"", home, true}} {
		s, err := Load("", func(name string) string { return map[string]string{"XDG_CONFIG_HOME": c.config, "HOME": c.home}[name] })
		if err != nil || s.Path != "" && !filepath.IsAbs(s.Path) {
			t.Fatal(s, err)
		}
		if _, found := s.For("x.dll"); found != c.found {
			t.Errorf("%+v: found is %v", c, found)
		}
	}
}

// TestFilesBesideTheStation: what a station names without a folder is beside it, also where
// it is named so itself. A bare name would be looked for where the system has its libraries.
func TestFilesBesideTheStation(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	text := "[middleware.\"x.dll\"]\nmodule = \"mod.so\"\n[ca.lab]\ntype = \"embedded\"\ndir = \"ca\"\n[plans]\nsigners = [\"a.pem\"]\n"
	if err := os.WriteFile("station.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"station.toml", "./station.toml", filepath.Join(dir, "station.toml")} {
		s, err := Load(name, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		got := []string{s.Middleware["x.dll"].Module, s.CA["lab"].Dir, s.Plans.Signers[0]}
		for i, want := range []string{"mod.so", "ca", "a.pem"} {
			if got[i] != filepath.Join(dir, want) {
				t.Errorf("%s: %s is taken from %s", name, want, got[i])
			}
		}
	}
}

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
		_, err := parse("station.toml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not hold %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "struct") {
			t.Errorf("%s: %v speaks of Go", name, err)
		}
	}
}
