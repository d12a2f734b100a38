package check

import (
	"strings"

	"inscribe/ast/diag"
	"inscribe/check/schema"
	"inscribe/check/template"
)

// signatureUsageRule holds the templates of the signature slot against EN 319
// 412-2, 4.3.2: a key for commitment has the key usage nonRepudiation alone. It
// looks at what inscribe.toml says of the template.
var signatureUsageRule = rule{[]diag.Code{diag.SignatureKeyUsage}, func(p *Program, r *report) {
	for _, a := range p.Applications {
		t := a.Get(schema.MCertTempl)
		if t == nil {
			continue
		}
		configured, known := p.Config.Certificates[t.Value.Text]
		if !known {
			continue
		}
		if slot, field := a.SlotOf(); field != nil || slot != schema.SignatureSlot {
			continue
		}
		if !template.CommitmentOnly(configured.KeyUsage) {
			d := r.Add(diag.SignatureKeyUsage, t.Line.Value, "template %s goes to the signature slot with other key usages than nonRepudiation alone", t.Value.Text)
			d.Help = `say key-usage = ["nonRepudiation"] in [certificate.` + t.Value.Text + `] of inscribe.toml`
		}
		for _, eku := range configured.EKU {
			if strings.EqualFold(eku, "clientAuth") || strings.EqualFold(eku, "smartcardLogon") {
				d := r.Add(diag.SignatureKeyUsage, t.Line.Value, "template %s goes to the signature slot with the extended key usage %s", t.Value.Text, eku)
				d.Help = "a key for signatures does not log in; use another template"
			}
		}
	}
}}
