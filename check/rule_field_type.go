package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// typeFamily groups the types that one value can serve.
func typeFamily(t schema.Type) int {
	switch t {
	case schema.PIN, schema.PUK, schema.Key:
		return 1
	case schema.Label, schema.PlainText, schema.ICCSN, schema.Output:
		return 2
	default:
		return 10 + int(t)
	}
}

// fieldTypeRule finds fields that are used as two things that no one value can
// be. A secret that is also used in clear is the secret-leak rule's.
var fieldTypeRule = rule{[]diag.Code{diag.FieldTypeConflict}, func(p *Program, r *report) {
	for _, f := range p.Fields {
		typesOf(r, f)
	}
}}

func typesOf(r *report, f *Field) {
	var first *Use
	for i := range f.Uses {
		u := &f.Uses[i]
		if u.Clears || u.Type == schema.None || u.Type == schema.Output || leaks(f, u.Type) {
			continue
		}
		if first == nil {
			first = u
			continue
		}
		if typeFamily(u.Type) != typeFamily(first.Type) {
			d := r.Add(diag.FieldTypeConflict, u.Span, "the field %s is used as %s here and as %s elsewhere", f.Name, u.Type, first.Type)
			d.Related = []diag.Label{{Span: first.Span, Message: "used as " + first.Type.String()}}
			d.Help = "give each its own field"
		}
	}
}
