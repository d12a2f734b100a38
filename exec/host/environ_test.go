package host

import (
	"slices"
	"testing"
)

func TestChildEnvironment(t *testing.T) {
	parent := []string{"PATH=/bin", "LC_ALL=C", "LCX=1", "TPM2_PKCS11_STORE=/s", "P11_KIT_SERVER_ADDRESS=a", "HOME=/h", "LD_PRELOAD=x",
		"PKCS11SPY=m", "Path=/win", "SYSTEMROOT=c", "ProgramFiles(x86)=p", "SECRET=1", "LC_PIN=1234", "broken"}
	for _, c := range []struct {
		goos string
		spy  bool
		want []string
	}{
		{"linux", false, []string{"HOME=/h2", "LC_ALL=C", "P11_KIT_SERVER_ADDRESS=a", "PATH=/bin", "TPM2_PKCS11_STORE=/s", "X=1"}},
		{"linux", true, []string{"HOME=/h2", "LC_ALL=C", "P11_KIT_SERVER_ADDRESS=a", "PATH=/bin", "PKCS11SPY=m", "TPM2_PKCS11_STORE=/s", "X=1"}},
		{"windows", false, []string{"HOME=/h2", "LC_ALL=C", "P11_KIT_SERVER_ADDRESS=a", "PATH=/bin", "Path=/win", "ProgramFiles(x86)=p", "SYSTEMROOT=c", "TPM2_PKCS11_STORE=/s", "X=1"}},
	} {
		got := childEnvironment(parent, map[string]string{"X": "1", "HOME": "/h2"}, []string{"LC_PIN"}, c.spy, c.goos)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, spy %v:\n got %q\nwant %q", c.goos, c.spy, got, c.want)
		}
	}
}

// TestReach: what says where tokens are tells two reaches apart, and nothing else does.
func TestReach(t *testing.T) {
	for _, name := range places {
		t.Setenv(name, "")
	}
	here := Reach(nil, nil)
	t.Setenv("LC_ALL", "C.UTF-8")
	if got := Reach(map[string]string{"OTHER": "x"}, nil); got != here || here == "" {
		t.Errorf("%q and %q are one reach", got, here)
	}
	for _, name := range places {
		if got := Reach(map[string]string{name: "/elsewhere"}, nil); got == here {
			t.Errorf("%s names no other tokens", name)
		}
	}
}
