package check

import (
	"inscribe/ast/diag"
	"inscribe/check/config"
	"inscribe/check/schema"
)

// policyRule holds a description against the [policy] of inscribe.toml, as far as
// the file alone can tell; plan holds the rest against it.
var policyRule = rule{[]diag.Code{diag.PolicyViolation}, func(p *Program, r *report) {
	rules := p.Config.Policy
	descriptionPolicy(p, r)
	if rules.ForbidLiteralSecrets {
		for _, f := range p.Fields {
			if f.Secret() && f.quoted() {
				d := r.Add(diag.PolicyViolation, f.Line.Value, "the policy forbids secrets in the file")
				d.Help = policyHelp
			}
		}
	}
	for _, a := range p.Applications {
		applicationPolicy(rules, r, a)
	}
}}

const policyHelp = "the rule stands under [policy] in inscribe.toml"

func (r *report) forbid(s *Setting, format string, args ...any) {
	r.Add(diag.PolicyViolation, s.Line.Value, format, args...).Help = policyHelp
}

func descriptionPolicy(p *Program, r *report) {
	rules := p.Config.Policy
	for _, s := range p.Description.Settings {
		if s.Keyword.Kind == schema.Path && s.Value.Problem == "" && !config.Allows(rules.Libraries, s.Value.Text) {
			r.forbid(s, "the policy does not allow this library")
		}
	}
	if s := p.Description.Get(schema.MInitToken); s != nil && rules.ForbidInitToken {
		r.forbid(s, "the policy forbids to initialise tokens")
	}
	if rules.ForbidLiteralSecrets {
		for _, s := range p.Description.Settings {
			if s.Keyword.Secret() && s.Value.Form == FixedValue {
				r.forbid(s, "the policy forbids secrets in the file")
			}
		}
	}
	pin, sign := p.Description.Get(schema.MPIN), p.Description.Get(schema.MSignPIN)
	if rules.DistinctPINs && pin != nil && sign != nil && sameSource(pin.Value, sign.Value) {
		r.forbid(sign, "the policy demands another value for SignPIN than for PIN")
	}
}

func applicationPolicy(rules config.Policy, r *report, a *Application) {
	if s := a.Get(schema.MKeySize); s != nil && s.Value.Problem == "" && s.Value.Number < rules.RSAMin {
		r.forbid(s, "the policy demands RSA keys of %d bits or more", rules.RSAMin)
	}
	if s := a.Get(schema.MECCurve); s != nil && s.Value.Problem == "" && !config.Allows(rules.Curves, s.Value.Text) {
		r.forbid(s, "the policy does not allow the curve %s", s.Value.Text)
	}
	if s := a.Get(schema.MWriteKeyList); s != nil && rules.ForbidKeyImport {
		r.forbid(s, "the policy forbids private keys from outside")
	}
	slot, field := a.SlotOf()
	for _, m := range []string{schema.MWriteCertificate, schema.MWriteKeyList} {
		if s := a.Get(m); s != nil && field == nil && slot == schema.SignatureSlot && rules.SignatureTemplates != nil {
			r.forbid(s, "the policy allows certificates of its templates alone in the signature slot")
		}
	}
	t := a.Get(schema.MCertTempl)
	if t == nil {
		return
	}
	if !config.Allows(rules.Templates, t.Value.Text) {
		r.forbid(t, "the policy does not allow the template %s", t.Value.Text)
	}
	if field == nil && slot == schema.SignatureSlot && !config.Allows(rules.SignatureTemplates, t.Value.Text) {
		r.forbid(t, "the policy does not allow the template %s in the signature slot", t.Value.Text)
	}
}

// sameSource reports whether two values are one, as far as the file tells.
func sameSource(a, b Value) bool {
	return a.Form == FieldRef && b.Form == FieldRef && a.Field != nil && a.Field == b.Field ||
		a.Form == FixedValue && b.Form == FixedValue && a.Secret.Len() > 0 && a.Secret.Equal(b.Secret)
}
