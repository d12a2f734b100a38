package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// outputRule finds fields that the run fills and that something reads as an
// input: when it is read there is nothing in it.
var outputRule = rule{[]diag.Code{diag.OutputRead}, func(p *Program, r *report) {
	for _, f := range p.Fields {
		outputsOf(r, f)
	}
}}

func outputsOf(r *report, f *Field) {
	var filled *Use
	for i := range f.Uses {
		if f.Uses[i].Type == schema.Output && !f.Uses[i].Clears {
			filled = &f.Uses[i]
			break
		}
	}
	if filled == nil {
		return
	}
	for _, u := range f.Uses {
		if u.Clears || u.Type == schema.Output {
			continue
		}
		d := r.Add(diag.OutputRead, u.Span, "the field %s is read here, and the run fills it", f.Name)
		d.Help = "use another field for the input"
		d.Related = []diag.Label{{Span: filled.Span, Message: "filled here"}}
	}
}
