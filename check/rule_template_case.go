package check

import (
	"strings"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// templateCaseRule finds certificate templates that inscribe.toml has in another
// case. The case of a template counts, so what stands there of the one does not hold
// for the other.
var templateCaseRule = rule{[]diag.Code{diag.TemplateCase}, func(p *Program, r *report) {
	for _, a := range p.All {
		t := a.Get(schema.MCertTempl)
		if t == nil {
			continue
		}
		names := p.Config.InOtherCase(t.Value.Text)
		if len(names) == 0 {
			continue
		}
		d := r.Add(diag.TemplateCase, t.Line.Value, "inscribe.toml has the template %s, and not %s", strings.Join(names, " and "), t.Value.Text)
		d.Help = "the case of a template counts, so nothing that it says of " + names[0] + " holds here"
		for _, name := range names {
			d.Fixes = append(d.Fixes, replace("write "+name, t.Line.Value, name))
		}
	}
}}
