package lsp

import (
	"context"
	"maps"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// descriptions are the open ones in a stable order.
func (s *state) descriptions() []*document {
	var out []*document
	for _, uri := range slices.Sorted(maps.Keys(s.docs)) {
		if d := s.docs[uri]; !d.isConfig() {
			out = append(out, d)
		}
	}
	return out
}

// project are the descriptions with the inscribe.toml of one, open or not.
func (c *call) project(ctx context.Context, d *document) []*document {
	file := func(f *configFile) string {
		if f == nil {
			return ""
		}
		return f.path
	}
	out := slices.DeleteFunc(c.descriptions(), func(x *document) bool { return file(x.config) != file(d.config) })
	for _, path := range c.onDisk(ctx) {
		if ctx.Err() != nil {
			break
		}
		if file(c.server.configs.find(path)) != file(d.config) {
			continue
		}
		if x := c.closed(path); x != nil {
			out = append(out, x)
		}
	}
	return out
}

// documentSymbols lists the sections with their entries.
func (c *call) documentSymbols(context.Context, *protocol.TextDocumentParams) (any, error) {
	d := c.doc
	out := []protocol.DocumentSymbol{}
	for i := range d.file().Sections {
		out = append(out, d.sectionSymbol(i))
	}
	if c.client.TextDocument.DocumentSymbol.HierarchicalDocumentSymbolSupport {
		return out, nil
	}
	flat := []protocol.SymbolInformation{}
	for _, s := range out {
		flat = append(flat, protocol.SymbolInformation{Name: s.Name, Kind: s.Kind, Location: protocol.Location{URI: d.uri, Range: s.Range}})
		for _, e := range s.Children {
			flat = append(flat, protocol.SymbolInformation{Name: e.Name, Kind: e.Kind, Location: protocol.Location{URI: d.uri, Range: e.Range}, ContainerName: s.Name})
		}
	}
	return flat, nil
}

func (d *document) sectionSymbol(i int) protocol.DocumentSymbol {
	f, s, span := d.file(), &d.file().Sections[i], d.sectionSpan(i)
	name := f.Slice(s.Header.Name)
	kind, _, known := schema.SectionOf(name)
	out := protocol.DocumentSymbol{Name: orDash(name), Kind: protocol.NamespaceSymbol,
		Range: d.mapper.rng(span), SelectionRange: d.mapper.rng(s.Header.Name)}
	if known && kind == schema.Application {
		out.Kind = protocol.ModuleSymbol
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.Kind != ast.Entry {
			continue
		}
		e := protocol.DocumentSymbol{Name: orDash(f.Slice(l.Name)), Kind: protocol.PropertySymbol,
			Range: d.mapper.rng(l.Span), SelectionRange: d.mapper.rng(l.Name)}
		if known && kind == schema.Fields {
			e.Kind = protocol.VariableSymbol
			if x := d.program().Field(f.Slice(l.Name)); x != nil {
				e.Detail = fieldType(x)
			}
		} else if !d.secret(l.Value) {
			e.Detail = d.masker().Scrub(f.Slice(l.Value))
		}
		out.Children = append(out.Children, e)
	}
	return out
}

// orDash gives a name that clients take: an empty one is an error to some.
func orDash(name string) string {
	if strings.TrimSpace(name) == "" {
		return "–"
	}
	return name
}

// maxSymbols bounds the answer to a query of all descriptions.
const maxSymbols = 1000

// workspaceSymbols finds fields and sections in all descriptions, open or not.
func (c *call) workspaceSymbols(ctx context.Context, p *protocol.WorkspaceSymbolParams) (any, error) {
	out := []protocol.SymbolInformation{}
	add := func(d *document) {
		for i := range d.file().Sections {
			s := d.sectionSymbol(i)
			if matches(s.Name, p.Query) {
				out = append(out, protocol.SymbolInformation{Name: s.Name, Kind: s.Kind, Location: protocol.Location{URI: d.uri, Range: s.SelectionRange}, ContainerName: nameOf(d.uri)})
			}
			for _, e := range s.Children {
				if e.Kind == protocol.VariableSymbol && matches(e.Name, p.Query) {
					out = append(out, protocol.SymbolInformation{Name: e.Name, Kind: e.Kind, Location: protocol.Location{URI: d.uri, Range: e.SelectionRange}, ContainerName: nameOf(d.uri)})
				}
			}
		}
	}
	for _, d := range c.descriptions() {
		add(d)
	}
	for _, path := range c.onDisk(ctx) {
		if ctx.Err() != nil || len(out) >= maxSymbols {
			break
		}
		if d := c.closed(path); d != nil {
			add(d)
		}
	}
	return out[:min(len(out), maxSymbols)], nil
}

// matches reports whether the letters of the query occur in the name in order,
// case aside.
func matches(name, query string) bool {
	rest := []rune(strings.ToLower(query))
	for _, r := range strings.ToLower(name) {
		if len(rest) > 0 && rest[0] == r {
			rest = rest[1:]
		}
	}
	return len(rest) == 0
}
