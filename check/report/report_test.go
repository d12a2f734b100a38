package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/internal/golden"
)

// sample is a file for the golden tests.
type sample struct {
	name  string
	width int
	file  File
}

// at finds the nth place of a text in another, from 0.
func at(t testing.TB, text, find string, nth int) ast.Span {
	t.Helper()
	from := 0
	for ; ; nth-- {
		i := strings.Index(text[from:], find)
		if i < 0 {
			t.Fatalf("no %q", find)
		}
		if nth == 0 {
			return ast.Span{Start: from + i, End: from + i + len(find)}
		}
		from += i + len(find)
	}
}

func source(name, text string) *ast.File { return &ast.File{Name: name, Text: text} }

const canary = "CANARY73"

func samples(t testing.TB) []sample {
	var all []sample
	add := func(name string, width int, text string, secrets []ast.Span, ds ...diag.Diagnostic) {
		path := "cards/" + name + ".dsc"
		all = append(all, sample{name, width, File{path, source(path, text), ds, secrets}})
	}
	lf := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

	text := lf("[Fields]", "PIN=", "", "[Description]", "PIN=PIN", "ApplicationList=A", "", "[Application_A]", "KeySize=2048", "Location=Signature")
	add("undefined", 0, text, nil, diag.Diagnostic{
		Code: diag.UndefinedField, Severity: diag.Error, Span: at(t, text, "Signature", 0),
		Message: "no field is named Signature",
		Label:   "a bare word names a field",
		Help:    "write #Signature for the fixed text, or declare the field; a bare word that names no field stops the run at the station, after the card has been personalised half",
		Related: []diag.Label{{Span: at(t, text, "[Fields]", 0), Message: "fields are declared here"}},
		Fixes: []diag.Fix{
			{Title: "write the fixed text #Signature", Safe: true, Edits: []diag.Edit{{Span: at(t, text, "Signature", 0), NewText: "#Signature"}}},
			{Title: "declare the field Signature", Edits: []diag.Edit{{Span: ast.Span{Start: 14, End: 14}, NewText: "Signature=\n"}}},
		},
	})

	text = lf("[Description]", "PIN=A,B,C", "\tLabel\t=\tKarte  ")
	add("tabs", 0, text, nil, diag.Diagnostic{
		Code: diag.ConflictingKeywords, Severity: diag.Error, Span: at(t, text, "B", 0),
		Message: "one name is wanted", Label: "the second name",
		Related: []diag.Label{
			{Span: at(t, text, "A", 0), Message: "the first name"},
			{Span: at(t, text, "C", 0), Message: "the third name"},
		},
	}, diag.Diagnostic{
		Code: diag.TrailingBlank, Severity: diag.Warning, Span: at(t, text, "  ", 0),
		Message: "the blanks behind the value are dropped",
		Fixes:   []diag.Fix{{Title: "remove the blanks", Safe: true, Edits: []diag.Edit{{Span: at(t, text, "  ", 0)}}}},
	})

	text = lf("[Description]", "# 証明書 für Zoe\u0308 🙂", "InitialLabel=#証明書🙂 Zoe\u0308's card\u00a0A", "Label\x1b[31m=\u202ex\u2028")
	add("wide", 0, text, nil, diag.Diagnostic{
		Code: diag.InvalidValue, Severity: diag.Error, Span: at(t, text, "Zoe\u0308", 1),
		Message: "the label is longer than 32 bytes", Label: "byte 33 is here: ü 証",
		Related: []diag.Label{{Span: at(t, text, "🙂", 1), Message: "4 bytes"}},
	}, diag.Diagnostic{
		Code: diag.NoBreakSpace, Severity: diag.Warning, Span: at(t, text, "\u00a0", 0),
		Message: "a no-break space",
		Fixes:   []diag.Fix{{Title: "write a blank", Safe: true, Edits: []diag.Edit{{Span: at(t, text, "\u00a0", 0), NewText: " "}}}},
	}, diag.Diagnostic{
		Code: diag.Syntax, Severity: diag.Error, Span: at(t, text, "\u202ex", 0),
		Message: "Label\x1b[31m\nis no keyword",
	})

	text = lf("[Application_A]", "KeySize=2048", "Name=A", "", "[Application_A]", "KeySize=3072", "Name=B", "Subject=x", "Label=y", "CertTempl=z", "Location=#Signature")
	add("multiline", 0, text, nil, diag.Diagnostic{
		Code: diag.DuplicateSection, Severity: diag.Error, Span: ast.Span{Start: at(t, text, "[Application_A]", 1).Start, End: len(text)},
		Message: "section Application_A stands here twice", Label: "the second one",
		Related: []diag.Label{{Span: ast.Span{Start: 0, End: at(t, text, "\n\n", 0).Start}, Message: "the first one"}},
	}, diag.Diagnostic{
		Code: diag.Syntax, Severity: diag.Info, Span: ast.Span{Start: at(t, text, "2048", 0).Start, End: at(t, text, "Name", 0).End},
		Message: "a span from the middle of a line to the middle of the next", Label: "ends here",
	})

	text = lf("[Fields]", "PIN=", "", "[Description]", "# one", "PIN=PIN", "# two", "# three", "PIN=PIN", "SetPIN=true")
	add("labels", 0, text, nil, diag.Diagnostic{
		Code: diag.DuplicateKeyword, Severity: diag.Error, Span: at(t, text, "PIN=PIN", 1),
		Message: "PIN stands twice in [Description]", Label: "the second one wins at some stations",
		Related: []diag.Label{
			{Span: at(t, text, "PIN=PIN", 0), Message: "the first one"},
			{Span: at(t, text, "[Description]", 0), Message: "in this section"},
		},
		Fixes: []diag.Fix{{Title: "remove both and declare one", Edits: []diag.Edit{
			{Span: at(t, text, "PIN=PIN\n", 0)},
			{Span: at(t, text, "PIN=PIN\n", 1), NewText: "# the one\nPIN=PIN\n"},
			{Span: at(t, text, "true", 0), NewText: "false"},
		}}},
	})

	text = lf("[Encoding]", "Type=1024,Chip")
	add("eof", 0, text, nil, diag.Diagnostic{
		Code: diag.MissingSection, Severity: diag.Error, Span: ast.Span{Start: len(text), End: len(text)},
		Message: "there is no section [Description]", Label: "the file ends here",
		Fixes: []diag.Fix{{Title: "add the section", Safe: true, Edits: []diag.Edit{{Span: ast.Span{Start: len(text), End: len(text)}, NewText: "\n[Description]\n"}}}},
	})

	text = lf("[Description]", "# the old one was "+canary, "PIN=#"+canary+" # and more", "PUK=#12", "SetPIN=true")
	add("secret", 0, text, []ast.Span{at(t, text, canary, 1), at(t, text, "12", 0)}, diag.Diagnostic{
		Code: diag.CommentMark, Severity: diag.Hint, Span: at(t, text, "# the old one was "+canary, 0),
		Message: "a comment that says much", Label: "such as " + canary,
	}, diag.Diagnostic{
		Code: diag.LiteralSecret, Severity: diag.Warning, Span: at(t, text, canary, 1),
		Message: "the PIN stands in the file: " + canary, Label: "everyone who reads the file knows " + canary,
		Help:    "declare a field; " + canary + " should be changed",
		Related: []diag.Label{{Span: at(t, text, "more", 0), Message: "not " + canary}},
		Fixes: []diag.Fix{
			{Title: "declare a field for " + canary, Edits: []diag.Edit{
				{Span: at(t, text, "#"+canary, 0), NewText: "PIN_FIELD"},
				{Span: ast.Span{}, NewText: "[Fields]\nPIN_FIELD=\n\n"},
			}},
			{Title: "quote it", Edits: []diag.Edit{{Span: at(t, text, "#"+canary+" # and more", 0), NewText: "#\"" + canary + "\""}}},
			{Title: "join it", Edits: []diag.Edit{{Span: at(t, text, " # and", 0), NewText: "_"}}},
		},
	}, diag.Diagnostic{
		Code: diag.InvalidValue, Severity: diag.Error, Span: at(t, text, "12", 0),
		Message: "the PUK 12 is too short, 8712 is not", Label: "less than 8 characters",
	})

	text = "[Description]\r\nSetPIN=perhaps\r\n\r\n; old comment\r\n"
	add("crlf", 0, text, nil, diag.Diagnostic{
		Code: diag.InvalidValue, Severity: diag.Error, Span: at(t, text, "perhaps", 0),
		Message: "SetPIN wants true or false",
		Fixes: []diag.Fix{{Title: "write true", Edits: []diag.Edit{
			{Span: at(t, text, "perhaps", 0), NewText: "true"},
			{Span: at(t, text, "; old comment\r\n", 0), NewText: "# old comment\r\n# new comment\r\n"},
		}}},
	}, diag.Diagnostic{
		Code: diag.MissingKeyword, Severity: diag.Error, Span: at(t, text, "\r\n", 1),
		Message: "a keyword is missing at the line end", Label: "here",
	})

	text = lf("[Description]", "AttributesDataObject="+strings.Repeat("CKA_PRIVATE=TRUE,", 6)+"CKA_BOGUS=1,"+strings.Repeat("CKA_MODIFIABLE=FALSE,", 6)+"CKA_LABEL=\"x\"", "SetPIN=true")
	add("long", 60, text, nil, diag.Diagnostic{
		Code: diag.InvalidValue, Severity: diag.Error, Span: at(t, text, "CKA_BOGUS", 0),
		Message: "no attribute is named CKA_BOGUS", Label: "not in PKCS#11 3.1",
		Help:    "the attributes of a data object are those of its class, and of the classes above it",
		Related: []diag.Label{{Span: at(t, text, "AttributesDataObject", 0), Message: "a list of attributes"}},
		Fixes:   []diag.Fix{{Title: "remove it", Edits: []diag.Edit{{Span: at(t, text, "CKA_BOGUS=1,", 0)}}}},
	}, diag.Diagnostic{
		Code: diag.DuplicateKeyword, Severity: diag.Warning, Span: at(t, text, "CKA_LABEL", 0),
		Message: "the label is given by LabelExpressionDataObject", Label: "drop this one, or else drop the expression",
	})

	all = append(all, sample{"clean", 0, File{Path: "cards/clean.dsc", Source: source("clean", lf("[Description]"))}})
	all = append(all, sample{"bare", 0, File{Path: `odd, 100%: "x"&.dsc`, Diagnostics: []diag.Diagnostic{
		{Code: diag.Internal, Severity: diag.Error, Message: "the check of\n50%, or so, failed", Help: "report it"},
	}}})
	return all
}

