package check

import (
	"strings"
	"testing"
	"unicode/utf8"

	"inscribe/ast/diag"
)

// TestNearestSection wants the header that was likely meant, and none where the letter is
// anyone's guess.
func TestNearestSection(t *testing.T) {
	for name, want := range map[string]string{
		"Aplication_B": "Application_B", "Application B": "Application_B", "Application-B": "Application_B",
		"ApplicationB": "Application_B", "Application2": "Application_2", "Aplication_é": "Application_é",
		"Application": "", "Applications": "", "APPLICATIONS": "Application_S", "Application_": "", "Apllication_": "", "Aplication_]": "",
		"Aplication__": "", "Aplication_AB": "", "Application,B": "", "Application\u00a0": "", "é": "", "Feilds": "Fields",
	} {
		p := check("[Description]\nPKCS11Library=x.dll\n[" + name + "]\n")
		got := ""
		for _, d := range p.Diagnostics {
			if d.Code == diag.UnknownSection && len(d.Fixes) > 0 {
				got = d.Fixes[0].Edits[0].NewText
			}
		}
		if got != want || !utf8.ValidString(strings.Join(strings.Fields(got), "")) {
			t.Errorf("[%s] may be [%s], want [%s]", name, got, want)
		}
	}
}
