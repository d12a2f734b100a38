package check

import (
	"inscribe/ast/diag"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// importRule finds private keys that go where none can or may go.
var importRule = rule{[]diag.Code{diag.ImportUnsupported, diag.SignatureKeyImport}, func(p *Program, r *report) {
	for _, a := range p.Applications {
		importsOf(p, r, a)
	}
}}

func importsOf(p *Program, r *report, a *Application) {
	list := a.Get(schema.MWriteKeyList)
	if list == nil {
		return
	}
	if p.Profile.Is(profile.ImportKeys) == profile.No {
		d := r.Add(diag.ImportUnsupported, list.Line.Name, "tokens of the profile %s take no private key from outside", p.Profile.Name)
		d.Help = "generate the key on the token with KeySize and CertTempl"
	}
	if slot, field := a.SlotOf(); field == nil && slot == schema.SignatureSlot {
		d := r.Add(diag.SignatureKeyImport, list.Line.Name, "a private key from outside goes to the signature slot")
		d.Help = "a key for qualified signatures occurs once, and is generated on the card with KeySize and CertTempl"
		d.Related = []diag.Label{{Span: a.Get(schema.MLocation).Line.Value, Message: "the signature slot"}}
	}
}
