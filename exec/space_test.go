package exec_test

import (
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// TestNotEnoughSpace: what is sure not to fit is refused before the first write;
// what a token does not tell is not guessed.
func TestNotEnoughSpace(t *testing.T) {
	for name, c := range map[string]struct {
		public, private int64
		refused         string
	}{
		"plenty":         {10000, 10000, ""},
		"just enough":    {376, 256, ""}, // a modulus and the least of a certificate
		"public full":    {375, 256, "at least 376 bytes of public objects, and the token has 375"},
		"private full":   {10000, 255, "at least 256 bytes of private objects, and the token has 255"},
		"not told":       {exec.Unavailable, exec.Unavailable, ""},
		"does not count": {0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneKey, model.Start{})
			b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) { i.FreePublic, i.FreePrivate = c.public, c.private }}
			_, err := b.apply()
			if c.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, exec.Refused, c.refused)
			if len(b.journals.records) > 0 {
				t.Errorf("something was done before: %+v", b.journals.records)
			}
		})
	}
}
