package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// InsertAfter is an edit that puts lines behind another one, with the line end of
// the file.
func (p *Program) InsertAfter(l *ast.Line, lines ...string) diag.Edit {
	nl := ast.LineEnd(p.File.Text)
	text := strings.Join(lines, nl)
	if l.End == l.Span.End {
		text = nl + text
	} else {
		text += nl
	}
	return diag.Edit{Span: ast.Span{Start: l.End, End: l.End}, NewText: text}
}

// removeLine is an edit that takes a line away with its end.
func removeLine(l *ast.Line) diag.Edit {
	return diag.Edit{Span: ast.Span{Start: l.Span.Start, End: l.End}}
}

// MoveLine are the edits that move an entry to another section; none where it holds a
// secret, which no edit shows.
func (p *Program) MoveLine(l *ast.Line, to *Block) []diag.Edit {
	for _, s := range p.Secrets {
		if s.Start < l.Span.End && l.Span.Start < s.End {
			return nil
		}
	}
	return []diag.Edit{removeLine(l), p.InsertAfter(p.lastEntry(to), strings.TrimSpace(p.File.Slice(l.Span)))}
}

// DeclareField is an edit that adds fields to [Fields], with the section where
// it is missing.
func (p *Program) DeclareField(names ...string) diag.Edit {
	var entries []string
	for _, name := range names {
		entries = append(entries, name+"=")
	}
	for i := range p.parts {
		if !p.parts[i].known || p.parts[i].kind != schema.Fields {
			continue
		}
		s := &p.File.Sections[i]
		last := s.Header
		for j := range s.Lines {
			if s.Lines[j].Kind == ast.Entry {
				last = &s.Lines[j]
			}
		}
		return p.InsertAfter(last, entries...)
	}
	start := 0
	if p.Description.Header != nil {
		start = p.File.Before(p.Description.index)
	}
	nl := ast.LineEnd(p.File.Text)
	return diag.Edit{Span: ast.Span{Start: start, End: start}, NewText: "[Fields]" + nl + strings.Join(entries, nl) + nl + nl}
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
