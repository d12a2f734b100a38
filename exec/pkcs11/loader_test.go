package pkcs11

import (
	"strings"
	"testing"
)

func TestLoaderFailure(t *testing.T) {
	for why, want := range map[string]string{
		"libfoo.so.1: cannot open shared object file: No such file or directory":                    "missing dependency libfoo.so.1",
		"/lib/m.so: cannot open shared object file: No such file or directory":                      "/lib/m.so cannot be loaded: /lib/m.so",
		"/lib/m.so: undefined symbol: foo":                                                          "no library has a symbol that it needs",
		"Error loading shared library libfoo.so.1: No such file or directory (needed by /lib/m.so)": "missing dependency libfoo.so.1",
		"Error relocating /lib/m.so: foo: symbol not found":                                         "no library has a symbol that it needs",
		"dlopen(/lib/m.so, 2): Library not loaded: /opt/libfoo.dylib\n  Referenced from: /lib/m.so": "missing dependency /opt/libfoo.dylib",
		"/lib/m.so: cannot enable executable stack as shared object requires: Permission denied":    "cannot enable executable stack",
		"":                               "/lib/m.so cannot be loaded",
		"Error loading shared library :": "cannot be loaded",
	} {
		f := loaderFailure("/lib/m.so", why)
		if !strings.Contains(f.Message, want) || f.Advice == "" {
			t.Errorf("%q:\n got %q (%q)\nwant %q", why, f.Message, f.Advice, want)
		}
	}
}
