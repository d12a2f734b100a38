package lsp

import (
	"context"

	"inscribe/ast"
	"inscribe/lsp/protocol"
)

// foldingRanges are the sections and blocks of comments.
func (c *call) foldingRanges(context.Context, *protocol.TextDocumentParams) (any, error) {
	d := c.doc
	out := []protocol.FoldingRange{}
	table := d.file().Table()
	add := func(from, to int, kind string) {
		if to > from {
			out = append(out, protocol.FoldingRange{StartLine: uint32(from), EndLine: uint32(to), Kind: kind})
		}
	}
	for i := range d.file().Sections {
		s := &d.file().Sections[i]
		last := s.Header.Span.Start
		for _, l := range s.Lines {
			if l.Kind != ast.Blank {
				last = l.Span.Start
			}
		}
		add(table.Line(s.Header.Span.Start), table.Line(last), "region")
	}
	first := -1
	for i := 0; i <= len(d.tree.lines); i++ {
		comment := i < len(d.tree.lines) && d.tree.lines[i].Kind == ast.Comment
		switch {
		case comment && first < 0:
			first = i
		case !comment && first >= 0:
			add(first, i-1, "comment")
			first = -1
		}
	}
	return out, nil
}
