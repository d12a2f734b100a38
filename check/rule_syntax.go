package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
)

var syntaxRule = rule{[]diag.Code{diag.Syntax}, func(p *Program, r *report) {
	first := true
	p.File.Lines(func(section int, l *ast.Line) bool {
		switch {
		case l.Kind == ast.Entry && section < 0 && first:
			first = false
			d := r.Add(diag.Syntax, l.Span, "an entry before the first section")
			d.Help = "every entry belongs to a section; begin the file with [Encoding], [Fields] or [Description]"
		case l.Kind == ast.Entry && l.Name.Len() > 0 && hasControl(p.File.Slice(l.Name)):
			r.Add(diag.Syntax, l.Name, "a control character in the name of a keyword")
		case l.Kind == ast.Junk:
			explainJunk(p, r, l)
		}
		return true
	})
}}

func hasControl(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

func explainJunk(p *Program, r *report, l *ast.Line) {
	text := strings.TrimSpace(p.File.Slice(l.Span))
	switch {
	case strings.HasPrefix(text, "[") && !strings.Contains(text, "]"):
		d := r.Add(diag.Syntax, l.Span, "a section header without its closing bracket")
		end := ast.Span{Start: l.Span.End, End: l.Span.End}
		d.Fixes = append(d.Fixes, replace("close the bracket", end, "]"))
	case strings.HasPrefix(text, "["):
		d := r.Add(diag.Syntax, l.Span, "a section header with more text behind it")
		d.Help = "a header stands alone on its line; a comment goes on a line of its own"
	case strings.HasPrefix(text, "="):
		r.Add(diag.Syntax, l.Span, "a value without a keyword before its =")
	default:
		d := r.Add(diag.Syntax, l.Span, "neither [Section], keyword=value, # comment nor blank")
		d.Help = "put = between the keyword and its value, or # before a comment"
	}
}
