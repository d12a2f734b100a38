package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// blockRule finds applications that run in a slot whose PIN was blocked before.
var blockRule = rule{[]diag.Code{diag.BlockBeforeLast}, func(p *Program, r *report) {
	type blocker struct {
		*Setting
		letter string
	}
	blocked := map[schema.Slot]*blocker{}
	for _, a := range p.Applications {
		slot, field := a.SlotOf()
		if field != nil {
			continue
		}
		if by := blocked[slot]; by != nil {
			d := r.Add(diag.BlockBeforeLast, a.Header.Name, "[%s] runs in the %s slot after its PIN is blocked", a.Name, slot)
			d.Help = "put the application with BlockCard last in ApplicationList"
			d.Related = []diag.Label{{Span: by.Line.Name, Message: "blocked here"}}
			d.Fixes = append(d.Fixes, p.putLast(by.letter)...)
		}
		if s := a.Get(schema.MBlockCard); s != nil && blocked[slot] == nil {
			blocked[slot] = &blocker{s, a.Letter}
		}
	}
}}

// putLast is a fix that moves a letter to the end of ApplicationList.
func (p *Program) putLast(letter string) []diag.Fix {
	list := p.Description.Get(schema.MApplicationList)
	if list == nil {
		return nil
	}
	for _, n := range list.Value.Names {
		if strings.EqualFold(n.Text, letter) {
			end := ast.Span{Start: list.Line.Value.End, End: list.Line.Value.End}
			return []diag.Fix{{Title: "put " + n.Text + " last", Edits: []diag.Edit{{Span: n.Span}, {Span: end, NewText: n.Text}}}}
		}
	}
	return nil
}
