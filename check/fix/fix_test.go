package fix

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/grammar"
)

func edit(start, end int, text string) diag.Edit {
	return diag.Edit{Span: ast.Span{Start: start, End: end}, NewText: text}
}

func of(edits ...diag.Edit) diag.Fix { return diag.Fix{Edits: edits} }

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		fixes   []diag.Fix
		want    string
		skipped []int
	}{
		"nothing":              {nil, "0123456789", nil},
		"in any order":         {[]diag.Fix{of(edit(8, 9, "H")), of(edit(1, 2, "B"))}, "0B234567H9", nil},
		"overlap":              {[]diag.Fix{of(edit(1, 4, "x")), of(edit(3, 5, "y"))}, "0x456789", []int{1}},
		"inside":               {[]diag.Fix{of(edit(1, 8, "x")), of(edit(3, 3, "y"))}, "0x89", []int{1}},
		"around":               {[]diag.Fix{of(edit(3, 4, "y")), of(edit(1, 8, "x"))}, "012y456789", []int{1}},
		"side by side":         {[]diag.Fix{of(edit(1, 3, "x")), of(edit(3, 5, "y"))}, "0xy56789", nil},
		"insertion behind":     {[]diag.Fix{of(edit(1, 3, "x")), of(edit(3, 3, "y"))}, "0xy3456789", nil},
		"insertion before":     {[]diag.Fix{of(edit(1, 3, "x")), of(edit(1, 1, "y"))}, "0x3456789", []int{1}},
		"two insertions":       {[]diag.Fix{of(edit(3, 3, "x")), of(edit(3, 3, "x"))}, "012x3456789", []int{1}},
		"whole or not at all":  {[]diag.Fix{of(edit(1, 2, "")), of(edit(5, 6, ""), edit(1, 2, "")), of(edit(6, 7, ""))}, "0234" + "5789", []int{1}},
		"at odds with itself":  {[]diag.Fix{of(edit(1, 3, ""), edit(2, 4, "")), of(edit(2, 3, "x"))}, "01x3456789", []int{0}},
		"outside":              {[]diag.Fix{of(edit(8, 11, "")), of(edit(-1, 1, "")), of(edit(5, 4, ""))}, "0123456789", []int{0, 1, 2}},
		"without edits":        {[]diag.Fix{{Title: "none"}}, "0123456789", []int{0}},
		"at start and at end":  {[]diag.Fix{of(edit(10, 10, "<"), edit(0, 0, ">"))}, ">0123456789<", nil},
		"a skipped one is off": {[]diag.Fix{of(edit(1, 3, "x")), of(edit(2, 4, "y"), edit(6, 7, "z")), of(edit(6, 7, "w"))}, "0x345w789", []int{1}},
	} {
		got, applied, skipped := Apply("0123456789", c.fixes)
		if got != c.want || !slices.Equal(skipped, c.skipped) || len(applied)+len(skipped) != len(c.fixes) {
			t.Errorf("%s: got %q, applied %v, skipped %v; want %q, skipped %v", name, got, applied, skipped, c.want, c.skipped)
		}
	}
}

const broken = "[Encoding]\nType=1024,Chip\nDevices=8710\n[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\n; old\nPNI=PIN \n"

func TestRun(t *testing.T) {
	safe := Run(grammar.ParseText("x.dsc", broken), nil, false)
	if want := "[Encoding]\nType=1024,Chip\nDevices=8710\n[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\n# old\nPNI=PIN\n"; safe.Program.File.Text != want {
		t.Errorf("safe fixes give %q, want %q", safe.Program.File.Text, want)
	}
	if len(safe.Done) != 2 || len(safe.Skipped) != 0 {
		t.Errorf("done %v, skipped %v", safe.Done, safe.Skipped)
	}
	all := Run(grammar.ParseText("x.dsc", broken), nil, true)
	// The field is unused only until the keyword that uses it is mended.
	if want := "[Encoding]\nType=1024,Chip\nDevices=8710\n[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\n# old\nPIN=PIN\n"; all.Program.File.Text != want {
		t.Errorf("all fixes give %q, want %q", all.Program.File.Text, want)
	}
}

func TestRunLeavesSuppressedFindingsAlone(t *testing.T) {
	text := "[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\n# inscribe:ignore trailing-blank it shows\nPIN=PIN \n"
	if r := Run(grammar.ParseText("x.dsc", text), nil, false); r.Program.File.Text != text || r.Done != nil {
		t.Errorf("%q: %v", r.Program.File.Text, r.Done)
	}
}

func TestRunKeepsEncoding(t *testing.T) {
	for _, e := range []ast.Encoding{ast.UTF8, ast.UTF8BOM, ast.UTF16LE, ast.UTF16BE, ast.Windows1252} {
		r := Run(grammar.Parse("x.dsc", ast.Encode("[Description]\r\n; ä\r\n", e)), nil, false)
		if r.Program.File.Encoding != e || string(ast.Encode("[Description]\r\n# ä\r\n", e)) != string(r.Program.File.Print()) {
			t.Errorf("%s became %s: %q", e, r.Program.File.Encoding, r.Program.File.Text)
		}
	}
}

// FuzzRun holds that fixing ends, and that a second run finds nothing safe to do
// unless the first gave up.
func FuzzRun(f *testing.F) {
	paths, _ := filepath.Glob("../../testdata/check/*.dsc")
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, true)
	}
	f.Add([]byte(broken), false)
	f.Fuzz(func(t *testing.T, raw []byte, unsafe bool) {
		first := Run(grammar.Parse("x.dsc", raw), nil, unsafe)
		if unsafe || len(first.Skipped) > 0 {
			return
		}
		if second := Run(first.Program.File, nil, false); len(second.Done) > 0 {
			t.Fatalf("%q: the second run did %v", raw, second.Done)
		}
	})
}

// TestRunOnOddNames mends what can be mended once: a name that cannot be declared is not
// declared round after round.
func TestRunOnOddNames(t *testing.T) {
	for _, odd := range []string{"^x", "[x", "=r", ";x", "#x", "a=b", "{x", "x}", `"x"`, "a\x01b", "!x"} {
		for _, line := range []string{"[Application_A]\nDataObject=", "[Application_A]\nDataObject=F\nLabelExpressionDataObject=!{", "ClearFields="} {
			text := "[Encoding]\nType=1024,Chip\nDevices=8710\n[Fields]\nF=\n[Description]\nPKCS11Library=x.dll\n" + line + odd + "\n"
			r := Run(grammar.ParseText("x.dsc", text), nil, true)
			for i, d := range r.Done {
				if slices.Contains(r.Done[:i], d) {
					t.Errorf("%s%s: %q is done more than once", line, odd, d.Title)
				}
			}
		}
	}
}
