package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"inscribe/check"
	"inscribe/lsp/protocol"
)

// renamable is what rename changes: fields and letters of applications.
func (d *document) renamable(offset int) (occurrence, bool) {
	o, ok := d.nameAt(offset)
	if !ok || !o.span.Contains(offset) || o.kind != fieldName && o.kind != applicationLetter {
		return o, false
	}
	return o, true
}

// prepareRename says what would be renamed.
func (c *call) prepareRename(_ context.Context, p *protocol.TextDocumentPositionParams) (any, error) {
	d := c.doc
	o, ok := d.renamable(d.mapper.offset(p.Position))
	if !ok {
		return nil, nil
	}
	return protocol.PrepareRenameResult{Range: d.mapper.rng(o.span), Placeholder: d.file().Slice(o.span)}, nil
}

// rename changes a name everywhere in the description, and that of a field which
// templates take in these too. Inside of an encrypted line nothing can be seen and
// nothing is changed.
func (c *call) rename(ctx context.Context, p *protocol.RenameParams) (any, error) {
	d := c.doc
	o, ok := d.renamable(d.mapper.offset(p.Position))
	if !ok {
		return nil, fail(protocol.RequestFailed, "there is nothing here that can be renamed")
	}
	name := strings.TrimSpace(p.NewName)
	problem := d.badField(o, name)
	if o.kind == applicationLetter {
		problem = d.badLetter(o, name)
	}
	if problem != "" {
		return nil, fail(protocol.RequestFailed, problem)
	}
	if i := slices.IndexFunc(d.index(), func(x occurrence) bool { return x.same(o) && x.vague }); i >= 0 {
		return nil, fail(protocol.RequestFailed, fmt.Sprintf("line %d has %s in a column of an address line, and what its columns mean is not known; rename by hand", d.lineNumber(d.index()[i].span.Start), o.name))
	}
	if f := d.program().Field(o.name); o.kind == fieldName && f != nil && len(f.Templates) > 0 && name != o.name {
		edit, problem := c.renameTaken(ctx, d, o, name)
		if problem != "" {
			return nil, fail(protocol.RequestFailed, problem)
		}
		return edit, nil
	}
	return c.workspaceEdits([]fileEdit{d.renamed(o, name)}), nil
}

// badField says why a name cannot be that of a field: it must read as itself
// wherever a field is named.
func (d *document) badField(o occurrence, name string) string {
	if name == "" {
		return "a field needs a name"
	}
	if !check.FieldName(name) {
		return fmt.Sprintf("%q cannot be the name of a field", name)
	}
	if other := d.program().Field(name); other != nil && other.Name != o.name {
		return fmt.Sprintf("there is a field %s already", other.Name)
	}
	return ""
}

// badLetter says why a text cannot be the letter of an application.
func (d *document) badLetter(o occurrence, letter string) string {
	if !check.Letter(letter) {
		return "an application has one character, and none that parts letters"
	}
	key := strings.ToLower(letter)
	for _, x := range d.index() {
		if x.kind == applicationLetter && x.name == key && x.name != o.name {
			return fmt.Sprintf("there is an application %s already", letter)
		}
	}
	return ""
}
