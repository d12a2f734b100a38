package lsp

import (
	"context"
	"fmt"
	"slices"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/config"
	"inscribe/lsp/protocol"
)

// documentLinks lead from templates and libraries to inscribe.toml, and from
// codes in suppressions to their pages, where the client can open these.
func (c *call) documentLinks(context.Context, *protocol.TextDocumentParams) (any, error) {
	d := c.doc
	out := []protocol.DocumentLink{}
	for _, o := range d.index() {
		var to protocol.Location
		var ok bool
		switch o.kind {
		case templateName:
			to, ok = d.config.place("certificate", o.name)
		case libraryName:
			to, ok = d.middleware(o.name)
		}
		if ok {
			out = append(out, protocol.DocumentLink{Range: d.mapper.rng(o.span), Target: fmt.Sprintf("%s#L%d", to.URI, to.Range.Start.Line+1), Tooltip: config.FileName})
		}
	}
	for i := range d.tree.lines {
		l := &d.tree.lines[i]
		if l.Kind != ast.Comment {
			continue
		}
		codes, _ := check.Ignored(d.file(), l)
		for _, at := range codes {
			page, opens := c.pageURI(at.Code)
			if _, known := diag.Lookup(at.Code); known && opens {
				out = append(out, protocol.DocumentLink{Range: d.mapper.rng(at.Span), Target: page, Tooltip: "the page of this code"})
			}
		}
	}
	return out, nil
}

// middleware finds the table of a library as a description names it.
func (d *document) middleware(library string) (protocol.Location, bool) {
	if d.config == nil || d.config.tables == nil {
		return protocol.Location{}, false
	}
	var names []string
	for table := range d.config.tables() {
		if table.Kind == "middleware" {
			names = append(names, table.Name)
		}
	}
	slices.Sort(names)
	name, ok := config.MatchLibrary(library, names)
	if !ok {
		return protocol.Location{}, false
	}
	return d.config.place("middleware", name)
}
