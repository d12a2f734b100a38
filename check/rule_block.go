package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// blockRule finds applications that run in a slot whose PIN was blocked before.
var blockRule = Rule{[]diag.Code{diag.BlockBeforeLast}, func(p *Program, r *Report) {
	blocked := map[schema.Slot]*Setting{}
	for _, a := range p.Applications {
		slot, field := a.SlotOf()
		if field != nil {
			continue
		}
		if by := blocked[slot]; by != nil {
			d := r.Add(diag.BlockBeforeLast, a.Header.Name, "[%s] runs in the %s slot after its PIN is blocked", a.Name, slot)
			d.Help = "put the application with BlockCard last in ApplicationList"
			d.Related = []diag.Label{{Span: by.Line.Name, Message: "blocked here"}}
		}
		if s := a.Get(schema.MBlockCard); s != nil && blocked[slot] == nil {
			blocked[slot] = s
		}
	}
}}
