package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// AddressColumns are the places where an address line of a magnetic stripe has the name
// of a field in a column. What the columns mean is in no page seen, so each may be the
// field or a word of its own.
func (p *Program) AddressColumns(tell func(*Field, Use)) {
	if p.Technology != schema.MagneticStripe {
		return
	}
	for _, a := range p.All {
		for _, s := range a.Settings {
			if !s.Keyword.Numbered || s.Keyword.Technology != schema.MagneticStripe {
				continue
			}
			start := s.Line.Value.Start
			for _, column := range strings.SplitAfter(p.File.Slice(s.Line.Value), ",") {
				text := strings.TrimSuffix(column, ",")
				name := strings.Trim(text, " \t")
				if f := p.Field(name); name != "" && f != nil {
					from := start + len(text) - len(strings.TrimLeft(text, " \t"))
					tell(f, Use{Setting: s, Span: ast.Span{Start: from, End: from + len(name)}})
				}
				start += len(column)
			}
		}
	}
}

// unusedFieldRule finds fields that nothing takes a value from. Magnetic stripes
// are left out: their address lines name fields in columns of unknown meaning.
var unusedFieldRule = rule{[]diag.Code{diag.UnusedField}, func(p *Program, r *report) {
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
