package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
)

const noBreakSpace = "\u00a0"

// blanksRule finds blanks that a reader does not see: around a value, and
// no-break spaces anywhere outside of comments.
var blanksRule = rule{[]diag.Code{diag.TrailingBlank, diag.NoBreakSpace}, func(p *Program, r *report) {
	pasted := strings.Contains(p.File.Text, noBreakSpace)
	p.File.Lines(func(_ int, l *ast.Line) bool {
		text := p.File.Slice(l.Span)
		if pasted && l.Kind != ast.Comment && l.Kind != ast.Encrypted {
			noBreakSpaces(p, r, l, text)
		}
		if l.Kind != ast.Entry {
			return true
		}
		if l.Value.End == l.Span.End && l.Value.Len() > 0 && text[l.Value.Start-l.Span.Start-1] == '=' {
			return true
		}
		equals := l.Span.Start + strings.IndexByte(text, '=') + 1
		before := ast.Span{Start: equals, End: l.Value.Start}
		after := ast.Span{Start: l.Value.End, End: l.Span.End}
		if l.Value.Len() == 0 {
			before.End = l.Span.End
			after = ast.Span{Start: l.Span.End, End: l.Span.End}
		}
		if before.Len() == 0 && after.Len() == 0 {
			return true
		}
		span := after
		if after.Len() == 0 {
			span = before
		}
		d := r.Add(diag.TrailingBlank, span, "blanks around the value are dropped")
		fix := diag.Fix{Title: "remove the blanks", Safe: true}
		for _, s := range []ast.Span{before, after} {
			if s.Len() > 0 {
				fix.Edits = append(fix.Edits, diag.Edit{Span: s})
			}
		}
		d.Fixes = append(d.Fixes, fix)
		return true
	})
}}

func noBreakSpaces(p *Program, r *report, l *ast.Line, text string) {
	i := strings.Index(text, noBreakSpace)
	if i < 0 {
		return
	}
	start := l.Span.Start + i
	d := r.Add(diag.NoBreakSpace, ast.Span{Start: start, End: start + len(noBreakSpace)}, "a no-break space (U+00A0)")
	d.Help = "it looks like a blank and is none to most programs"
	if n := strings.Count(text, noBreakSpace); n > 1 {
		d.Message = "no-break spaces (U+00A0)"
	}
	fix := diag.Fix{Title: "write plain blanks"}
	for j := i; j >= 0; {
		at := l.Span.Start + j
		fix.Edits = append(fix.Edits, diag.Edit{Span: ast.Span{Start: at, End: at + len(noBreakSpace)}, NewText: " "})
		next := strings.Index(text[j+len(noBreakSpace):], noBreakSpace)
		if next < 0 {
			break
		}
		j += len(noBreakSpace) + next
	}
	fix.Safe = l.Kind == ast.Blank
	d.Fixes = append(d.Fixes, fix)
}
