package format_test

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/config"
	"inscribe/check/fix"
	"inscribe/check/format"
	"inscribe/check/schema"
	"inscribe/grammar"
	"inscribe/internal/golden"
	"inscribe/plan"
)

func formatted(text string) string {
	return format.Format(grammar.ParseText("x.dsc", text), schema.Builtin)
}

func samples(t testing.TB) map[string][]byte {
	out := map[string][]byte{}
	for _, pattern := range []string{"fmt/*.dsc", "check/*.dsc", "examples/*.dsc"} {
		paths, err := filepath.Glob("../../testdata/" + pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files for %s: %v", pattern, err)
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out[path] = raw
		}
	}
	return out
}

func TestGolden(t *testing.T) {
	for path, raw := range samples(t) {
		if filepath.Base(filepath.Dir(path)) != "fmt" {
			continue
		}
		got := format.Format(grammar.Parse(path, raw), schema.Builtin)
		golden.Is(t, strings.TrimSuffix(path, ".dsc")+".golden", got)
	}
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"values are kept":          {"[Description]\npin_validation = reg_exp( a = b )\n", "[Description]\nPIN_Validation=reg_exp( a = b )\n"},
		"quotes are kept":          {"[Fields]\nX = \"  a  \" \n", "[Fields]\nX=\"  a  \"\n"},
		"field names are kept":     {"[fields]\npin=\nkeysize=\n", "[Fields]\npin=\nkeysize=\n"},
		"elsewhere is not here":    {"[Description]\nkeysize=1\n", "[Description]\nkeysize=1\n"},
		"letters are kept":         {"[APPLICATION_b]\n", "[Application_b]\n"},
		"last line without end":    {"[Fields]\nX=", "[Fields]\nX=\n"},
		"encrypted without end":    {"[Fields]\n^x ", "[Fields]\n^x \n"},
		"indented hat":             {"[Fields]\n\t ^x = 1\n", "[Fields]\n ^x=1\n"},
		"comment of blanks":        {"#  \u00a0\n", "#\n"},
		"semicolon within":         {"; a ; b\n", "# a ; b\n"},
		"comment belongs to below": {"[Fields]\nX=\n# c\n[Description]\n", "[Fields]\nX=\n\n# c\n[Description]\n"},
		"comment belongs to above": {"[Fields]\nX=\n# c\n\n[Description]\n", "[Fields]\nX=\n# c\n\n[Description]\n"},
		"two comments":             {"[Fields]\nX=\n\n# a\n\n# b\n[Description]\n", "[Fields]\nX=\n\n# a\n\n# b\n[Description]\n"},
		"below the header":         {"[Fields]\n\n\n# a\n\nX=\n", "[Fields]\n# a\n\nX=\n"},
		"only blanks":              {" \n\n", ""},
		"carriage returns":         {"[Fields]\r\rX = 1\r\n", "[Fields]\rX=1\r"},
	} {
		if got := formatted(c.in); got != c.want {
			t.Errorf("%s: %q became %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestKeywordsOfAProject(t *testing.T) {
	cfg, err := config.Parse("inscribe.toml", []byte("[[keyword]]\nname = \"VendorWord\"\nsection = \"Description\"\nkind = \"text\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	f := grammar.ParseText("x.dsc", "[Description]\nvendorword = x\n")
	if got, want := format.Format(f, cfg.Table()), "[Description]\nVendorWord=x\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSuppressionsStillApply(t *testing.T) {
	text := "[Encoding]\nType=1024,Chip\nDevices=8710\n[Description]\n\npkcs11library=x.dll\n  # inscribe:ignore literal-secret a test card\n  pin = #1234\n# inscribe:ignore unlisted-application for later\n[Application_A]\n"
	for _, text := range []string{text, formatted(text)} {
		for _, d := range check.Check(grammar.ParseText("x.dsc", text), nil).Diagnostics {
			if d.Code == diag.LiteralSecret || d.Code == diag.UnlistedApplication || d.Code == diag.UnusedSuppression {
				t.Errorf("%q: %s: %s", text, d.Code, d.Message)
			}
		}
	}
}

func TestRange(t *testing.T) {
	text := "[fields]\n\n\nX = 1\nY = 2\nZ = 3"
	f := grammar.ParseText("x.dsc", text)
	at := strings.Index(text, "Y")
	for name, c := range map[string]struct {
		span ast.Span
		want string
	}{
		"a cursor":       {ast.Span{Start: at, End: at}, strings.Replace(text, "Y = 2", "Y=2", 1)},
		"a whole line":   {ast.Span{Start: at, End: at + len("Y = 2\n")}, strings.Replace(text, "Y = 2", "Y=2", 1)},
		"blank lines":    {ast.Span{Start: 9, End: 10}, strings.Replace(text, "\n\n\n", "\n", 1)},
		"all":            {ast.Span{Start: 0, End: len(text)}, formatted(text)},
		"the end":        {ast.Span{Start: len(text), End: len(text)}, strings.Replace(text, "Z = 3", "Z=3\n", 1)},
		"the first line": {ast.Span{Start: 0, End: 8}, strings.Replace(text, "fields", "Fields", 1)},
	} {
		got, _, skipped := fix.Apply(text, fixes(format.FormatRange(f, schema.Builtin, c.span)))
		if got != c.want || skipped != nil {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func fixes(edits []diag.Edit) []diag.Fix {
	var out []diag.Fix
	for _, e := range edits {
		out = append(out, diag.Fix{Edits: []diag.Edit{e}})
	}
	return out
}

func TestEncodings(t *testing.T) {
	text := "[fields]\r\nÄRZTE =\r\n\r\n\r\n[description]\r\n# Schlüssel\r\n"
	want := "[Fields]\r\nÄRZTE=\r\n\r\n[Description]\r\n# Schlüssel\r\n"
	for _, e := range []ast.Encoding{ast.UTF8, ast.UTF8BOM, ast.UTF16LE, ast.UTF16BE, ast.Windows1252} {
		f := grammar.Parse("x.dsc", ast.Encode(text, e))
		if f.Encoding != e {
			t.Fatalf("%s was read as %s", e, f.Encoding)
		}
		raw, err := format.Encode(format.Format(f, schema.Builtin), f.Encoding)
		if err != nil {
			t.Fatal(err)
		}
		if again, is := ast.Decode(raw); is != e || again != want {
			t.Errorf("%s: became %q in %s", e, again, is)
		}
	}
}

func TestEncodeRefusesWhatWouldBeMisread(t *testing.T) {
	// The no-break space alone makes these bytes Windows-1252; without it they
	// are UTF-8 and mean one character.
	f := grammar.Parse("x.dsc", []byte("[Fields]\n\xa0\nX=\xc3\xa4\n"))
	if f.Encoding != ast.Windows1252 {
		t.Fatal(f.Encoding)
	}
	if _, err := format.Encode(format.Format(f, schema.Builtin), f.Encoding); err == nil || !strings.Contains(err.Error(), "would be misread in the file's encoding") {
		t.Errorf("the error is %v", err)
	}
	if _, err := format.Encode("X=€ and Ω\n", ast.Windows1252); err == nil || !strings.Contains(err.Error(), "would be misread in the file's encoding") {
		t.Errorf("the error is %v", err)
	}
	// What is plain ASCII without its odd byte may be called anything.
	f = grammar.Parse("x.dsc", []byte("[Fields]\n\xa0\nX=\n"))
	if raw, err := format.Encode(format.Format(f, schema.Builtin), f.Encoding); err != nil || string(raw) != "[Fields]\nX=\n" {
		t.Errorf("%q %v", raw, err)
	}
}

// meaning is all that a program says of its description, without places.
func meaning(p *check.Program) string {
	var b strings.Builder
	block := func(name string, bl *check.Block) {
		fmt.Fprintf(&b, "[%s] %v\n", strings.ToLower(name), bl.Header != nil)
		for _, s := range bl.Settings {
			v := s.Value
			fmt.Fprintf(&b, "%s form %d text %q secret %q bool %v number %d entries %d auto %v problem %q", s.Keyword.Name, v.Form, v.Text, v.Secret.Reveal(), v.Bool, v.Number, v.Entries, v.Auto, s.Value.Problem)
			if v.Field != nil {
				fmt.Fprintf(&b, " field %q", v.Field.Name)
			}
			for _, n := range v.Names {
				fmt.Fprintf(&b, " name %q", n.Text)
			}
			for _, part := range v.Parts {
				fmt.Fprintf(&b, " part %q %q", part.Name, part.Text)
			}
			for _, a := range v.Attributes {
				fmt.Fprintf(&b, " attribute %q %q %v", a.Name, a.Value, a.Quoted)
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "technology %d\n", p.Technology)
	for _, f := range p.Fields {
		fmt.Fprintf(&b, "field %q type %s uses %d value %q\n", f.Name, f.Type, len(f.Uses), p.File.Slice(f.Line.Value))
	}
	block("Encoding", p.Encoding)
	block("Description", p.Description)
	for i, a := range slices.Concat(p.Applications, p.Unlisted) {
		fmt.Fprintf(&b, "application %q runs %v ", a.Letter, i < len(p.Applications))
		block(a.Name, a.Block)
	}
	return b.String()
}

// codes counts the findings by code, without those that formatting mends.
// Whether a suppression is used, and whether it reaches the end of a file, may
// depend on them.
func codes(p *check.Program) map[diag.Code]int {
	skip := []diag.Code{diag.TrailingBlank, diag.NoBreakSpace, diag.CommentMark}
	if strings.Contains(p.File.Text, "inscribe:ignore") {
		skip = append(skip, diag.UnusedSuppression, diag.MissingSection)
	}
	n := map[diag.Code]int{}
	for _, d := range p.Diagnostics {
		if !slices.Contains(skip, d.Code) {
			n[d.Code]++
		}
	}
	return n
}

func FuzzFormat(f *testing.F) {
	for _, raw := range samples(f) {
		f.Add(raw)
	}
	f.Add([]byte(" ^x=1\n^y\n"))
	f.Add([]byte("[Fields]\r\rX=\n\r\n"))
	f.Fuzz(holds)
}

// TestRandomDescriptions puts lines together that mean something to the
// formatter, more often than a fuzzer does in a short time.
func TestRandomDescriptions(t *testing.T) {
	pool := []string{"", " ", "\u00a0", "\t", "[Encoding]", "[ fields ]", "[DESCRIPTION]", "[application_A]", "[Application_b]", "[Vendor]", "[]", "[open",
		"# comment", "  ; other", ";", "# inscribe:ignore literal-secret why", "; inscribe:ignore unused-field,weak-key why", "^ab ", " ^x = 1", "junk", "  junk ",
		"= 1", "pin = PIN ", "PIN=", " PIN =#1234", "SetPIN = true", "signpin=SIGN", "SIGN =", "location = #signature", "Location=PIN", "KEYSIZE=2048", "keysize = 512",
		"certtempl = \"a \" ", "adr_00012 = x", "applicationlist= AB", "ApplicationList=A", "type=1024,Chip", "Type = 2,Magstripe", "PKCS11LIBRARY=x.dll", "ClearFields=PIN , SIGN",
		"labelexpressiondataobject = a !{ PIN } b", "AttributesDataObject= CKA_PRIVATE = TRUE", "initialpuk=!from_user_dialog_2_field", "Pni=#1", "x = Format(a,\"00\") + \" \""}
	ends := []string{"\n", "\n", "\n", "\r\n", "\r"}
	r := rand.New(rand.NewSource(1))
	for range 3000 {
		var b strings.Builder
		for range r.Intn(25) {
			b.WriteString(pool[r.Intn(len(pool))] + ends[r.Intn(len(ends))])
		}
		b.WriteString(pool[r.Intn(len(pool))])
		holds(t, []byte(b.String()))
	}
}

// holds is what formatting promises.
func holds(t *testing.T, raw []byte) {
	t.Helper()
	before := grammar.Parse("x.dsc", raw)
	text := format.Format(before, schema.Builtin)
	after := grammar.ParseText("x.dsc", text)
	if again := format.Format(after, schema.Builtin); again != text {
		t.Fatalf("once %q\ntwice %q", text, again)
	}
	if left := format.Edits(after, schema.Builtin); left != nil {
		t.Fatalf("%q: edits left: %v", text, left)
	}
	edited, _, skipped := fix.Apply(before.Text, fixes(format.Edits(before, schema.Builtin)))
	if edited != text || skipped != nil {
		t.Fatalf("the edits give %q, the text is %q; %d edits overlap", edited, text, len(skipped))
	}
	p, q := check.Check(before, nil), check.Check(after, nil)
	if diff := cmp.Diff(meaning(p), meaning(q)); diff != "" {
		t.Fatalf("%q became %q with another meaning (-before +after):\n%s", before.Text, text, diff)
	}
	if diff := cmp.Diff(codes(p), codes(q)); diff != "" {
		t.Fatalf("%q became %q with other findings (-before +after):\n%s", before.Text, text, diff)
	}
	for _, kind := range []ast.LineKind{ast.Encrypted, ast.Junk} {
		if diff := cmp.Diff(lines(before, kind), lines(after, kind)); diff != "" {
			t.Fatalf("%q: a %s was touched:\n%s", before.Text, kind, diff)
		}
	}
	old, err := plan.Lower(p, plan.Options{})
	fresh, err2 := plan.Lower(q, plan.Options{})
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%q: lowering said %v and says %v", before.Text, err, err2)
	}
	if err == nil && old.OpsSHA256 != fresh.OpsSHA256 {
		t.Fatalf("%q became %q with other operations", before.Text, text)
	}
	if raw, err := format.Encode(text, before.Encoding); err == nil {
		if again := grammar.Parse("x.dsc", raw); again.Text != text {
			t.Fatalf("%q is read as %q", text, again.Text)
		}
	}
}

func lines(f *ast.File, kind ast.LineKind) []string {
	var out []string
	f.Lines(func(_ int, l *ast.Line) bool {
		if l.Kind == kind {
			out = append(out, f.Slice(l.Span))
		}
		return true
	})
	return out
}
