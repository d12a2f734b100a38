package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// unusedFieldRule finds fields that nothing takes a value from. Magnetic stripes
// are left out: their address lines name fields in columns of unknown meaning.
var unusedFieldRule = Rule{[]diag.Code{diag.UnusedField}, func(p *Program, r *Report) {
	if p.Technology != schema.SmartCard {
		return
	}
	for _, f := range p.Fields {
		used := len(f.Templates) > 0
		for _, u := range f.Uses {
			used = used || !u.Clears
		}
		if used || f.Name == "" {
			continue
		}
		d := r.Add(diag.UnusedField, f.Line.Name, "nothing uses the field %s", f.Name)
		d.Unnecessary = true
		if len(f.Uses) == 0 {
			d.Fixes = append(d.Fixes, diag.Fix{Title: "remove the field", Edits: []diag.Edit{removeLine(f.Line)}})
		} else {
			d.Help = "it is cleared at the end, but nothing reads it"
		}
	}
}}
