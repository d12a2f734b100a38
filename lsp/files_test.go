package lsp

import (
	"testing"

	"inscribe/lsp/protocol"
)

func TestPaths(t *testing.T) {
	for uri, want := range map[protocol.DocumentURI]string{
		"file:///cards/a.dsc":           "/cards/a.dsc",
		"file:///cards/%C3%A4%20b.dsc":  "/cards/ä b.dsc",
		"file:///c%3A/cards/a.dsc":      "c:/cards/a.dsc",
		"file:///C:/cards/a.dsc":        "C:/cards/a.dsc",
		"file://localhost/cards/a.dsc":  "/cards/a.dsc",
		"file://server/share/a.dsc":     "/server/share/a.dsc",
		"file:///cards/../etc/a.dsc":    "/etc/a.dsc",
		"untitled:Untitled-1":           "",
		"%zz":                           "",
		"inscribe-plan:/x?of=file:///y": "",
	} {
		got, ok := pathOf(uri)
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", uri, got, ok, want)
		}
	}
	for _, p := range []string{"/cards/a.dsc", "/cards/ä b#1.dsc", "c:/cards/a.dsc"} {
		if got, _ := pathOf(uriOf(p)); got != p {
			t.Errorf("%s comes back as %s", p, got)
		}
	}
	for uri, want := range map[protocol.DocumentURI]string{"file:///cards/a.dsc": "a.dsc", "untitled:Untitled-1": "Untitled-1", "": "description"} {
		if got := nameOf(uri); got != want {
			t.Errorf("%s is called %q, want %q", uri, got, want)
		}
	}
}
