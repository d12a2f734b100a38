package lsp

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"inscribe/ast/diag"
	"inscribe/check/config"
	"inscribe/check/fix"
	"inscribe/docs"
	"inscribe/lsp/protocol"
)

// mended is a description for the property of fixes.
type mended struct{ name, text, config string }

// oddNames are texts that read as something else where a name is written.
var oddNames = []string{"^x", "[x", "x]", "[x]", "=r", "a=b", ";x", "#x", "!x", "!{x}", "{x", "x}", "a,b", ",", "a b", `"x`, "é", "ſ", "x\u00a0y", "a\x01b", "\x01", "\u2028", "\xff", "-", "_", "🂡"}

// mendable are descriptions with findings: the example of each rule, those of the
// checker's tests, and more.
func mendable(t *testing.T) []mended {
	t.Helper()
	var out []mended
	for _, p := range docs.Pages() {
		out = append(out, mended{string(p.Code), p.Avoid.Description, p.Avoid.Config})
	}
	for _, pattern := range []string{"../testdata/examples/*.dsc", "../testdata/check/*.dsc"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files for %s: %v", pattern, err)
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, mended{name: filepath.Base(path), text: string(raw)})
		}
	}
	const head = "[Encoding]\nType=1024,Chip\nDevices=8710\n\n"
	for _, odd := range oddNames {
		out = append(out,
			mended{name: "the field " + odd, text: head + "[Fields]\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=A\n[Application_A]\nDataObject=" + odd + "\nLabelExpressionDataObject=x\n"},
			mended{name: "the field of a PIN " + odd, text: head + "[Fields]\n[Description]\nPKCS11Library=x.dll\nPIN=" + odd + "\n"},
			mended{name: "the cleared field " + odd, text: head + "[Description]\nPKCS11Library=x.dll\nClearFields=" + odd + "\n"},
			mended{name: "the field of a label " + odd, text: head + "[Fields]\nP=\nD=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=A\n[Application_A]\nDataObject=D\nLabelExpressionDataObject=x !{" + odd + "}\n"},
			mended{name: "near the field " + odd, text: head + "[Fields]\nNAM" + odd + "=\n" + odd + "NAM=\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=AB\n[Application_A]\nDataObject=NAMX" + odd + "\nLabelExpressionDataObject=x\n[Application_B]\nDataObject=" + odd + "XNAM\nLabelExpressionDataObject=x\n"},
			mended{name: "the keyword " + odd, text: head + "[Description]\nPKCS11Library=x.dll\nPIN=!FROM_USER_DIALOG_3_FIELD\nSetPI" + odd + "=true\n" + odd + "SetPIN=true\n" + odd + "\n"},
			mended{name: "the section " + odd, text: head + "[Description]\nPKCS11Library=x.dll\n[Aplication_" + odd + "]\nBlockCard=true\n[Feilds" + odd + "]\nP=\n"},
			mended{name: "the letter " + odd, text: head + "[Fields]\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=A" + odd + "\n[Application_A]\nKeySize=3072\nCertTempl=t\n"},
			mended{name: "the size " + odd, text: head + "[Fields]\nP=\nS=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nSignPIN=S\nApplicationList=A\n[Application_A]\nKeySize=" + odd + "\nCertTempl=" + odd + "\nLocation=" + odd + "\n"},
		)
	}
	return append(out, []mended{
		{name: "empty"},
		{name: "a blank line", text: "\n"},
		{name: "fields alone", text: "[Fields]\nA=\n"},
		{name: "fields alone, without a line end", text: "[Fields]\nA="},
		{name: "a comment of the other mark", text: head + "[Description]\n; hi\nPKCS11Library=x.dll\n"},
		{name: "a comment at the end", text: head + "[Description]\nPKCS11Library=x.dll\n; hi"},
		{name: "a section that is there already", text: head + "[Description]\nPKCS11Library=x.dll\n[Descripton]\nPIN=A\n"},
		{name: "an application that is there already", text: head + "[Description]\nPKCS11Library=x.dll\nApplicationList=A\n[Application_A]\nBlockCard=true\n[Aplication_A]\nKeySize=2048\n"},
		{name: "a template for signatures", text: strings.Replace(good, "KeySize=3072\nCertTempl=signTemplate", "CertTempl=signTemplate", 1)},
		{name: "a template under a policy", text: strings.Replace(good, "KeySize=3072\nCertTempl=authTemplate", "CertTempl=authTemplate", 1), config: "[policy]\nrsa-min = 4096\n"},
		{name: "a template where curves alone are allowed", text: strings.Replace(good, "KeySize=3072\nCertTempl=authTemplate", "CertTempl=authTemplate", 1), config: "[policy]\ncurves = [\"P-384\"]\n"},
		{name: "a key without a template", text: strings.Replace(good, "CertTempl=authTemplate\n", "", 1), config: project},
		{name: "a template with fields", text: strings.Replace(good, "CertTempl=authTemplate\n", "", 1), config: "[certificate.t]\nsubject = \"CN={NAME},serialNumber={token.serial}\"\nemail = \"{EMAIL}\"\nkey-usage = [\"digitalSignature\"]\n"},
		{name: "an application that does nothing", text: strings.Replace(good, "KeySize=3072\nCertTempl=authTemplate\n", "", 1), config: project},
		{name: "an application for signatures that does nothing", text: strings.Replace(good, "KeySize=3072\nCertTempl=signTemplate\n", "", 1), config: project},
		{name: "a letter without a section", text: strings.Replace(good, "List=AB", "List=ABC", 1), config: project},
		{name: "a letter without a section, and no line end", text: strings.TrimSuffix(strings.Replace(good, "List=AB", "List=ABC", 1), "\n")},
		{name: "keywords elsewhere", text: strings.Replace(good, "PIN=PIN_FIELD\n", "PIN=PIN_FIELD\nKeySize=3072\nAttributesDataObject=CKA_PRIVATE=TRUE\n", 1) + "PIN=PIN_FIELD\nSetPIN=true\n"},
		{name: "keywords of a section that is missing", text: "[Fields]\nA=\n[Application_A]\nKeySize=2048\nPKCS11Library=x.dll\n"},
		{name: "another value", text: strings.Replace(good, "KeySize=3072\n", "KeySize=3072\nkeysize=4096\n", 1)},
		{name: "a dialog of two entries", text: strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=!FROM_USER_DIALOG_2_FIELD", 1)},
		{name: "empty values", text: strings.NewReplacer("\nPIN=PIN_FIELD", "\nPIN=\nSetPIN=", "KeySize=3072", "KeySize=", "Location=#Signature", "Location=", "CertTempl=authTemplate", "CertTempl=").Replace(good)},
		{name: "no [Fields] below comments", text: "[Encoding]\nType=1024,Chip\nDevices=8710\n# keep\n# inscribe:ignore missing-keyword of the vendor\n[Description]\nPIN=\nApplicationList=A\n# first\n# inscribe:ignore missing-keyword later\n[Application_A]\nKeySize=3072\nCertTempl=t\n# inscribe:ignore missing-keyword not yet\n[Application_B]\n"},
		{name: "no [Description] below comments", text: "# of the fields\n[Fields]\nA=\n# first\n# inscribe:ignore missing-keyword later\n[Application_A]\n"},
		{name: "two device types", text: strings.Replace(good, "8710", "8710, 8711", 1)},
		{name: "a subtype of a smart card", text: strings.Replace(good, "Devices=8710", "SubType=1", 1)},
		{name: "blocked first", text: strings.NewReplacer("List=AB", "List=ACDB", "KeySize=3072\nCertTempl=authTemplate", "BlockCard=true").Replace(good) + "[Application_C]\nKeySize=3072\nCertTempl=t\n[Application_D]\nKeySize=3072\nCertTempl=t\n"},
	}...)
}

