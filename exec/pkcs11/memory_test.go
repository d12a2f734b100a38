//go:build cgo

package pkcs11

import (
	"testing"

	"inscribe/exec"
)

func TestMemoryThatIsNotCounted(t *testing.T) {
	for _, c := range []struct {
		free, total uint
		want        int64
	}{
		{1, 1, exec.Unavailable}, // NSS
		{0, 0, exec.Unavailable},
		{unavailable, unavailable, exec.Unavailable},
		{unavailable, 65536, exec.Unavailable},
		{0, 65536, 0},
		{100, 65536, 100},
		{100, unavailable, 100},
	} {
		if got := memory(c.free, c.total); got != c.want {
			t.Errorf("%d of %d: %d, want %d", c.free, c.total, got, c.want)
		}
	}
}
