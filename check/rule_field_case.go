package check

import (
	"strings"

	"inscribe/ast/diag"
)

// fieldCaseRule finds fields that only their case tells apart, and names in
// another case than the field's, in the description and in the templates that it
// takes from inscribe.toml.
var fieldCaseRule = rule{[]diag.Code{diag.FieldCase}, func(p *Program, r *report) {
	for _, f := range p.Fields {
		if before := p.inAnyCase(f.Name).first; before != f {
			d := r.Add(diag.FieldCase, f.Line.Name, "fields %s and %s differ only in case", before.Name, f.Name)
			d.Help = "they are two fields; give one of them another name"
			d.Related = []diag.Label{{Span: before.Line.Name, Message: "the other one"}}
		}
	}
	for _, f := range p.Fields {
		for _, u := range f.Uses {
			text := p.File.Slice(u.Span)
			if text != f.Name && strings.EqualFold(text, f.Name) {
				d := r.Add(diag.FieldCase, u.Span, "the field is declared as %s", f.Name)
				d.Related = []diag.Label{{Span: f.Line.Name, Message: "declared here"}}
				d.Fixes = append(d.Fixes, diag.Fix{Title: "write " + f.Name, Edits: []diag.Edit{{Span: u.Span, NewText: f.Name}}, Safe: true})
			}
		}
		for _, t := range f.Templates {
			for _, name := range p.Config.Certificates[t.Value.Text].Fields() {
				if name != f.Name && p.TemplateField(name) == f {
					d := r.Add(diag.FieldCase, t.Line.Value, "the template %s of inscribe.toml takes {%s}, and the field is declared as %s", t.Value.Text, name, f.Name)
					d.Help = "write {" + f.Name + "} in inscribe.toml"
					d.Related = []diag.Label{{Span: f.Line.Name, Message: "declared here"}}
				}
			}
		}
	}
}}
