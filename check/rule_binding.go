package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/grammar"
)

// bindingRule looks at the right-hand sides of [Fields].
var bindingRule = rule{[]diag.Code{diag.InvalidValue, diag.LiteralSecret}, func(p *Program, r *report) {
	for _, f := range p.Fields {
		text := p.File.Slice(f.Line.Value)
		if text == "" {
			continue
		}
		if f.Binding == nil {
			place := f.Line.Value
			if _, err := grammar.ParseBinding(text); err != nil {
				if at, ok := err.(*grammar.ValueError); ok {
					place = ast.Span{Start: min(place.Start+at.Offset, place.End-1), End: place.End}
				}
			}
			d := r.Add(diag.InvalidValue, place, "the right-hand side of field %s cannot be read", f.Name)
			d.Help = `it is empty, a database field, a text in quotation marks, Format(field,"000000"), or several of them joined by +`
			if strings.HasPrefix(text, "#") {
				d.Help = "in [Fields] a fixed value stands in quotation marks, not behind #"
			}
			continue
		}
		for _, t := range f.Binding.Terms {
			if t.Format != nil && unquote(t.Format.Pattern) == "" {
				r.Add(diag.InvalidValue, f.Line.Value, "the pattern of Format is empty").Help = `for example: Format(Field21,"000000")`
			}
		}
		if f.Secret() && f.quoted() {
			d := r.Add(diag.LiteralSecret, f.Line.Value, "a fixed value of the secret field %s stands in the file", f.Name)
			d.Help = "leave the right-hand side empty, or name a database field"
		}
	}
}}