// TestDifference wants edits that make the text, and leave alone what is between them.
func TestDifference(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          []string // what goes, and what comes
	}{
		{"", "", nil},
		{"a\n", "a\n", nil},
		{"A=1  \n; x\nB=2\n; y\n", "A=1\n# x\nB=2\n# y\n", []string{"  |", ";|#", ";|#"}},
		{"A=1\nB=2\nA=1\nC=3 \nD\n", "A=1\nB=2\nC=3\nD\n", []string{"A=1|C=3", "C=3 \n|"}},
		{"A=1\nB=2\nA=1\nC=3\nD \n", "A=1\nB=2\nC=3\nD\n", []string{"A=1\n|", " |"}},
		{"A\nC", "A\nB\nC", []string{"|B\n"}},
		{"A\nB", "A", []string{"\n|", "B|"}},
		{"A", "A\nB\n", []string{"|\n", "|B\n"}},
		{"ä\r\nb \r\n", "ö\r\nb\r\n", []string{"ä|ö", " |"}},
		{"a \rb \r", "a\rb\r", []string{" \rb |\rb"}},
	} {
		var got []string
		text, moved := c.before, 0
		for _, e := range difference(c.before, c.after) {
			got = append(got, c.before[e.Span.Start:e.Span.End]+"|"+e.NewText)
			text = text[:e.Span.Start+moved] + e.NewText + text[e.Span.End+moved:]
			moved += len(e.NewText) - e.Span.Len()
		}
		if text != c.after || !slices.Equal(got, c.want) {
			t.Errorf("%q: edits %q give %q", c.before, got, text)
		}
	}
}

