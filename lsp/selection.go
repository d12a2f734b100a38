package lsp

import (
	"context"

	"inscribe/ast"
	"inscribe/lsp/protocol"
)

// selectionRanges are what lies around each place: name, value, line, section,
// file.
func (c *call) selectionRanges(_ context.Context, p *protocol.SelectionRangeParams) (any, error) {
	d := c.doc
	out := []*protocol.SelectionRange{}
	for _, pos := range p.Positions {
		at := d.cursor(d.mapper.offset(pos))
		spans := []ast.Span{{Start: 0, End: len(d.file().Text)}}
		for _, section := range []int{at.section, at.section + 1} {
			if section >= 0 && section < len(d.file().Sections) {
				spans = append(spans, d.sectionSpan(section))
			}
		}
		spans = append(spans, at.line.Span)
		if at.line.Kind == ast.Entry || at.line.Kind == ast.Header {
			spans = append(spans, at.line.Name)
		}
		if at.line.Kind == ast.Entry || at.line.Kind == ast.Comment {
			spans = append(spans, at.line.Value)
		}
		if o, ok := d.nameAt(at.offset); ok {
			spans = append(spans, o.span)
		}
		out = append(out, nest(d.mapper, spans, at.offset))
	}
	return out, nil
}

// nest makes a chain of the spans that hold the offset, each in the one before.
func nest(m mapper, spans []ast.Span, offset int) *protocol.SelectionRange {
	var inner *protocol.SelectionRange
	var around ast.Span
	for i, s := range spans {
		if !s.Contains(offset) || i > 0 && (s == around || s.Start < around.Start || s.End > around.End) {
			continue
		}
		inner, around = &protocol.SelectionRange{Range: m.rng(s), Parent: inner}, s
	}
	return inner
}
