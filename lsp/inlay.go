package lsp

import (
	"context"
	"encoding/json"
	"slices"

	"inscribe/ast"
	"inscribe/check"
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
	later := c.resolvesHints()
	for _, h := range d.hints() {
		if h.line.Span.Start > span.End || span.Start > h.line.Span.End {
			continue
		}
		item := protocol.InlayHint{Position: d.mapper.position(h.line.Span.End), Label: h.label, Kind: h.kind, PaddingLeft: true}
		if later {
			item.Data, _ = json.Marshal(hintRef{URI: d.uri, Version: d.version, Line: item.Position.Line})
		} else {
			item.Tooltip = c.hintText(d, h)
		}
		out = append(out, item)
	}
	return out, nil
}

// hint is an inlay hint before it is put into the client's form. Its text is made
// when it is asked for.
type hint struct {
	line  *ast.Line
	label string
	kind  int
	text  func() string
}

// hintRef is what a hint keeps for being resolved; a line has one at most.
type hintRef struct {
	URI     protocol.DocumentURI `json:"uri"`
	Version *int32               `json:"version"`
	Line    uint32               `json:"line"`
}

func (s *state) resolvesHints() bool {
	r := s.client.TextDocument.InlayHint.ResolveSupport
	return r != nil && slices.Contains(r.Properties, "tooltip")
}

// hints are those of the whole description.
func (d *document) hints() []hint {
	var out []hint
	for _, f := range d.program().Fields {
		if f.Type != schema.None && f.Line.Value.Len() == 0 {
			out = append(out, hint{f.Line, fieldType(f), 1, func() string { return d.explainField(f) }})
		}
	}
	for _, a := range d.program().All {
		s := a.Get(schema.MLocation)
		text := func() string { return slotText(a) }
		switch slot, field := a.SlotOf(); {
		case s == nil && len(a.Jobs()) > 0:
			out = append(out, hint{a.Header, "default slot", 0, text})
		case s == nil:
		case field != nil:
			out = append(out, hint{s.Line, "decided at run time", 0, text})
		case slot == schema.DefaultSlot:
			out = append(out, hint{s.Line, "default slot", 0, text})
		}
	}
	return out
}

func slotText(a *check.Application) string { return sentence(slotWords(a)) + ".\n" }

func (c *call) hintText(d *document, h hint) *protocol.MarkupContent {
	text := c.markup(d.masker().Scrub(h.text()), c.client.TextDocument.Hover.ContentFormat)
	return &text
}

// resolveInlayHint adds the text on a hint. One of another version stays as it
// is: the client asks for hints again.
func (c *call) resolveInlayHint(_ context.Context, item *protocol.InlayHint) (any, error) {
	var ref hintRef
	if len(item.Data) == 0 || json.Unmarshal(item.Data, &ref) != nil {
		return item, nil
	}
	d := c.docs[ref.URI]
	if d == nil || d.isConfig() || (d.version != nil && ref.Version != nil && *d.version != *ref.Version) {
		return item, nil
	}
	for _, h := range d.hints() {
		if d.mapper.position(h.line.Span.End).Line == ref.Line && h.label == item.Label {
			item.Tooltip = c.hintText(d, h)
			break
		}
	}
	return item, nil
}
