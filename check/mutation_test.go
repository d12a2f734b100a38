package check

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// mutant is a description with one slip in it, at a place.
type mutant struct {
	what string
	text string
	at   ast.Span
}

// slip makes a typing mistake: two neighbours swapped, or where that changes
// nothing, the last character lost.
func slip(word string) string {
	for i := 0; i+1 < len(word); i++ {
		if a, b := word[i], word[i+1]; isLetter(a) && isLetter(b) && !strings.EqualFold(string(a), string(b)) {
			return word[:i] + string(b) + string(a) + word[i+2:]
		}
	}
	return word[:len(word)-1]
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// mutants makes every slip that a reader would call an error: in each section
// name, keyword, reference to a field, special value, number, word and location.
// Free text (labels, templates, libraries, PINs) has no wrong spelling.
func mutants(p *Program) []mutant {
	var out []mutant
	add := func(what string, span ast.Span, replacement string) {
		text := p.File.Text
		out = append(out, mutant{what, text[:span.Start] + replacement + text[span.End:], ast.Span{Start: span.Start, End: span.Start + len(replacement)}})
	}
	word := func(what string, span ast.Span) { add(what, span, slip(p.File.Slice(span))) }
	p.File.Lines(func(_ int, l *ast.Line) bool {
		if l.Kind == ast.Header {
			word("section", l.Name)
		}
		return true
	})
	for _, f := range p.Fields {
		if f.Binding == nil && p.Technology == schema.SmartCard {
			word("declaration", f.Line.Name)
		}
	}
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			word("keyword", s.Line.Name)
			v := s.Value
			switch {
			case v.Form == FieldRef, v.Form == Dialog, v.Form == PINPad:
				word("reference", s.Line.Value)
			case s.Keyword.Meaning == schema.MLocation, s.Keyword.Kind == schema.Bool, s.Keyword.Kind == schema.Enum:
				word("word", s.Line.Value)
			case s.Keyword.Kind == schema.Number && s.Keyword.Technology == 0, s.Keyword.Kind == schema.TypeID:
				add("number", s.Line.Value, "x"+p.File.Slice(s.Line.Value))
				add("literal number", s.Line.Value, "#"+p.File.Slice(s.Line.Value))
			case s.Keyword.Kind == schema.Numbers:
				add("numbers", s.Line.Value, p.File.Slice(s.Line.Value)+",")
			case s.Keyword.Kind == schema.ApplicationOrder:
				add("list with a stranger", s.Line.Value, p.File.Slice(s.Line.Value)+"Z")
				add("list with a double", s.Line.Value, p.File.Slice(s.Line.Value)+p.File.Slice(s.Line.Value)[:1])
			case s.Keyword.Kind == schema.Validation:
				add("open bracket", s.Line.Value, strings.TrimSuffix(p.File.Slice(s.Line.Value), ")")+"[)")
				add("function", s.Line.Value, slip(p.File.Slice(s.Line.Value)))
			case s.Keyword.Kind == schema.Attributes:
				add("attribute", s.Line.Value, slip("CKA_PRIVATE")+strings.TrimPrefix(p.File.Slice(s.Line.Value), "CKA_PRIVATE"))
				add("attribute value", s.Line.Value, strings.Replace(p.File.Slice(s.Line.Value), "TRUE", "TRUE2", 1))
			case s.Keyword.Kind == schema.Expression:
				add("expression", s.Line.Value, strings.Replace(p.File.Slice(s.Line.Value), "!{", "!{X", 1))
			case s.Keyword.Kind == schema.FieldNames:
				for _, n := range v.Names {
					word("field in a list", n.Span)
				}
			case v.Form == FixedValue && s.Keyword.Type == schema.PIN:
				add("secret without #", s.Line.Value, strings.TrimPrefix(p.File.Slice(s.Line.Value), "#"))
			}
			if s.Keyword.Kind != schema.Path && s.Keyword.Kind != schema.Text {
				add("empty value", s.Line.Value, "")
			}
		}
	}
	return out
}

// TestMutations demands that every slip is found at its own place.
func TestMutations(t *testing.T) {
	total := 0
	for _, path := range files(t, "../testdata/examples/*.dsc") {
		p := load(t, path)
		before := map[string]bool{}
		for _, d := range p.Diagnostics {
			before[fmt.Sprint(d.Code, d.Message)] = true
		}
		for _, m := range mutants(p) {
			total++
			after := check(m.text)
			line := after.File.Table().Line(m.at.Start)
			found := false
			for _, d := range after.Diagnostics {
				grave := d.Severity <= diag.Warning && !before[fmt.Sprint(d.Code, d.Message)]
				onLine := after.File.Table().Line(d.Span.Start) == line
				touches := d.Span.Start <= m.at.End && m.at.Start <= d.Span.End
				// An empty value is blamed on its keyword.
				found = found || grave && onLine && (touches || m.what == "empty value")
			}
			if !found {
				t.Errorf("%s, %s: nothing is reported at the slip in line %d: %s\n%s", filepath.Base(path), m.what, line+1,
					after.File.Slice(after.File.Table().LineSpan(line)), describe(after))
			}
		}
	}
	if total < 250 {
		t.Errorf("only %d mutants", total)
	}
	t.Logf("%d mutants", total)
}
