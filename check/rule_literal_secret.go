package check

import (
	"strings"

	"inscribe/ast/diag"
)

// literalSecretRule finds secrets written into the file.
var literalSecretRule = rule{[]diag.Code{diag.LiteralSecret}, func(p *Program, r *report) {
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			if !s.Keyword.Secret() || s.Value.Form != FixedValue || s.Value.Secret.Len() == 0 {
				continue
			}
			d := r.Add(diag.LiteralSecret, s.Line.Value, "a fixed %s stands in the file", s.Keyword.Name)
			d.Help = "every card gets the same one, and everyone who reads the file knows it"
			field := strings.ToUpper(s.Keyword.Name) + "_FIELD"
			if p.fields[field] == nil {
				d.Fixes = append(d.Fixes, diag.Fix{Title: "take it from a field " + field, Edits: []diag.Edit{
					{Span: s.Line.Value, NewText: field}, p.DeclareField(field),
				}})
			}
		}
	}
}}
