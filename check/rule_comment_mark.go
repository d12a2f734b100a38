package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
)

var commentMarkRule = Rule{[]diag.Code{diag.CommentMark}, func(p *Program, r *Report) {
	p.File.Lines(func(_ int, l *ast.Line) bool {
		text := p.File.Slice(l.Span)
		if i := strings.IndexByte(text, ';'); l.Kind == ast.Comment && i >= 0 && strings.TrimLeft(text[:i], " \t\u00a0") == "" {
			mark := ast.Span{Start: l.Span.Start + i, End: l.Span.Start + i + 1}
			d := r.Add(diag.CommentMark, mark, "a comment begins with #; the pages know no other mark")
			d.Fixes = append(d.Fixes, diag.Fix{Title: "write #", Edits: []diag.Edit{{Span: mark, NewText: "#"}}, Safe: true})
		}
		return true
	})
}}
