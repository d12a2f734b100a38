package plan

import (
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
	if slot != Default && l.options.Profile.Is(profile.BothLogins) == profile.Yes {
		l.login(Default)
	}
	l.login(slot)
	template := a.Get(schema.MCertTempl)
	key, at := &Key{Type: "RSA"}, a.Get(schema.MKeySize)
	if at != nil {
		key.Bits = at.Value.Number
	} else {
		at = a.Get(schema.MECCurve)
		key = &Key{Type: "EC", Curve: at.Value.Text}
		if strings.HasPrefix(key.Curve, "brainpool") {
			l.refuse(at, "a request signed on "+key.Curve+" cannot be verified by this version of Inscribe", "choose P-256, P-384, P-521 or Ed25519")
		}
	}
	if facts := l.options.Profile; facts.Is(profile.FreeKeyID) == profile.No {
		l.refuse(at, "tokens of the profile "+facts.Name+" choose the CKA_ID of a key themselves, and this version of Inscribe pairs key and certificate by one of its own", "use another kind of token, or the vendor's tool")
	}
	label := PlainText(template.Value.Text)
	if s := a.Get(schema.MKeyLabel); s != nil {
		label = l.text(s)
	}
	name := template.Value.Text
	for _, f := range l.program.Fields {
		if slices.Contains(f.Templates, template) {
			l.want(f.Name)
		}
	}
	l.emit(Op{Kind: GenKey, Slot: slot, Application: a.Letter, Key: key, Template: name, Label: label,
		Requires: []string{"user"}, Changes: []string{"+key"}, Source: l.source(a.Block, at)})
	l.emit(Op{Kind: ReqCert, Slot: slot, Application: a.Letter, Template: name,
		Requires: []string{"user", "key"}, Changes: []string{"+pkcs10"}, Source: l.source(a.Block, template)})
	l.emit(Op{Kind: PutCert, Slot: slot, Application: a.Letter, Template: name, Label: label,
		Requires: []string{"user", "key", "pkcs10"}, Changes: []string{"+certificate"}, Source: l.source(a.Block, template)})
}
