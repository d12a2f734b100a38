package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// leaks reports whether a use shows the value of the field in clear although
// the field is secret.
func leaks(f *Field, use schema.Type) bool {
	if !f.Type.Secret() && !f.sharesSecret {
		return false
	}
	switch use {
	case schema.Label, schema.PlainText, schema.ICCSN, schema.Data, schema.Certificate:
		return true
	}
	return false
}

// secretLeakRule finds secrets that flow into something stored or shown in
// clear.
var secretLeakRule = rule{[]diag.Code{diag.SecretLeak}, func(p *Program, r *report) {
	for _, f := range p.Fields {
		leaksOf(r, f)
	}
}}

func leaksOf(r *report, f *Field) {
	for _, t := range f.Templates {
		if f.Secret() || f.sharesSecret {
			d := r.Add(diag.SecretLeak, t.Line.Value, "the template %s puts the secret field %s into the certificate", t.Value.Text, f.Name)
			d.Help = "everyone can read a certificate; use another field in inscribe.toml"
		}
	}
	for _, u := range f.Uses {
		if u.Clears || !leaks(f, u.Type) {
			continue
		}
		d := r.Add(diag.SecretLeak, u.Span, "the secret field %s is stored in clear by %s", f.Name, u.Setting.Keyword.Name)
		d.Help = "anyone who holds the card can read it; use another field"
		if f.sharesSecret {
			d.Message = "the field " + f.Name + " has the database field of a secret one, and " + u.Setting.Keyword.Name + " stores it in clear"
		}
		for _, other := range f.Uses {
			if other.Type.Secret() {
				d.Related = []diag.Label{{Span: other.Span, Message: "is a " + other.Type.String() + " here"}}
				break
			}
		}
	}
}
