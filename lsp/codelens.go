package lsp

import (
	"context"
	"encoding/json"
	"fmt"

	"inscribe/ast"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// codeLenses say above a section what the plan does in it.
func (c *call) codeLenses(context.Context, *protocol.TextDocumentParams) (any, error) {
	out := []protocol.CodeLens{}
	if !on(c.settings.CodeLens) {
		return out, nil
	}
	d := c.doc
	p, pl := d.program(), d.plan()
	add := func(header *ast.Line, title string) {
		uri, _ := json.Marshal(d.uri)
		out = append(out, protocol.CodeLens{Range: d.mapper.rng(header.Span),
			Command: &protocol.Command{Title: title, Command: showPlanCommand, Arguments: []json.RawMessage{uri}}})
	}
	if h := p.Description.Header; h != nil {
		switch {
		case pl.err != nil:
			add(h, "no plan: "+d.noPlan())
		case len(pl.plan.Refusals) > 0:
			add(h, fmt.Sprintf("plan: %s, refused", count(len(pl.plan.Ops), "op")))
		default:
			add(h, "plan: "+count(len(pl.plan.Ops), "op"))
		}
	}
	if pl.err != nil {
		return out, nil
	}
	for _, a := range p.Applications {
		n := len(d.opsOf(a.Letter))
		slot, field := a.SlotOf()
		switch {
		case n == 0:
			add(a.Header, "plan: no op")
		case field != nil:
			add(a.Header, fmt.Sprintf("plan: %s in the slot that %s decides", count(n, "op"), field.Name))
		default:
			add(a.Header, fmt.Sprintf("plan: %s in the %s slot", count(n, "op"), slot))
		}
	}
	for _, a := range p.Unlisted {
		add(a.Header, "plan: not run, since "+schema.MApplicationList+" does not name it")
	}
	return out, nil
}
