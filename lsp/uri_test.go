package lsp

import (
	"net/url"
	"testing"
)

func TestSplitURI(t *testing.T) {
	for uri, want := range map[string]uriParts{
		"file:///cards/a.dsc":               {"file", "", "/cards/a.dsc", ""},
		"FILE:///c%3A/my%20cards/%C3%A4":    {"file", "", "/c:/my cards/ä", ""},
		"file://server/share/a.dsc":         {"file", "server", "/share/a.dsc", ""},
		"file://localhost":                  {"file", "localhost", "", ""},
		"file:/cards/a.dsc":                 {"file", "", "/cards/a.dsc", ""},
		"untitled:Untitled-1":               {"untitled", "", "Untitled-1", ""},
		"x-plan:/a.dsc.plan?of=file%3A%2F#": {"x-plan", "", "/a.dsc.plan", "of=file%3A%2F"},
		"cards/a:b.dsc":                     {"", "", "cards/a:b.dsc", ""},
		"file:///a%3Fb%23c?q#f":             {"file", "", "/a?b#c", "q"},
		"":                                  {},
	} {
		got, ok := splitURI(uri)
		if !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", uri, got, ok, want)
		}
	}
	for _, uri := range []string{"file:///%zz", "file:///%4", "file:///a\nb", "file:///\x7f"} {
		if got, ok := splitURI(uri); ok {
			t.Errorf("%q is %+v", uri, got)
		}
	}
}

// FuzzSplitURI holds what both take against net/url.
func FuzzSplitURI(f *testing.F) {
	for _, uri := range []string{"file:///a", "file://b/c%20d?e#f", "untitled:g", "h", "x:/y?of=z"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		u, err := url.Parse(uri)
		got, ok := splitURI(uri)
		if err != nil || u.User != nil || u.Opaque != "" || u.Scheme != "file" {
			return
		}
		want := uriParts{u.Scheme, u.Host, u.Path, u.RawQuery}
		if got.host != want.host { // net/url decodes a host's name
			return
		}
		if !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", uri, got, ok, want)
		}
	})
}
