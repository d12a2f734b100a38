package check

import (
	"sort"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
)

const ignoreMark = "inscribe:ignore"

type suppression struct {
	line   *ast.Line
	code   diag.Code
	span   ast.Span // of the code in the comment
	target ast.Span // the line that it speaks of
	used   bool
}

// suppress drops the findings that a comment "# inscribe:ignore CODE reason" on
// the line before asks for, and reports the comments that drop nothing. Several
// such lines may stand above one.
func suppress(p *Program, r *Report) []diag.Diagnostic {
	if !strings.Contains(p.File.Text, ignoreMark) {
		return r.found
	}
	list := suppressions(p)
	var kept []diag.Diagnostic
	for _, d := range r.found {
		hit := false
		behind := sort.Search(len(list), func(i int) bool { return list[i].target.Start > d.Span.Start })
		for i := behind - 1; i >= 0 && list[i].target == list[behind-1].target; i-- {
			s := &list[i]
			if s.code == d.Code && d.Span.Start <= s.target.End {
				s.used, hit = true, true
			}
		}
		if !hit {
			kept = append(kept, d)
		}
	}
	unused := &Report{severity: r.severity}
	for _, s := range list {
		if s.used {
			continue
		}
		d := unused.Add(diag.UnusedSuppression, s.span, "there is no %s to suppress on the next line", s.code)
		if _, ok := diag.Lookup(s.code); !ok {
			d.Message = "there is no code " + string(s.code)
		}
		d.Unnecessary = true
		d.Fixes = append(d.Fixes, diag.Fix{Title: "remove the comment", Edits: []diag.Edit{removeLine(s.line)}})
	}
	return append(kept, unused.found...)
}

func suppressions(p *Program) []suppression {
	var list []suppression
	waiting := 0
	p.File.Lines(func(_ int, l *ast.Line) bool {
		if l.Kind == ast.Comment {
			list = append(list, parseIgnore(p, l)...)
			return true
		}
		for ; waiting < len(list); waiting++ {
			list[waiting].target = l.Span
		}
		return true
	})
	for ; waiting < len(list); waiting++ {
		list[waiting].target = ast.Span{Start: len(p.File.Text) + 1, End: -1} // no line
	}
	return list
}

func parseIgnore(p *Program, l *ast.Line) []suppression {
	text := p.File.Slice(l.Value)
	rest, ok := strings.CutPrefix(text, ignoreMark)
	if !ok {
		return nil
	}
	codes := strings.Fields(rest)
	if len(codes) == 0 {
		return []suppression{{line: l, span: l.Value, code: ""}}
	}
	at := l.Value.Start + len(ignoreMark) + strings.Index(rest, codes[0])
	var list []suppression
	for _, code := range strings.Split(codes[0], ",") {
		list = append(list, suppression{line: l, code: diag.Code(code), span: ast.Span{Start: at, End: at + len(code)}})
		at += len(code) + 1
	}
	return list
}
