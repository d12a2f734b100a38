package lsp

import (
	"context"

	"inscribe/ast"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// inlayHints show what a description does not say: the default slot where
// Location is missing or is another word, and the types of fields.
func (c *call) inlayHints(_ context.Context, p *protocol.RangeParams) (any, error) {
	out := []protocol.InlayHint{}
	if !on(c.settings.InlayHints) {
		return out, nil
	}
	d := c.doc
	span := d.mapper.span(p.Range)
	add := func(l *ast.Line, h protocol.InlayHint) {
		if l.Span.Start <= span.End && span.Start <= l.Span.End {
			h.Position, h.PaddingLeft = d.mapper.position(l.Span.End), true
			out = append(out, h)
		}
	}
	for _, f := range d.program().Fields {
		if f.Type != schema.None && f.Line.Value.Len() == 0 {
			add(f.Line, protocol.InlayHint{Label: fieldType(f), Kind: 1})
		}
	}
	for _, a := range d.program().All {
		s := a.Get(schema.MLocation)
		switch slot, field := a.SlotOf(); {
		case s == nil && len(a.Jobs()) > 0:
			add(a.Header, protocol.InlayHint{Label: "default slot", Tooltip: &protocol.MarkupContent{Kind: protocol.PlainText, Value: "An application without Location runs in the default slot."}})
		case s == nil:
		case field != nil:
			add(s.Line, protocol.InlayHint{Label: "decided at run time"})
		case slot == schema.DefaultSlot:
			add(s.Line, protocol.InlayHint{Label: "default slot"})
		}
	}
	return out, nil
}
