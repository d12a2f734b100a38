package check

import (
	"slices"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// notClearedRule finds secret fields that ClearFields forgets to forget.
var notClearedRule = rule{[]diag.Code{diag.SecretNotCleared}, func(p *Program, r *report) {
	s := p.Description.Get(schema.MClearFields)
	if s == nil || s.Value.Problem != "" {
		return
	}
	for _, f := range p.Fields {
		named := func(n NameAt) bool { return n.Field == f }
		if !f.Secret() || slices.ContainsFunc(s.Value.Names, named) {
			continue
		}
		d := r.Add(diag.SecretNotCleared, s.Line.Value, "ClearFields leaves out the secret field %s", f.Name)
		d.Related = []diag.Label{{Span: f.Line.Name, Message: "is a " + f.Type.String()}}
		end := s.Line.Value
		end.Start = end.End
		d.Fixes = append(d.Fixes, replace("add "+f.Name, end, ","+f.Name))
	}
}}
