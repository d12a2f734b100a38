package grammar

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/participle/v2/lexer"
	"github.com/google/go-cmp/cmp"

	"inscribe/ast"
	"inscribe/internal/golden"
)

const blank = "[ \t\v\f\u00a0]*"

// lineRules is the specification of the line lexer: the hand-written one must
// cut and name every text as these rules do.
var lineRules = lexer.MustStateful(lexer.Rules{"Root": {
	{Name: "Encrypted", Pattern: `\^[^\r\n]*(\r\n|\n|\r|\z)`},
	{Name: "Blank", Pattern: `[ \t\v\f\x{00a0}]+\z|` + blank + `(\r\n|\n|\r)`},
	{Name: "Comment", Pattern: blank + `[#;][^\r\n]*(\r\n|\n|\r|\z)`},
	{Name: "Header", Pattern: blank + `\[[^\]\r\n]*\]` + blank + `(\r\n|\n|\r|\z)`},
	{Name: "Entry", Pattern: blank + "[^ \\t\\v\\f\u00a0\\r\\n\\[#;=][^=\\r\\n]*=[^\\r\\n]*(\\r\\n|\\n|\\r|\\z)"},
	{Name: "Junk", Pattern: `[^\r\n]+(\r\n|\n|\r|\z)`},
}})

type simpleToken struct{ Kind, Value string }

func tokens(t testing.TB, def lexer.Definition, text string) []simpleToken {
	t.Helper()
	lex, err := def.Lex("", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	names := lexer.SymbolsByRune(def)
	var out []simpleToken
	for {
		tok, err := lex.Next()
		if err != nil {
			t.Fatalf("lexing %q: %v", text, err)
		}
		if tok.EOF() {
			return out
		}
		out = append(out, simpleToken{names[tok.Type], tok.Value})
	}
}

var seeds = []string{
	"", "\n", "\r", "\r\n", "[A]", " [A] \r\n", "[A]x", "[A", "[]", "[a]b]", "=x", "a=b", "a = b ", "a==#b=c", "# c", ";c", "  # c", "^enc=1", " ^x=1",
	"Track 2=Field21\r\rX=\n", "\u00a0\nPIN=\u00a0x\u00a0", "[Fields]\nPIN=\n\n[Description]\nPIN=#1 2\n", "no equals sign", "\x00", "\xff\xfe", "a\x85=b", "\u2028=x",
}

func FuzzLineLexer(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := tokens(t, lineRules, text)
		got := tokens(t, lineDefinition{}, text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: the hand-written lexer differs from the rules (-rules +lexer):\n%s", text, diff)
		}
	})
}

func FuzzParsePrint(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, e := range []ast.Encoding{ast.UTF8BOM, ast.UTF16LE, ast.UTF16BE, ast.Windows1252} {
		f.Add(ast.Encode("[Fields]\r\nPIN=\u00e4\r\n", e))
	}
	f.Add([]byte{0xFF, 0xFE, 0x00, 0xD8, 0x41, 0x00}) // a lone surrogate
	f.Add([]byte{0xFE, 0xFF, 0x00})                   // half a unit
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree := Parse("x.dsc", raw)
		if got := tree.Print(); !bytes.Equal(got, raw) {
			t.Fatalf("printing gives %q for %q", got, raw)
		}
		end := 0
		tree.Lines(func(_ int, l *ast.Line) bool {
			if l.Span.Start != end || l.End < l.Span.End || l.Name.End > l.Span.End || l.Value.End > l.Span.End ||
				l.Name.Start > l.Name.End || l.Value.Start > l.Value.End {
				t.Fatalf("lines of %q do not tile: %+v after %d", raw, *l, end)
			}
			end = l.End
			return true
		})
		if end != len(tree.Text) {
			t.Fatalf("lines of %q end at %d of %d", raw, end, len(tree.Text))
		}
	})
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"#12 #3", "!FROM_USER_DIALOG_2_FIELD", "PIN", "Track 2", "reg_exp([0-9]{4,})", "A,B , C", "", ",",
		`CKA_PRIVATE=TRUE,CKA_APPLICATION="IDM, x",CKA_OBJECT_ID=1.2.3`, "Issued for !{USER_NAME}", "!{", `"000" + F22 + Format(F21,"000000")`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sameOperand(t, s)
		sameNames(t, s)
		_, _ = ParseCall(s)
		_, _ = ParseAttributes(s)
		_, _ = ParseBinding(s)
		if names, err := ParseNames(s); err == nil {
			var parts []string
			for _, n := range names.Names {
				parts = append(parts, n.Text)
			}
			if strings.Join(parts, ",") != s {
				t.Fatalf("names of %q are %q", s, parts)
			}
		} else if s != "" {
			t.Fatalf("%q is no list: %v", s, err)
		}
		if e, err := ParseExpression(s); err == nil {
			text := ""
			for _, p := range e.Parts {
				text += p.Field + p.Text
			}
			if text != s {
				t.Fatalf("the parts of %q are %q", s, text)
			}
		} else if s != "" {
			t.Fatalf("%q is no expression: %v", s, err)
		}
	})
}

