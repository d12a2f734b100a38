package check

import (
	"strings"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// authentication reports whether a name speaks of it.
func authentication(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "auth") || strings.Contains(name, "log") &&
		(strings.Contains(name, "log_on") || strings.Contains(name, "logon") || strings.Contains(name, "log_in") || strings.Contains(name, "login"))
}

// templateRule finds certificate templates whose name speaks of authentication
// in the signature slot.
var templateRule = rule{[]diag.Code{diag.AuthTemplate}, func(p *Program, r *report) {
	for _, a := range p.Applications {
		t := a.Get(schema.MCertTempl)
		if t == nil {
			continue
		}
		if slot, _ := a.SlotOf(); slot != schema.SignatureSlot || !authentication(t.Value.Text) {
			continue
		}
		d := r.Add(diag.AuthTemplate, t.Line.Value, "a template for authentication goes to the signature slot")
		d.Help = "the signature slot is for qualified signatures, each with the signature PIN"
		d.Related = []diag.Label{{Span: a.Get(schema.MLocation).Line.Value, Message: "the signature slot"}}
	}
}}
