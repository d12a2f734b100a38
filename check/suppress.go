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
func suppress(p *Program, r *report) []diag.Diagnostic {
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
	unused := &report{severity: r.severity}
	helps := false // whether any code of the comment is of use
	for i, s := range list {
		if i == 0 || list[i-1].line != s.line {
			helps = false
			for j := i; j < len(list) && list[j].line == s.line; j++ {
				helps = helps || list[j].used
			}
		}
		if s.used {
			continue
		}
		d := unused.Add(diag.UnusedSuppression, s.span, "there is no %s to suppress on the next line", s.code)
		if _, ok := diag.Lookup(s.code); !ok {
			d.Message = "there is no code " + string(s.code)
		}
		if s.code == "" {
			d.Message = "the comment names no code to suppress"
		}
		d.Unnecessary = true
		d.Fixes = append(d.Fixes, withdraw(list, i, helps))
	}
	return append(kept, unused.found...)
}

// withdraw is a fix that takes a code out of its comment, or takes the whole comment
// away where none of its codes helps.
func withdraw(list []suppression, i int, helps bool) diag.Fix {
	s, span := list[i], list[i].span
	switch {
	case !helps:
		return diag.Fix{Title: "remove the comment", Edits: []diag.Edit{removeLine(s.line)}}
	case i > 0 && list[i-1].line == s.line:
		span.Start = list[i-1].span.End
	default:
		span.End = list[i+1].span.Start
	}
	return replace("remove "+string(s.code), span, "")
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
	codes, ok := Ignored(p.File, l)
	if !ok {
		return nil
	}
	if len(codes) == 0 {
		return []suppression{{line: l, span: l.Value, code: ""}}
	}
	list := make([]suppression, 0, len(codes))
	for _, c := range codes {
		list = append(list, suppression{line: l, code: c.Code, span: c.Span})
	}
	return list
}

// CodeAt is a code in a comment, with its place.
type CodeAt struct {
	Code diag.Code
	Span ast.Span
}

// Ignored are the codes that a comment asks to suppress; ok says whether it is such a
// comment. Codes stand behind the mark, with commas between them; what follows is the
// reason.
func Ignored(f *ast.File, l *ast.Line) (codes []CodeAt, ok bool) {
	rest, ok := strings.CutPrefix(f.Slice(l.Value), ignoreMark)
	if !ok {
		return nil, false
	}
	const blanks = " \t"
	for more := true; more; {
		rest = strings.TrimLeft(rest, blanks)
		start := l.Value.End - len(rest)
		end := strings.IndexAny(rest, blanks+",")
		if end < 0 {
			end = len(rest)
		}
		if end > 0 {
			codes = append(codes, CodeAt{diag.Code(rest[:end]), ast.Span{Start: start, End: start + end}})
		}
		rest, more = strings.CutPrefix(strings.TrimLeft(rest[end:], blanks), ",")
	}
	return codes, true
}
