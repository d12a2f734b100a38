package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/config"
	"inscribe/lsp/protocol"
)

// fieldPlaces are where the patterns of the templates take a field: the bare names
// whose spelling is wanted. complete is false where the file writes one in a way that
// is not found, as with an escape of TOML.
func (f *configFile) fieldPlaces(wanted func(name string) bool) (places []ast.Span, complete bool) {
	if f == nil || f.err != nil {
		return nil, f == nil
	}
	left := 0
	for _, c := range f.config.Certificates {
		for _, name := range c.Mentions() {
			if wanted(name) {
				left++
			}
		}
	}
	if left == 0 {
		return nil, true
	}
	table := ast.NewLineTable(f.text)
	for i := range table.Lines() {
		span := table.LineSpan(i)
		line := f.text[span.Start:span.End]
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for at := 0; ; {
			open := strings.IndexByte(line[at:], '{')
			if open < 0 {
				break
			}
			at += open + 1
			name, _, closed := strings.Cut(line[at:], "}")
			if closed && wanted(name) {
				places = append(places, ast.Span{Start: span.Start + at, End: span.Start + at + len(name)})
			}
		}
	}
	return places, len(places) == left
}

// takenAs tells whether a name in a template is that of a field of the description.
func (d *document) takenAs(field string) func(name string) bool {
	return func(name string) bool {
		f := d.program().TemplateField(name)
		return f != nil && f.Name == field
	}
}

// inTemplates are the places in inscribe.toml that take a field, if one of the
// templates that the description uses does.
func (d *document) inTemplates(field string) (out []protocol.Location) {
	f := d.program().Field(field)
	if f == nil || len(f.Templates) == 0 {
		return nil
	}
	places, _ := d.config.fieldPlaces(d.takenAs(f.Name))
	for _, span := range places {
		out = append(out, protocol.Location{URI: uriOf(d.config.path), Range: d.config.mapper().rng(span)})
	}
	return out
}

// renameTaken renames a field that templates take: in the description, in inscribe.toml,
// and in the other descriptions of the workspace that have this inscribe.toml and give
// the field to a template of it. It says why where that cannot be done.
func (c *call) renameTaken(ctx context.Context, d *document, o occurrence, name string) (*protocol.WorkspaceEdit, string) {
	cfg := d.config
	if cfg.err != nil {
		return nil, fmt.Sprintf("a template takes %s, and %s", o.name, unreadable)
	}
	if !config.CanTake(name) {
		return nil, fmt.Sprintf("a template of %s takes %s, and {%s} cannot be written there", config.FileName, o.name, name)
	}
	places, complete := cfg.fieldPlaces(d.takenAs(o.name))
	if !complete {
		return nil, fmt.Sprintf("a template of %s takes %s where it cannot be found, as behind an escape; rename it there by hand", config.FileName, o.name)
	}
	var edits []diag.Edit
	for _, span := range places {
		edits = append(edits, diag.Edit{Span: span, NewText: name})
	}
	file := fileEdit{uri: uriOf(cfg.path), edits: cfg.mapper().edits(edits)}
	if open := c.docs[file.uri]; open != nil {
		file.version = open.version
	}
	all := []fileEdit{d.renamed(o, name), file}
	var spelt []string
	for _, span := range places {
		spelt = append(spelt, cfg.text[span.Start:span.End])
	}
	others := c.descriptions()
	for _, path := range c.onDisk(ctx) {
		if found := c.server.configs.find(path); found != nil && found.path == cfg.path {
			if x := c.closed(path); x != nil {
				others = append(others, x)
			}
		}
	}
	for _, x := range others {
		if ctx.Err() != nil {
			return nil, "cancelled"
		}
		if x.uri == d.uri || x.config == nil || x.config.path != cfg.path {
			continue
		}
		for _, f := range x.program().Fields {
			if len(f.Templates) == 0 || !slices.ContainsFunc(spelt, x.takenAs(f.Name)) {
				continue
			}
			other := occurrence{kind: fieldName, name: f.Name}
			if problem := x.badField(other, name); problem != "" {
				return nil, fmt.Sprintf("%s gives %s to a template, too: %s", nameOf(x.uri), f.Name, problem)
			}
			all = append(all, x.renamed(other, name))
		}
	}
	return c.workspaceEdits(all), ""
}

// renamed are the edits that rename something in one description.
func (d *document) renamed(o occurrence, name string) fileEdit {
	var edits []diag.Edit
	for _, x := range d.all(o) {
		edits = append(edits, diag.Edit{Span: x.span, NewText: name})
	}
	return fileEdit{d.uri, d.version, d.mapper.edits(edits)}
}
