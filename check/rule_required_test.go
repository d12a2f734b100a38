package check

import (
	"strings"
	"testing"

	"inscribe/check/schema"
)

// TestLibrary wants the name for Linux before the general one, and that before the
// others, in whatever order they stand.
func TestLibrary(t *testing.T) {
	for _, c := range []struct{ lines, want, profile string }{
		{"PKCS11Library=general.dll PKCS11LibraryLinux=/usr/lib/opensc-pkcs11.so", schema.MLibraryLinux, "opensc"},
		{"PKCS11LibraryLinux=/usr/lib/opensc-pkcs11.so PKCS11Library=general.dll", schema.MLibraryLinux, "opensc"},
		{"PKCS11LibraryWindows64=w.dll PKCS11Library=opensc-pkcs11.so PKCS11LibraryMac=m.dylib", schema.MLibrary, "opensc"},
		{"MiniDriverLibrary=m.dll PKCS11LibraryWindows32=personal.dll", schema.MLibraryWin32, "personal"},
		{"MiniDriverLibrary=m.dll PKCS11LibraryLinux=/usr/lib/opensc-pkcs11.so", schema.MLibraryLinux, "opensc"},
		{"MiniDriverLibrary=m.dll", schema.MMiniDriver, "generic"},
	} {
		p := check("[Description]\n" + strings.ReplaceAll(c.lines, " ", "\n") + "\n")
		if got := p.Library().Keyword.Meaning; got != c.want || p.Profile.Name != c.profile {
			t.Errorf("%s: %s, profile %s; want %s, profile %s", c.lines, got, p.Profile.Name, c.want, c.profile)
		}
	}
}
