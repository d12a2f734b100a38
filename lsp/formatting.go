package lsp

import (
	"context"

	"inscribe/check/format"
	"inscribe/lsp/protocol"
)

// formatting gives the edits that bring a description into canonical form. What
// the client says of tabs does not matter: the form has none.
func (c *call) formatting(context.Context, *protocol.TextDocumentParams) (any, error) {
	d := c.doc
	return d.mapper.edits(format.Edits(d.file(), d.config.settings().Table())), nil
}

// rangeFormatting gives those of a range.
func (c *call) rangeFormatting(_ context.Context, p *protocol.RangeParams) (any, error) {
	d := c.doc
	return d.mapper.edits(format.FormatRange(d.file(), d.config.settings().Table(), d.mapper.span(p.Range))), nil
}
