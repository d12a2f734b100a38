package lsp

import (
	"context"

	"inscribe/lsp/protocol"
)

// definition goes to the entry of a field, the section of an application, and
// the table of a template or library in inscribe.toml.
func (c *call) definition(_ context.Context, p *protocol.TextDocumentPositionParams) (any, error) {
	d := c.doc
	o, ok := d.nameAt(d.mapper.offset(p.Position))
	if !ok {
		return nil, nil
	}
	out := []protocol.Location{}
	switch o.kind {
	case templateName:
		if l, ok := d.config.place("certificate", o.name); ok {
			out = append(out, l)
		}
	case libraryName:
		if l, ok := d.middleware(o.name); ok {
			out = append(out, l)
		}
	default:
		for _, x := range d.all(o) {
			if x.declares {
				out = append(out, protocol.Location{URI: d.uri, Range: d.mapper.rng(x.span)})
			}
		}
	}
	return out, nil
}

// references lists where the thing under the cursor is named. Fields and
// letters belong to one description; a template and a library may be named by all of
// the project, open or not.
func (c *call) references(ctx context.Context, p *protocol.ReferenceParams) (any, error) {
	d := c.doc
	o, ok := d.nameAt(d.mapper.offset(p.Position))
	if !ok {
		return nil, nil
	}
	out := []protocol.Location{}
	if o.kind == fieldName {
		out = append(out, d.inTemplates(o.name)...)
	}
	docs := []*document{d}
	if o.kind == templateName || o.kind == libraryName {
		docs = c.project(ctx, d)
		place := d.middleware
		if o.kind == templateName {
			place = func(name string) (protocol.Location, bool) { return d.config.place("certificate", name) }
		}
		if l, ok := place(o.name); ok && p.Context.IncludeDeclaration {
			out = append(out, l)
		}
	}
	for _, x := range docs {
		for _, place := range x.all(o) {
			if !place.declares || p.Context.IncludeDeclaration {
				out = append(out, protocol.Location{URI: x.uri, Range: x.mapper.rng(place.span)})
			}
		}
	}
	return out, nil
}

// highlight marks the places of the thing under the cursor.
func (c *call) highlight(_ context.Context, p *protocol.TextDocumentPositionParams) (any, error) {
	d := c.doc
	o, ok := d.nameAt(d.mapper.offset(p.Position))
	if !ok {
		return nil, nil
	}
	out := []protocol.DocumentHighlight{}
	for _, x := range d.all(o) {
		kind := 2
		if x.declares {
			kind = 3
		}
		out = append(out, protocol.DocumentHighlight{Range: d.mapper.rng(x.span), Kind: kind})
	}
	return out, nil
}
