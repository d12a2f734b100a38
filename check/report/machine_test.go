package report

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"

	"inscribe/ast"
	"inscribe/ast/diag"
)

func decode(t *testing.T, text string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatal("more than one value")
	}
}

func allFiles(t testing.TB) []File {
	var files []File
	for _, s := range samples(t) {
		files = append(files, s.file)
	}
	return files
}

// TestJSONShape decodes into the documented shape, written down a second time.
func TestJSONShape(t *testing.T) {
	var got struct {
		Version     int
		Diagnostics []struct {
			File                             string
			Line, Column, EndLine, EndColumn int
			Severity, Code, Message, Help    string
			Related                          []struct {
				Line, Column int
				Message      string
			}
			Fixes []struct {
				Title string
				Edits []struct {
					Line, Column, EndLine, EndColumn int
					NewText                          string
				}
			}
			URL string
		}
		Summary struct{ Files, Errors, Warnings int }
	}
	files := allFiles(t)
	text := render(t, JSON, Options{DocsURL: docs}, files...)
	decode(t, text, &got)
	if strings.Contains(text, "null") {
		t.Error("null in the output")
	}
	if got.Version != 1 || got.Summary.Files != len(files) || got.Summary.Errors == 0 || got.Summary.Warnings == 0 {
		t.Errorf("got version %d, summary %+v", got.Version, got.Summary)
	}
	for _, d := range got.Diagnostics {
		if d.Line < 1 || d.Column < 1 || d.EndLine < d.Line || d.EndLine == d.Line && d.EndColumn < d.Column {
			t.Errorf("bad range: %+v", d)
		}
		if d.Related == nil || d.Fixes == nil || d.URL != docs(diag.Code(d.Code)) {
			t.Errorf("incomplete: %+v", d)
		}
	}
	const empty = `{
  "version": 1,
  "diagnostics": [],
  "summary": {
    "files": 0,
    "errors": 0,
    "warnings": 0
  }
}
`
	if got := render(t, JSON, Options{}); got != empty {
		t.Errorf("no files: %s", got)
	}
}

func TestColumnsAreCharacters(t *testing.T) {
	const text = "[D]\nä🙂e\u0301x=1\n"
	f := File{Path: "x", Source: source("x", text), Diagnostics: []diag.Diagnostic{{Code: diag.Syntax, Span: at(t, text, "x", 0), Message: "m"}}}
	if got := render(t, Compact, Options{}, f); got != "x:2:5: error: m [syntax]\n" {
		t.Errorf("got %s", got)
	}
}

// The rules of SARIF 2.1.0 that a consumer relies on.
func TestSARIFStructure(t *testing.T) {
	files := allFiles(t)
	files = append(files, File{Path: "/abs/ä b#?.dsc", Source: source("x", "x"), Diagnostics: []diag.Diagnostic{
		{Code: "not-in-the-table", Severity: diag.Hint, Message: "m", Fixes: []diag.Fix{{Title: "no edits"}}},
	}})
	text := render(t, SARIF, Options{DocsURL: docs}, files...)
	var log sarifLog
	decode(t, text, &log)
	if log.Version != "2.1.0" || !strings.HasSuffix(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatalf("got version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name != "Inscribe" || run.ColumnKind != "unicodeCodePoints" {
		t.Errorf("got driver %q, column kind %q", run.Tool.Driver.Name, run.ColumnKind)
	}
	levels := []string{"error", "warning", "note", "none"}
	has := func(list []string, s string) bool { return strings.Contains(strings.Join(list, " "), s) && s != "" }
	ids := map[string]bool{}
	for _, r := range run.Tool.Driver.Rules {
		if r.ID == "" || ids[r.ID] || r.ShortDescription.Text == "" || r.HelpURI == "" || !has(levels, r.Default.Level) {
			t.Errorf("bad rule: %+v", r)
		}
		ids[r.ID] = true
	}
	region := func(r sarifRegion) {
		t.Helper()
		if r.StartLine < 1 || r.StartColumn < 1 || r.EndLine < r.StartLine || r.EndColumn < 1 ||
			r.EndLine == r.StartLine && r.EndColumn < r.StartColumn {
			t.Errorf("bad region: %+v", r)
		}
	}
	uri := regexp.MustCompile(`^(file:///)?[!-~]+$`)
	physical := func(p sarifPhysical) {
		t.Helper()
		region(p.Region)
		if !uri.MatchString(p.Artifact.URI) {
			t.Errorf("bad URI %q", p.Artifact.URI)
		}
	}
	prints := map[string]bool{}
	for _, r := range run.Results {
		if r.RuleIndex < 0 || r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule %q has index %d", r.RuleID, r.RuleIndex)
		}
		if !has(levels[:3], r.Level) || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("bad result: %+v", r)
		}
		physical(r.Locations[0].Physical)
		for i, l := range r.Related {
			physical(l.Physical)
			if l.ID != i+1 || l.Message == nil {
				t.Errorf("bad related location: %+v", l)
			}
		}
		for _, f := range r.Fixes {
			if f.Description.Text == "" || len(f.Changes) == 0 {
				t.Errorf("bad fix: %+v", f)
			}
			for _, c := range f.Changes {
				if c.Artifact != r.Locations[0].Physical.Artifact || len(c.Replacements) == 0 {
					t.Errorf("bad change: %+v", c)
				}
				for _, e := range c.Replacements {
					region(e.Deleted)
				}
			}
		}
		for _, p := range r.Fingerprints {
			key := r.Locations[0].Physical.Artifact.URI + p
			if prints[key] {
				t.Errorf("fingerprint %s twice in one file", p)
			}
			prints[key] = true
		}
	}
	if len(prints) != len(run.Results) {
		t.Errorf("%d fingerprints for %d results", len(prints), len(run.Results))
	}
}

