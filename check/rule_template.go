package check

import (
	"regexp"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

var authentication = regexp.MustCompile(`(?i)auth|log_?on|log_?in`)

// templateRule finds certificate templates whose name speaks of authentication
// in the signature slot.
var templateRule = Rule{[]diag.Code{diag.AuthTemplate}, func(p *Program, r *Report) {
	for _, a := range p.Applications {
		slot, _ := a.SlotOf()
		t := a.Get(schema.MCertTempl)
		if slot != schema.SignatureSlot || t == nil || !authentication.MatchString(t.Value.Text) {
			continue
		}
		d := r.Add(diag.AuthTemplate, t.Line.Value, "a template for authentication goes to the signature slot")
		d.Help = "the signature slot is for qualified signatures, each with the signature PIN"
		d.Related = []diag.Label{{Span: a.Get(schema.MLocation).Line.Value, Message: "the signature slot"}}
	}
}}
