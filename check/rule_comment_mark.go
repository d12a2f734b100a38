package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
)

var commentMarkRule = rule{[]diag.Code{diag.CommentMark}, func(p *Program, r *report) {
	p.File.Lines(func(_ int, l *ast.Line) bool {
		if l.Kind != ast.Comment {
			return true
		}
		if i := strings.IndexAny(p.File.Slice(l.Span), "#;"); p.File.Text[l.Span.Start+i] == ';' {
			mark := ast.Span{Start: l.Span.Start + i, End: l.Span.Start + i + 1}
			d := r.Add(diag.CommentMark, mark, "a comment begins with #; the pages know no other mark")
			d.Fixes = append(d.Fixes, diag.Fix{Title: "write #", Edits: []diag.Edit{{Span: mark, NewText: "#"}}, Safe: true})
		}
		return true
	})
}}
