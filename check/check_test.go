package check

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/config"
	"inscribe/grammar"
	"inscribe/internal/golden"
)

func load(t testing.TB, path string) *Program {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Check(grammar.Parse(filepath.Base(path), raw), nil)
}

func check(text string) *Program { return Check(grammar.Parse("x.dsc", []byte(text)), nil) }

func describe(p *Program) string {
	var b strings.Builder
	for _, d := range p.Diagnostics {
		from, to := p.File.Position(d.Span.Start), p.File.Position(d.Span.End)
		fmt.Fprintf(&b, "%d:%d-%d:%d %s %s: %s\n", from.Line, from.Column, to.Line, to.Column, d.Severity, d.Code, d.Message)
		if d.Label != "" {
			fmt.Fprintf(&b, "    label: %s\n", d.Label)
		}
		if d.Help != "" {
			fmt.Fprintf(&b, "    help: %s\n", d.Help)
		}
		for _, r := range d.Related {
			at := p.File.Position(r.Span.Start)
			fmt.Fprintf(&b, "    related: %d:%d %s\n", at.Line, at.Column, r.Message)
		}
		for _, f := range d.Fixes {
			fmt.Fprintf(&b, "    fix: %s\n", f.Title)
		}
	}
	return b.String()
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("no files for %s: %v", pattern, err)
	}
	return found
}

func TestGolden(t *testing.T) {
	for _, path := range files(t, "../testdata/check/*.dsc") {
		got := describe(load(t, path))
		golden.Is(t, strings.TrimSuffix(path, ".dsc")+".golden", got)
	}
}

// TestPublishedExamples holds the contract: none of the vendor's examples is an
// error, and only secrets that are written into the file are warnings.
func TestPublishedExamples(t *testing.T) {
	for _, path := range files(t, "../testdata/examples/*.dsc") {
		for _, d := range load(t, path).Diagnostics {
			if d.Severity == diag.Error || d.Severity == diag.Warning && d.Code != diag.LiteralSecret {
				t.Errorf("%s: %s %s: %s", filepath.Base(path), d.Severity, d.Code, d.Message)
			}
		}
	}
}

// apply makes the edits of a fix.
func apply(text string, f diag.Fix) string {
	edits := slices.Clone(f.Edits)
	slices.SortFunc(edits, func(a, b diag.Edit) int { return b.Span.Start - a.Span.Start })
	for _, e := range edits {
		text = text[:e.Span.Start] + e.NewText + text[e.Span.End:]
	}
	return text
}

// TestFixesMend applies every fix of every finding: the finding must be gone,
// and no new error may appear at its line.
func TestFixesMend(t *testing.T) {
	paths := append(files(t, "../testdata/check/*.dsc"), files(t, "../testdata/examples/*.dsc")...)
	for _, path := range paths {
		p := load(t, path)
		for _, d := range p.Diagnostics {
			for _, f := range d.Fixes {
				after := check(apply(p.File.Text, f))
				if count(after, d.Code, d.Message) >= count(p, d.Code, d.Message) {
					t.Errorf("%s: the fix %q of %s (%s) leaves it as it is", filepath.Base(path), f.Title, d.Code, d.Message)
				}
			}
		}
	}
}

func count(p *Program, code diag.Code, message string) int {
	n := 0
	for _, d := range p.Diagnostics {
		if d.Code == code && d.Message == message {
			n++
		}
	}
	return n
}

func TestSafeFixesChangeNoMeaning(t *testing.T) {
	p := load(t, "../testdata/check/odd.dsc")
	safe := 0
	for _, d := range p.Diagnostics {
		for _, f := range d.Fixes {
			if f.Safe {
				safe++
				after := check(apply(p.File.Text, f))
				if len(after.Description.Settings) != len(p.Description.Settings) || len(after.Fields) != len(p.Fields) {
					t.Errorf("the safe fix %q changes what is understood", f.Title)
				}
			}
		}
	}
	if safe < 3 {
		t.Errorf("only %d safe fixes in the odd file", safe)
	}
}

