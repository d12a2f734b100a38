package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// lineEnd is the line end that the file uses.
func (p *Program) lineEnd() string {
	text := p.File.Text
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		if strings.HasPrefix(text[i:], "\r\n") {
			return "\r\n"
		}
		return text[i : i+1]
	}
	return "\n"
}

// insertAfter is an edit that puts a line behind another one.
func (p *Program) insertAfter(l *ast.Line, text string) diag.Edit {
	at := ast.Span{Start: l.End, End: l.End}
	if l.End == l.Span.End {
		return diag.Edit{Span: at, NewText: p.lineEnd() + text}
	}
	return diag.Edit{Span: at, NewText: text + p.lineEnd()}
}

// removeLine is an edit that takes a line away with its end.
func removeLine(l *ast.Line) diag.Edit {
	return diag.Edit{Span: ast.Span{Start: l.Span.Start, End: l.End}}
}

// declareField is an edit that adds a field to [Fields], with the section where
// it is missing.
func (p *Program) declareField(name string) diag.Edit {
	for i := range p.File.Sections {
		s := &p.File.Sections[i]
		if kind, _, ok := sectionKind(p.File.Slice(s.Header.Name)); !ok || kind != schema.Fields {
			continue
		}
		last := &s.Header
		for j := range s.Lines {
			if s.Lines[j].Kind == ast.Entry {
				last = &s.Lines[j]
			}
		}
		return p.insertAfter(last, name+"=")
	}
	start := 0
	if h := p.Description.Header; h != nil {
		start = h.Span.Start
	}
	nl := p.lineEnd()
	return diag.Edit{Span: ast.Span{Start: start, End: start}, NewText: "[Fields]" + nl + name + "=" + nl + nl}
}

// lastEntry is the last line of a block that is no comment or blank; its header
// where there is none.
func (p *Program) lastEntry(b *Block) *ast.Line {
	last := b.Header
	lines := p.File.Sections[b.index].Lines
	for i := range lines {
		if lines[i].Kind == ast.Entry {
			last = &lines[i]
		}
	}
	return last
}
