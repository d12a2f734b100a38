package check

import (
	"strings"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// signatureUsageRule holds the templates of the signature slot against EN 319
// 412-2, 4.3.2: a key for commitment has the key usage nonRepudiation alone. It
// looks at what inscribe.toml says of the template.
var signatureUsageRule = Rule{[]diag.Code{diag.SignatureKeyUsage}, func(p *Program, r *Report) {
	for _, a := range p.Applications {
		t := a.Get(schema.MCertTempl)
		if t == nil {
			continue
		}
		template, known := p.Config.Certificates[t.Value.Text]
		if !known {
			continue
		}
		if slot, field := a.SlotOf(); field != nil || slot != schema.SignatureSlot {
			continue
		}
		commitment := len(template.KeyUsage) == 1 && (strings.EqualFold(template.KeyUsage[0], "nonRepudiation") || strings.EqualFold(template.KeyUsage[0], "contentCommitment"))
		if !commitment {
			d := r.Add(diag.SignatureKeyUsage, t.Line.Value, "template %s goes to the signature slot with other key usages than nonRepudiation alone", t.Value.Text)
			d.Help = `say key-usage = ["nonRepudiation"] in [certificate.` + t.Value.Text + `] of inscribe.toml`
		}
		for _, eku := range template.EKU {
			if strings.EqualFold(eku, "clientAuth") || strings.EqualFold(eku, "smartcardLogon") {
				d := r.Add(diag.SignatureKeyUsage, t.Line.Value, "template %s goes to the signature slot with the extended key usage %s", t.Value.Text, eku)
				d.Help = "a key for signatures does not log in; use another template"
			}
		}
	}
}}
