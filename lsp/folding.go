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
		add(table.Line(d.file().Sections[i].Header.Span.Start), table.Line(d.sectionSpan(i).End), "region")
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