func render(t testing.TB, format Format, o Options, files ...File) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, files, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func docs(c diag.Code) string { return "https://example.org/rules/" + string(c) }

func TestText(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			got := render(t, Text, Options{Width: s.width}, s.file)
			golden.Is(t, "testdata/"+s.name+".txt", got)
			for line := range strings.Lines(got) {
				line = strings.TrimSuffix(line, "\n")
				if strings.TrimRight(line, " ") != line {
					t.Errorf("blanks at the end of %q", line)
				}
				if s.width > 0 && columns(line) > s.width && !strings.Contains(line, "]: ") { // headlines stay whole
					t.Errorf("%d columns in %q", columns(line), line)
				}
			}
		})
	}
}

func TestTextColored(t *testing.T) {
	for _, s := range samples(t) {
		if s.name == "undefined" || s.name == "multiline" {
			golden.Is(t, "testdata/"+s.name+".ansi", render(t, Text, Options{Color: true}, s.file))
		}
		plainly := render(t, Text, Options{Width: s.width}, s.file)
		colored := render(t, Text, Options{Width: s.width, Color: true}, s.file)
		if diff := cmp.Diff(plainly, sgr.ReplaceAllString(colored, "")); diff != "" {
			t.Errorf("%s: colour changes the text:\n%s", s.name, diff)
		}
	}
}