func TestParts(t *testing.T) {
	f := Parse("x.dsc", []byte("; head\n [Fields] \n\tTrack 2 = Field21 \r\n^AB=\nbroken\n"))
	type part struct {
		Section     int
		Kind        ast.LineKind
		Name, Value string
	}
	var got []part
	f.Lines(func(s int, l *ast.Line) bool {
		got = append(got, part{s, l.Kind, f.Slice(l.Name), f.Slice(l.Value)})
		return true
	})
	want := []part{
		{-1, ast.Comment, "", "head"},
		{0, ast.Header, "Fields", ""},
		{0, ast.Entry, "Track 2", "Field21"},
		{0, ast.Encrypted, "", ""},
		{0, ast.Junk, "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestValues(t *testing.T) {
	lit, special := "#12 #3", "!FROM_USER_DIALOG_2_FIELD"
	for text, want := range map[string]ast.Operand{
		lit: {Literal: &lit}, special: {Special: &special}, "Track 2": {Bare: "Track 2"}, "a(b)#c": {Bare: "a(b)#c"},
	} {
		got, err := ParseOperand(text)
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%q: %v %s", text, err, cmp.Diff(want, got))
		}
	}
	call, err := ParseCall("reg_exp([0-9]{4,}(a|b))")
	if err != nil || call.Name != "reg_exp" || call.Rest != "[0-9]{4,}(a|b))" {
		t.Errorf("call: %+v %v", call, err)
	}
	attrs, err := ParseAttributes(`CKA_PRIVATE=TRUE, CKA_APPLICATION="I,DM" ,CKA_OBJECT_ID=1.2.3`)
	if err != nil || len(attrs.List) != 3 || attrs.List[1].Value != `"I,DM"` || attrs.List[2].Name != "CKA_OBJECT_ID" {
		t.Errorf("attributes: %+v %v", attrs, err)
	}
	b, err := ParseBinding(`"000" + Field22 + Format(Field21,"000000")`)
	if err != nil || len(b.Terms) != 3 || b.Terms[0].String != `"000"` || b.Terms[1].Column != "Field22" || b.Terms[2].Format.Pattern != `"000000"` {
		t.Errorf("binding: %+v %v", b, err)
	}
	var at *ValueError
	if _, err := ParseBinding(`Format(x)`); !asValueError(err, &at) || at.Offset != len("Format(x") {
		t.Errorf("a broken binding is blamed at %+v", at)
	}
}

func asValueError(err error, target **ValueError) bool {
	v, ok := err.(*ValueError)
	*target = v
	return ok
}

func TestEBNF(t *testing.T) {
	golden.Is(t, filepath.Join("testdata", "grammar.ebnf"), EBNF())
}

// sameOperand holds the short way to an operand against its productions.
func sameOperand(t *testing.T, text string) {
	t.Helper()
	short, err := ParseOperand(text)
	long, wrong := parseValue(markOperand, text)
	if (err == nil) != (wrong == nil) {
		t.Fatalf("%q: %v, and by the productions %v", text, err, wrong)
	}
	if err == nil && cmp.Diff(*long.Operand, short) != "" {
		t.Fatalf("%q: %s", text, cmp.Diff(*long.Operand, short))
	}
}

// sameNames holds the short way to a list of names against its productions.
func sameNames(t *testing.T, text string) {
	t.Helper()
	short, err := ParseNames(text)
	long, wrong := parseValue(markNames, text)
	if (err == nil) != (wrong == nil) {
		t.Fatalf("%q: error %v, and %v of the productions", text, err, wrong)
	}
	if err == nil && cmp.Diff(long.Names, short) != "" {
		t.Fatalf("%q: %s", text, cmp.Diff(long.Names, short))
	}
}

func TestNamesNeedNoParser(t *testing.T) {
	for _, text := range []string{"", ",", "A", "A,B", " A , B ", "A,,B", ",A", "A,", "\"A,B\",C", "\"A,B", "#A,B", "!A,B", "!{A,B},C", "A,!{B,C}", "A,!{B", "ä,𝄞 x,\u00a0,(=+)", "A,#B,C"} {
		sameNames(t, text)
	}
}

func TestOperandsNeedNoParser(t *testing.T) {
	for _, text := range []string{"", "#", "#x", "# a b ", "##", "#!{A}", "#\"", "#a,b=(c)", "#\u00a0ä", "#\xff",
		"!", "!X", "!{A}", "!{", "!{A}!B", "!\xff", "PIN", "a#b", "a!b", "\"#\"", "\"", "(", "\u00a0#x", "\xff"} {
		sameOperand(t, text)
	}
}
