package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"inscribe/ast/diag"
)

// TestDevices holds the header of a smart card against the page "Structure": one device
// type, and for now no subtype. A second [Fields] declares its fields.
func TestDevices(t *testing.T) {
	const rest = "[Description]\nPKCS11Library=x.dll\nPIN=#123456\n"
	for header, want := range map[string]string{
		"Type=1024,Chip\nDevices=8710,8711\n":               "3 error invalid-value, 2 fixes",
		"Type=1024,Chip\nDevices=8710, 8710\n":              "3 error invalid-value, 1 fixes",
		"Devices=1,2,3,4\nType=1024,Chip\n":                 "2 error invalid-value, 3 fixes",
		"Type=1024,Chip\nSubType=1\n":                       "3 warning misplaced-keyword, 1 fixes",
		"Type=1024,Chip\nDevices=8710\n":                    "",
		"Type=2,Magstripe\nDevices=8710,8711\n":             "",
		"Type=2,Magstripe\nSubType=1\n":                     "",
		"Type=2,Magstripe\n[Application_A]\nKeySize=2048\n": "4 warning misplaced-keyword, 0 fixes",
		"Type=1024,Chip\n[Application_A]\nTrack=1\n":        "4 error misplaced-keyword, 0 fixes",
		"Type=1024,Chip\n[Fields]\n[Fields]\nP=\n":          "4 error duplicate-section, 0 fixes",
		"Type=1024,Chip\n[Fields]\nA=\n[fields]\nPIN=\n":    "5 error duplicate-section, 0 fixes",
	} {
		got := placed(check("[Encoding]\n"+header+rest), "invalid-value", "misplaced-keyword", "duplicate-section", "undefined-field")
		if got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	for _, d := range check("[Description]\nPKCS11Library=x.dll\nPIN=P\n[Fields]\n[Fields]\nP=\n").Diagnostics {
		if d.Code == "undefined-field" || strings.Contains(d.Help, "not read") {
			t.Errorf("a field of a second section: %s; %s", d.Message, d.Help)
		}
	}
}

// TestNoEffectOrAnother: what is read otherwise than it looks, or never runs, is found
// where it is written and not with a card in the reader.
func TestNoEffectOrAnother(t *testing.T) {
	const head = "[Fields]\nP=\nD=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=A\n[Application_A]\n"
	for lines, want := range map[string]string{
		"ECCurve=P-256\nCertTempl=t\n":                             "",
		"ECCurve=P-256\nCertTempl=#t\n":                            "10 warning invalid-value, 1 fixes",
		"ECCurve=P-256\nCertTempl=t\nKeyLabel=#k\n":                "",
		"BlockCard=true\nKeyLabel=#k\n":                            "10 error missing-keyword, 0 fixes",
		"DataObject=D\nLabelExpressionDataObject=for !{O\n":        "10 warning invalid-value, 0 fixes",
		"DataObject=D\nLabelExpressionDataObject=for !{}\n":        "10 warning invalid-value, 0 fixes",
		"DataObject=D\nLabelExpressionDataObject=a !{P b\n":        "10 warning invalid-value, 0 fixes",
		"DataObject=D\nLabelExpressionDataObject=for !! {\n":       "",
		"DataObject=D\nLabelExpressionDataObject=x\nKeyLabel=#k\n": "11 error missing-keyword, 0 fixes",
	} {
		got := placed(check(head+lines), "invalid-value", "missing-keyword")
		if got != want {
			t.Errorf("%q: %q, want %q", lines, got, want)
		}
	}
}

// placed says where the findings of some codes are.
func placed(p *Program, codes ...diag.Code) (out string) {
	for _, d := range p.Diagnostics {
		if slices.Contains(codes, d.Code) {
			out += fmt.Sprintf("%d %s %s, %d fixes", p.File.Position(d.Span.Start).Line, d.Severity, d.Code, len(d.Fixes))
		}
	}
	return out
}
