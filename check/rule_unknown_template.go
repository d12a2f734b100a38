package check

import (
	"slices"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// unknownTemplateRule finds certificate templates that inscribe.toml leaves out, where it
// has others. One that is there in another case is templateCaseRule's.
var unknownTemplateRule = rule{[]diag.Code{diag.UnknownTemplate}, func(p *Program, r *report) {
	known := p.Config.Certificates
	for _, a := range p.All {
		t := a.Get(schema.MCertTempl)
		if t == nil || t.Value.Text == "" || len(known) == 0 {
			continue
		}
		name := t.Value.Text
		if _, there := known[name]; there || len(p.Config.InOtherCase(name)) > 0 {
			continue
		}
		d := r.Add(diag.UnknownTemplate, t.Line.Value, "inscribe.toml has no template %s", name)
		d.Help = "add [certificate." + name + "] to inscribe.toml: without it apply is refused"
		var names []string
		for other := range known {
			names = append(names, other)
		}
		slices.Sort(names)
		if near := diag.Nearest(name, names); near != "" {
			d.Fixes = append(d.Fixes, replace("write "+near, t.Line.Value, near))
		}
	}
}}
