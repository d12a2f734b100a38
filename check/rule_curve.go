package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// OtherCurve is the way out where no key is planned on a curve.
const OtherCurve = "choose P-256, P-384, P-521 or Ed25519"

// curveRule finds curves that the language has and no plan of this version.
var curveRule = rule{[]diag.Code{diag.CurveUnsupported}, func(p *Program, r *report) {
	for _, a := range p.All {
		if s := a.Get(schema.MECCurve); s != nil && s.Value.Problem == "" && !schema.Planned(s.Value.Text) {
			d := r.Add(diag.CurveUnsupported, s.Line.Value, "this version of Inscribe plans no key on %s", s.Value.Text)
			d.Help = OtherCurve
		}
	}
}}
