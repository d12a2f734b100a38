package plan

import (
	"fmt"
	"slices"
	"strings"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// issue lowers KeySize or ECCurve with CertTempl: a key pair, a request signed
// by it, the certificate beside it.
func (l *lowering) issue(a *check.Application) {
	slot := l.slotOf(a)
	template := a.Get(schema.MCertTempl)
	l.aloneForKey(a, slot)
	if !l.ready(slot, template) {
		return
	}
	key, at := &Key{Type: "RSA"}, a.Get(schema.MKeySize)
	if at != nil {
		key.Bits = at.Value.Number
	} else {
		at = a.Get(schema.MECCurve)
		key = &Key{Type: "EC", Curve: at.Value.Text}
		if !schema.Planned(key.Curve) {
			l.refuse(at, "a request signed on "+key.Curve+" cannot be verified by this version of Inscribe", check.OtherCurve)
		}
	}
	if facts := l.options.Profile; facts.Is(profile.FreeKeyID) == profile.No {
		l.refuse(at, "tokens of the profile "+facts.Name+" choose the CKA_ID of a key themselves, and this version of Inscribe pairs key and certificate by one of its own", "use another kind of token, or the vendor's tool")
	}
	if key.Type == "RSA" {
		l.warnOfUse(at)
	}
	label := plainText(template.Value.Text)
	if s := a.Get(schema.MKeyLabel); s != nil {
		label = l.text(s)
		if text, ok := label.Resolved(); ok && text == "" {
			l.refuse(s, NoLabel, NoLabelHelp)
		}
	}
	name := template.Value.Text
	for _, f := range l.program.Fields {
		if slices.Contains(f.Templates, template) {
			l.want(f.Name)
		}
	}
	l.emit(Op{Kind: GenKey, Slot: slot, Application: a.Letter, Key: key, Template: name, Label: label,
		Requires: []string{"user"}, Changes: []string{"+key"}, Source: l.source(a.Block, at)})
	again := l.aloneForRequest(a, slot)
	l.emit(Op{Kind: ReqCert, Slot: slot, Application: a.Letter, Template: name, Contents: l.contents(template),
		Requires: []string{"user", "key"}, Changes: []string{"+pkcs10"}, Source: l.source(a.Block, template)})
	again()
	l.emit(Op{Kind: PutCert, Slot: slot, Application: a.Letter, Template: name, Label: label,
		Requires: []string{"user", "key", "pkcs10"}, Changes: []string{"+certificate"}, Source: l.source(a.Block, template)})
}

// NoLabel says what is wrong with a key whose label is empty, and NoLabelHelp what
// to do: keys are told apart and replaced by it.
const (
	NoLabel     = "the label of the key is empty"
	NoLabelHelp = "give KeyLabel a value, or leave it out: then the key is labelled as its template is named"
)

// warnOfUse says once where a token gives a key more uses than its template.
func (l *lowering) warnOfUse(at *check.Setting) {
	facts := l.options.Profile
	w := Warning{Line: l.line(at), Message: "an RSA key on a token of the profile " + facts.Name + " decrypts too, whatever its certificate is for"}
	warned := func(other Warning) bool { return other.Message == w.Message }
	if facts.Is(profile.FreeUse) == profile.No && !slices.ContainsFunc(l.plan.Warnings, warned) {
		l.plan.Warnings = append(l.plan.Warnings, w)
	}
}

// contents says what inscribe.toml puts into the certificates of a template. A
// project that configures templates and leaves this one out is warned.
func (l *lowering) contents(template *check.Setting) []string {
	templates := l.program.Config.Certificates
	name := template.Value.Text
	c, known := templates[name]
	if !known {
		warned := func(w Warning) bool { return w.Line == l.line(template) }
		if len(templates) > 0 && !slices.ContainsFunc(l.plan.Warnings, warned) {
			message := fmt.Sprintf("inscribe.toml has no [certificate.%s], so that apply refuses to ask for its certificate", name)
			if near := l.program.Config.InOtherCase(name); len(near) > 0 {
				message += "; it has [certificate." + strings.Join(near, "] and [certificate.") + "], and the case counts"
			}
			l.plan.Warnings = append(l.plan.Warnings, Warning{Line: l.line(template), Message: message})
		}
		return nil
	}
	var out []string
	add := func(what, value string) {
		if value != "" {
			out = append(out, what+" "+value)
		}
	}
	add("subject", c.Subject)
	add("e-mail", c.EMail)
	add("DNS name", c.DNS)
	add("UPN", c.UPN)
	add("key usage", strings.Join(c.KeyUsage, ", "))
	add("extended key usage", strings.Join(c.EKU, ", "))
	if c.ValidityDays > 0 {
		add("valid for", plural(c.ValidityDays, "day"))
	}
	add("policies", strings.Join(c.Policies, ", "))
	add("issued by", c.CA)
	return out
}