func TestMachineFormats(t *testing.T) {
	var files []File
	for _, s := range samples(t) {
		files = append(files, s.file)
	}
	for _, format := range formats[1:] {
		t.Run(string(format), func(t *testing.T) {
			golden.Is(t, "testdata/"+"all."+string(format), render(t, format, Options{Version: "1.2.3", DocsURL: docs, Color: true}, files...))
		})
	}
}

func TestNoFiles(t *testing.T) {
	for format, want := range map[Format]string{
		Text:    "0 files checked: no findings\n",
		Compact: "",
		GitHub:  "",
	} {
		if got := render(t, format, Options{}); got != want {
			t.Errorf("%s: got %q", format, got)
		}
	}
}

func TestOffIsLeftOut(t *testing.T) {
	f := File{Path: "x", Source: source("x", "a"), Diagnostics: []diag.Diagnostic{{Code: diag.Syntax, Severity: diag.Off, Message: "hush"}}}
	for _, format := range formats {
		if got := render(t, format, Options{}, f); strings.Contains(got, "hush") {
			t.Errorf("%s: got %s", format, got)
		}
	}
}

func TestInputIsKept(t *testing.T) {
	for _, s := range samples(t) {
		for _, format := range formats {
			render(t, format, Options{}, s.file)
		}
		for _, again := range samples(t) {
			if again.name != s.name {
				continue
			}
			if diff := cmp.Diff(again.file.Diagnostics, s.file.Diagnostics); diff != "" {
				t.Errorf("%s changed:\n%s", s.name, diff)
			}
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range formats {
		if got, err := ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("%s: got %q, %v", f, got, err)
		}
	}
	const want = `unknown format "yaml": use text, compact, json, sarif, github or junit`
	if _, err := ParseFormat("yaml"); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := Write(&bytes.Buffer{}, "yaml", nil, Options{}); err == nil {
		t.Error("Write took a format that there is not")
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriterFails(t *testing.T) {
	for _, format := range formats {
		if err := Write(brokenWriter{}, format, []File{{Path: "x"}}, Options{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v", format, err)
		}
	}
}
