//go:build cgo

package pkcs11

import (
	"testing"

	"github.com/miekg/pkcs11"

	"inscribe/exec"
	"inscribe/exec/host"
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

// TestLengthsThatNoPINHas: a token that claims one makes nobody make such a value.
func TestLengthsThatNoPINHas(t *testing.T) {
	for told, want := range map[uint]int{0: 0, 4: 4, 255: 255, host.MaxSecret: host.MaxSecret, host.MaxSecret + 1: -1, 1 << 28: -1, 1<<32 - 1: -1, unavailable: -1} {
		info := tokenInfo(pkcs11.TokenInfo{MinPinLen: told, MaxPinLen: told})
		if info.MinPIN != want || info.MaxPIN != want {
			t.Errorf("%d is %d and %d, want %d", told, info.MinPIN, info.MaxPIN, want)
		}
	}
}