func TestSeverityAndKeywordsOfAProject(t *testing.T) {
	cfg, err := config.Parse("inscribe.toml", []byte("[severity]\nunused-field = \"error\"\nweak-key = \"off\"\n[[keyword]]\nname = \"Template\"\nsection = \"Application\"\nlike = \"CertTempl\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	text := "[Encoding]\nType=1024,Chip\n[Fields]\nPIN=\nX=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=A\n[Application_A]\nKeySize=1024\nTemplate=t\n"
	p := Check(grammar.Parse("x.dsc", []byte(text)), cfg)
	if got, want := describe(p), "5:1-5:2 error unused-field: nothing uses the field X\n    fix: remove the field\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if len(p.Applications) != 1 || p.Applications[0].Get("CertTempl").Value.Text != "t" {
		t.Error("the synonym does not mean CertTempl")
	}
}

// TestNoDiagnosticHoldsASecret puts a canary wherever a secret can stand.
func TestNoDiagnosticHoldsASecret(t *testing.T) {
	const canary = "97531864"
	for _, line := range []string{"PIN=#" + canary, "PIN=" + canary, "PNI=#" + canary, "PUK #" + canary, "InitialPUK=#" + canary,
		"SignPIN=" + canary, "[PIN=" + canary, "InitialPUK = #" + canary + " ", "PIN=!" + canary, "PIN=!" + canary + "_FIELD", "CardManagerKey=#" + canary,
		"; PIN=#" + canary, "# PIN = #" + canary, ";;SignPUK=" + canary, "  #InitialPUK=#" + canary + "  ", "; InitialPUK =\t" + canary} {
		p := check("[Fields]\n[Description]\nPKCS11Library=x.dll\nSetPIN=true\n" + line + "\nPIN_Validation=reg_exp(x)\n")
		for _, d := range p.Diagnostics {
			if strings.Contains(fmt.Sprintf("%+v", d), canary) {
				t.Errorf("%s: %s shows the secret: %+v", line, d.Code, d)
			}
		}
		for _, d := range check("[Description]\nPKCS11Library=x.dll\n[Application_A]\n" + line + "\n").Diagnostics {
			if strings.Contains(fmt.Sprintf("%+v", d), canary) {
				t.Errorf("%s in an application: %s shows the secret: %+v", line, d.Code, d)
			}
		}
		masked := []byte(p.File.Text)
		for _, s := range p.Secrets {
			for i := s.Start; i < s.End; i++ {
				masked[i] = '*'
			}
		}
		if strings.Contains(string(masked), canary) {
			t.Errorf("%s: a snippet would show the secret:\n%s", line, masked)
		}
	}
	// What was commented out and is no secret stays to be read.
	for line, want := range map[string]string{"; PIN=PIN_FIELD": "", "# KeySize=2048": "", "; PIN=": "", "# a PIN is = a number": "", "# inscribe:ignore pin-missing x=y": "",
		"; PIN=!": "!", "; PIN=!FROM_USER_DIALOG_1_FIELD": "", "; PIN=#47110": "47110", "; PIN_FIELD=\"47110\"": "\"47110\""} {
		p, got := check("[Fields]\n"+line+"\n[Description]\n"), ""
		if !strings.Contains(line, "_FIELD=") {
			p = check("[Description]\n" + line + "\n")
		}
		for _, s := range p.Secrets {
			got += p.File.Slice(s)
		}
		if got != want {
			t.Errorf("%s: masks %q, want %q", line, got, want)
		}
	}
}

// TestEveryCodeIsReported holds the table of codes against the rules: each code
// is one that some rule reports, and the golden files or the pages show it.
func TestEveryCodeIsReported(t *testing.T) {
	reported := codes()
	for _, r := range diag.Rules {
		if r.Code != diag.Internal && !slices.Contains(reported, r.Code) {
			t.Errorf("no rule reports %s", r.Code)
		}
	}
	for _, c := range reported {
		if _, ok := diag.Lookup(c); !ok {
			t.Errorf("%s is in no table", c)
		}
	}
}

// TestCodesOfAComment: codes stand in a list, with blanks or without, and one that is
// of no use goes without the others.
func TestCodesOfAComment(t *testing.T) {
	const head, tail = "[Encoding]\nType=1024,Chip\n[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=A\n[Application_A]\nCertTempl=t\n", "\nKeySize=1024\n"
	for comment, want := range map[string]struct{ says, fixed string }{
		"# inscribe:ignore weak-key old":              {},
		"# inscribe:ignore weak-key, the readers":     {"there is no code the", "# inscribe:ignore weak-key readers"},
		"# inscribe:ignore same-pin, weak-key old":    {"there is no same-pin to suppress", "# inscribe:ignore weak-key old"},
		"# inscribe:ignore same-pin ,weak-key":        {"there is no same-pin to suppress", "# inscribe:ignore weak-key"},
		"# inscribe:ignore weak-key,same-pin, x, y z": {"there is no same-pin to suppress", "# inscribe:ignore weak-key, x, y z"},
		"# inscribe:ignore weak-key, ":                {},
		"# inscribe:ignore":                           {"the comment names no code to suppress", ""},
	} {
		var found []diag.Diagnostic
		text := head + comment + tail
		for _, d := range check(text).Diagnostics {
			if d.Code == diag.UnusedSuppression {
				found = append(found, d)
			} else if d.Code != diag.TrailingBlank && comment != "# inscribe:ignore" {
				t.Errorf("%s: %s", comment, d.Message)
			}
		}
		if len(found) == 0 || want.says == "" {
			if len(found) > 0 || want.says != "" {
				t.Errorf("%s: %v", comment, found)
			}
			continue
		}
		if !strings.HasPrefix(found[0].Message, want.says) {
			t.Errorf("%s: %s", comment, found[0].Message)
		}
		fixed := want.fixed
		if fixed != "" {
			fixed += "\n"
		}
		if got := apply(text, found[0].Fixes[0]); got != head+fixed+strings.TrimPrefix(tail, "\n") {
			t.Errorf("%s: the fix leaves\n%s", comment, got)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"../testdata/check/*.dsc", "../testdata/examples/*.dsc"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := Check(grammar.Parse("x.dsc", raw), nil)
		inside := func(s ast.Span) bool { return 0 <= s.Start && s.Start <= s.End && s.End <= len(p.File.Text) }
		for _, d := range p.Diagnostics {
			if !inside(d.Span) || d.Message == "" {
				t.Fatalf("%q: %+v", raw, d)
			}
			for _, fix := range d.Fixes {
				for _, e := range fix.Edits {
					if !inside(e.Span) {
						t.Fatalf("%q: the fix %q edits outside: %+v", raw, fix.Title, e)
					}
				}
			}
		}
		for _, s := range p.Secrets {
			if !inside(s) {
				t.Fatalf("%q: secret at %+v", raw, s)
			}
		}
		if !reflect.DeepEqual(*noDetails, Details{}) {
			t.Fatalf("%q: values without details have %+v", raw, *noDetails)
		}
	})
}

// TestFindingsStay: where findings are collected is used again, and those of a
// program are its own.
func TestFindingsStay(t *testing.T) {
	one, other := "[Description]\nPIN=NONE\n", "[Fields]\nA=\nB=\n=\n[Description]\nX=1\n"
	want := fmt.Sprintf("%+v", check(one).Diagnostics)
	p := check(one)
	check(other)
	if got := fmt.Sprintf("%+v", p.Diagnostics); got != want {
		t.Errorf("after another check\n%s\nwere\n%s", got, want)
	}
}

// TestSilencedErrorsStillBlock: a comment or the configuration may silence an
// error for the linter; the planner could only crash on it, or break the policy.
func TestSilencedErrorsStillBlock(t *testing.T) {
	text := "[Encoding]\nType=1024,Chip\n[Fields]\n[Description]\nPKCS11Library=x.dll\nSetPIN=true\nInitialPUK=!FROM\n# inscribe:ignore undefined-field later\nPIN=PIN_FIELD\n"
	p := check(strings.Replace(text, "InitialPUK=!FROM\n", "", 1))
	for _, d := range p.Diagnostics {
		if d.Code == diag.UndefinedField {
			t.Error("the comment does not silence it")
		}
	}
	if !p.Errors() || len(p.Blocking) == 0 {
		t.Error("a silenced undefined field does not block")
	}
	cfg, err := config.Parse("inscribe.toml", []byte("[severity]\nundefined-field = \"off\"\nmissing-keyword = \"off\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	q := Check(grammar.Parse("x.dsc", []byte("[Encoding]\nType=1024,Chip\n[Description]\nPKCS11Library=x.dll\nPIN=NOWHERE\n")), cfg)
	if errors, _ := diag.Count(q.Diagnostics); errors != 0 || !q.Errors() {
		t.Errorf("%d errors shown, blocked: %v", errors, q.Errors())
	}
}

// TestTemplatesUseFields: a field that only a template of inscribe.toml takes is
// used, and a secret one leaks; in another case it is the same field, with a warning.
func TestTemplatesUseFields(t *testing.T) {
	text := "[Encoding]\nType=1024,Chip\n[Fields]\nPIN=\nNAME=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=A\n[Application_A]\nECCurve=P-256\nCertTempl=t\n"
	for subject, want := range map[string]string{"CN={NAME}": "", "CN={name}": "field-case", "CN={nmae}": "undefined-field", "CN=x": "unused-field", "CN={NAME},serialNumber={PIN}": "secret-leak"} {
		cfg, err := config.Parse("inscribe.toml", []byte("[certificate.t]\nsubject = \""+subject+"\"\nkey-usage = [\"digitalSignature\"]\n"))
		if err != nil {
			t.Fatal(err)
		}
		got := describe(Check(grammar.Parse("x.dsc", []byte(text)), cfg))
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s gives %q, want %q", subject, got, want)
		}
	}
}

// TestDuplicatesInLongSections has more lines than are compared one by one.
func TestDuplicatesInLongSections(t *testing.T) {
	for _, n := range []int{2, mostFew - 1, mostFew, mostFew + 1, 3 * mostFew} {
		var b strings.Builder
		b.WriteString("[Description]\nPIN=x\n[Fields]\n")
		for i := range n {
			fmt.Fprintf(&b, "F%d=\n", i)
		}
		for i := range n {
			fmt.Fprintf(&b, "F%d=\n", i)
		}
		var found, first int
		p := Check(grammar.ParseText("x.dsc", b.String()), nil)
		for _, d := range p.Diagnostics {
			if d.Code == diag.DuplicateField {
				found++
				if p.File.Slice(d.Related[0].Span) == p.File.Slice(d.Span) && d.Related[0].Span.Start < d.Span.Start {
					first++
				}
			}
		}
		if found != n || first != n {
			t.Errorf("%d fields twice: %d findings, %d with the first place", n, found, first)
		}
	}
}

// TestManyUnknownWordsTakeNoTime checks what would take minutes if each word were
// compared with each other one.
func TestManyUnknownWordsTakeNoTime(t *testing.T) {
	var b strings.Builder
	b.WriteString("[Fields]\n")
	for i := range 1500 {
		fmt.Fprintf(&b, "FIELD_NUMBER_%d=\n", i)
	}
	b.WriteString("[Description]\nApplicationList=")
	for i := range 20000 {
		b.WriteRune(rune(0x4e00 + i))
	}
	for i := range 20000 {
		fmt.Fprintf(&b, "\n[Aplication_%d]\n[Application_%c]\nLocation=FIELD_NUMBRE_%d\nUnknown_%d=#x", i, rune(0x4e00+i), i, i)
	}
	for range 20000 {
		b.WriteString("\n# inscribe:ignore weak-key no reason\nKeySize=1024")
	}
	begin := time.Now()
	p := Check(grammar.ParseText("x.dsc", b.String()), nil)
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
	if len(p.Diagnostics) < 60000 {
		t.Errorf("%d findings", len(p.Diagnostics))
	}
	t.Log(time.Since(begin))
}

// TestLetters has what can stand for an application, wherever it is asked for.
func TestLetters(t *testing.T) {
	for text, want := range map[string]bool{"A": true, "1": true, "ä": true, "+": true, "🔑": true, "": false, "AB": false, ",": false, " ": false, "\u00a0": false, "\u200b": false, "\t": false, "]": false} {
		if Letter(text) != want {
			t.Errorf("%q is a letter: %v", text, !want)
		}
	}
	const head = "[Encoding]\nType=1024,Chip\nDevices=8710\n[Description]\nPKCS11Library=x.dll\nApplicationList="
	for text, want := range map[string]string{
		head + "Ä\n[Aplication_Ä]\n":  "fix: write [Application_Ä]",
		head + "A\n[Application_;]\n": "none that parts letters",
		head + "A\n[Application_+]\n": "fix: add + to the list",
	} {
		if got := describe(check(text)); !strings.Contains(got, want) {
			t.Errorf("%q: %q is not in\n%s", text, want, got)
		}
	}
}