// TestFixesKeepCommentsAbove wants no edit between a header and the comments above it,
// which speak of it and may silence what is found there.
func TestFixesKeepCommentsAbove(t *testing.T) {
	header := regexp.MustCompile(`(?m)^\[`)
	tried := 0
	for _, m := range mendable(t) {
		cfg := configOf(t, m.config)
		for _, nl := range []string{"\n", "\r\n"} {
			text := strings.ReplaceAll(header.ReplaceAllString(m.text, "# of this section\n# inscribe:ignore missing-keyword of the vendor\n["), "\n", nl)
			d := closedDocument(docURI, []byte(text), protocol.UTF16, cfg)
			for _, f := range d.program().Diagnostics {
				for _, a := range d.actions(f.Span) {
					if strings.HasPrefix(a.title, "Suppress ") {
						continue
					}
					for _, e := range a.edits() {
						tried++
						for i, s := range d.file().Sections {
							if e.Span.Start > d.file().Before(i) && e.Span.Start <= s.Header.Span.Start && e.Span.Len() == 0 && e.NewText[0] == '[' {
								t.Errorf("%s: %q parts [%s] from its comments", m.name, a.title, d.file().Slice(s.Header.Name))
							}
						}
					}
				}
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d tried", tried)
	}
}

// TestQuickFixesMend applies each quick fix of each finding: the finding is gone,
// and no error is there that was not there before.
func TestQuickFixesMend(t *testing.T) {
	type said struct {
		code diag.Code
		text string
	}
	count := func(d *document, errors bool) map[said]int {
		out := map[said]int{}
		for _, f := range d.program().Diagnostics {
			if f.Severity == diag.Error || f.Code == diag.UnusedSuppression || f.Code == diag.WeakKey || !errors {
				out[said{f.Code, strings.ReplaceAll(f.Message, "\u00a0", " ")}]++
			}
		}
		return out
	}
	kinds := map[protocol.CodeActionKind]bool{}
	for _, m := range mendable(t) {
		t.Run(m.name, func(t *testing.T) {
			cfg := &configFile{path: root + "/inscribe.toml", text: m.config}
			if cfg.config, cfg.err = config.Parse(cfg.path, []byte(m.config)); cfg.err != nil {
				t.Fatal(cfg.err)
			}
			before := closedDocument(docURI, []byte(m.text), protocol.UTF16, cfg)
			for i := range before.program().Diagnostics {
				f := &before.program().Diagnostics[i]
				for _, a := range before.actions(f.Span) {
					kinds[a.kind] = true
					if a.about != f || a.kind != protocol.QuickFix {
						continue
					}
					text, _, skipped := fix.Apply(before.file().Text, []diag.Fix{{Edits: a.edits()}})
					after := closedDocument(docURI, []byte(text), protocol.UTF16, cfg)
					if k := (said{f.Code, strings.ReplaceAll(f.Message, "\u00a0", " ")}); len(skipped) > 0 || count(after, false)[k] >= count(before, false)[k] {
						t.Errorf("%q leaves %s: %s\n%s", a.title, f.Code, f.Message, text)
					}
					for k, n := range count(after, true) {
						// What a section or a keyword lacks is seen once it is one.
						opens := f.Code == diag.Syntax || f.Code == diag.UnknownSection || f.Code == diag.MisplacedKeyword || f.Code == diag.InvalidValue
						opens = opens && (k.code == diag.MissingKeyword || k.code == diag.WeakKey) ||
							f.Code == diag.Syntax && (k.code == diag.UnknownSection || k.code == diag.UndefinedField) || f.Code == diag.UnknownKeyword && k.code == diag.InvalidValue
						if n > count(before, true)[k] && !opens {
							t.Errorf("%q for %s (%s) makes %s: %s", a.title, f.Code, f.Message, k.code, k.text)
						}
					}
				}
			}
		})
	}
	announced := capabilities(&state{client: &protocol.ClientCapabilities{}}).CodeActionProvider.CodeActionKinds
	for _, kind := range announced {
		if !kinds[kind] {
			t.Errorf("actions of the kind %s are announced, and there is none", kind)
		}
	}
	if len(kinds) != len(announced) {
		t.Errorf("%v are announced, %v are there", announced, kinds)
	}
}
