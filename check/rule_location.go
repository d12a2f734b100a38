package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// locationRule finds fixed locations that silently mean the default slot.
var locationRule = rule{[]diag.Code{diag.LocationDefault}, func(p *Program, r *report) {
	for _, a := range p.All {
		s := a.Get(schema.MLocation)
		if s == nil || s.Value.Form != FixedValue || s.Value.Problem != "" || LocationSlot(s.Value.Text) == schema.SignatureSlot {
			continue
		}
		d := r.Add(diag.LocationDefault, s.Line.Value, "%s=#%s means the default slot", s.Keyword.Name, s.Value.Text)
		d.Help = "only #Signature means the signature slot; every other value goes to the default slot without a word"
		if NearSignature(s.Value.Text) {
			d.Label = "did you mean #Signature?"
		}
		d.Fixes = append(d.Fixes,
			replace("write #Signature", s.Line.Value, "#Signature"),
			diag.Fix{Title: "remove Location: the default slot is meant", Edits: []diag.Edit{removeLine(s.Line)}})
	}
}}
