package diag

import (
	"math/rand/v2"
	"strings"
	"testing"
)

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

// plainDistance is the definition of the distance, word for word.
func plainDistance(a, b []rune) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return len(a) + len(b)
	case a[0] == b[0]:
		return plainDistance(a[1:], b[1:])
	}
	d := 1 + min(plainDistance(a[1:], b), plainDistance(a, b[1:]), plainDistance(a[1:], b[1:]))
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		d = min(d, 1+plainDistance(a[2:], b[2:]))
	}
	return d
}

// TestNearestByDefinition compares with the slow way on random words.
func TestNearestByDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		var b strings.Builder
		for range random.IntN(7) {
			b.WriteString([]string{"a", "B", "c", "ä", "Ä", "K"}[random.IntN(6)])
		}
		return b.String()
	}
	for range 3000 {
		name, candidates := word(), []string{word(), word(), word()}
		want, limit := "", max(1, len([]rune(name))/3)
		for _, c := range candidates {
			if d := plainDistance([]rune(strings.ToLower(name)), []rune(strings.ToLower(c))); d <= limit {
				want, limit = c, d-1
			}
		}
		if got := Nearest(name, candidates); got != want {
			t.Fatalf("%q is near %q, want %q of %q", name, got, want, candidates)
		}
	}
	// Longer than the room on the stack.
	long := strings.Repeat("ab", 60)
	if got := Nearest(long+"x", []string{"x", long}); got != long {
		t.Errorf("a long word is near %q", got)
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
