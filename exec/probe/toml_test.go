package probe

import (
	"testing"

	"inscribe/check/config"
	"inscribe/check/profile"
	"inscribe/exec"
)

// TestTOMLHoldsWhateverATokenSays: what a module calls itself is text to the
// profile, and each kind of fact comes back as it was.
func TestTOMLHoldsWhateverATokenSays(t *testing.T) {
	for _, hostile := range []string{"plain", `a"b\c`, "line\nbreak\t\x00\x7f", "\xff\xfe", "]\n[fact]\nsoftware = true", "\u202eabc", "#"} {
		r := &Result{Module: exec.ModuleInfo{Manufacturer: hostile, LibraryVersion: "1.0"}, Token: exec.TokenInfo{Manufacturer: hostile, Model: hostile}, Notes: []string{hostile, hostile},
			Facts: []Fact{{profile.InitToken, true, hostile + "x"}, {profile.Reinit, false, "x"}, {profile.PINMin, 4, "x"}, {profile.PINAlphabet, "digits", "x"}, {profile.Curves, []string{"P-256", hostile}, "x"}}}
		p, err := profile.Parse("x", []byte(r.TOML("", hostile)), profile.Lookup)
		if err != nil {
			t.Errorf("%q: %v\n%s", hostile, err, r.TOML("", hostile))
			continue
		}
		n, known := p.Count(profile.PINMin)
		if p.Is(profile.InitToken) != profile.Yes || p.Is(profile.Reinit) != profile.No || n != 4 || !known || p.Word(profile.PINAlphabet) != "digits" || p.Offers(profile.Curves, "P-256") != profile.Yes {
			t.Errorf("%q: the facts are not those that were found:\n%s", hostile, r.TOML("", hostile))
		}
		if p.Is(profile.Software) != profile.Unknown {
			t.Errorf("%q became a fact", hostile)
		}
		if hostile == `a"b\c` && p.Manufacturers[0] != hostile {
			t.Errorf("%q became %q", hostile, p.Manufacturers[0])
		}
		c, err := config.Parse("inscribe.toml", []byte(r.TOML("our-cards", hostile)))
		if err != nil || c.Lookup("our-cards").Is(profile.InitToken) != profile.Yes {
			t.Errorf("%q as a table of inscribe.toml: %v", hostile, err)
		}
	}
}