func fingerprints(t *testing.T, f File) []string {
	t.Helper()
	var log sarifLog
	decode(t, render(t, SARIF, Options{}, f), &log)
	var out []string
	for _, r := range log.Runs[0].Results {
		out = append(out, r.Fingerprints["inscribe/v1"])
	}
	return out
}

func TestFingerprints(t *testing.T) {
	file := func(text, find string, secret bool) File {
		f := File{Path: "x", Source: source("x", text)}
		for i := range strings.Count(text, find) {
			f.Diagnostics = append(f.Diagnostics, diag.Diagnostic{Code: diag.LiteralSecret, Span: at(t, text, find, i), Message: "m"})
		}
		if secret {
			f.Secrets = []ast.Span{at(t, text, find, 0)}
		}
		return f
	}
	one := fingerprints(t, file("[D]\nPIN=#abcd\n", "abcd", false))
	moved := fingerprints(t, file("# new\n[D]\n  PIN=#abcd  \nPIN=#abcd\n", "abcd", false))
	if one[0] != moved[0] {
		t.Error("a moved line has another fingerprint")
	}
	if moved[0] == moved[1] {
		t.Error("two findings share a fingerprint")
	}
	a := fingerprints(t, file("PIN=#1234", "1234", true))
	b := fingerprints(t, file("PIN=#87654321", "87654321", true))
	if a[0] != b[0] {
		t.Error("the fingerprint depends on a secret")
	}
}

func TestFileURI(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.dsc":   "a/b.dsc",
		"a b%#?ä":   "a%20b%25%23%3F%C3%A4",
		"/a/b.dsc":  "file:///a/b.dsc",
		"x:y.dsc":   "./x:y.dsc",
		"e\x1b.dsc": "e%1B.dsc",
	} {
		if got := fileURI(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestJUnitIsXML(t *testing.T) {
	text := "[D]\nx<&>\"'\x00\x08\uFFFE]]>=1\n"
	f := File{Path: "a<&\x01>", Source: source("x", text), Diagnostics: []diag.Diagnostic{
		{Code: diag.Syntax, Span: at(t, text, "x<", 0), Message: "bad \x00 \uFFFF ]]> <&>\n"},
	}}
	var got junitReport
	out := render(t, JUnit, Options{}, f)
	if err := xml.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if got.Tests != 1 || got.Failures != 1 || len(got.Suites) != 1 || got.Suites[0].Cases[0].Failure == nil {
		t.Errorf("got %+v", got)
	}
}

func TestGitHubEscapes(t *testing.T) {
	f := File{Path: "a:b,c%d\n", Diagnostics: []diag.Diagnostic{{Code: diag.Syntax, Severity: diag.Hint, Message: "50%, a:b\r\n::stop::"}}}
	const want = "::notice file=a%3Ab%2Cc%25d%0A,line=1,endLine=1,col=1,endColumn=1,title=syntax::50%25, a:b%0D%0A::stop::\n"
	if got := render(t, GitHub, Options{}, f); got != want {
		t.Errorf("got %s", got)
	}
}
