package diag

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"Signature", "KeySize", "CertTempl", "PIN", "PUK"}
	for name, want := range map[string]string{
		"Sigature": "Signature", "signature": "Signature", "KeySzie": "KeySize", "PNI": "PIN", "PUX": "PUK",
		"Location": "", "": "", "PI": "PIN", "Xyz": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("%q is near %q, want %q", name, got, want)
		}
	}
}

func TestEveryCodeHasOneRule(t *testing.T) {
	seen := map[Code]bool{}
	for _, r := range Rules {
		if seen[r.Code] || r.Title == "" {
			t.Errorf("%s: twice, or without a title", r.Code)
		}
		seen[r.Code] = true
	}
}
