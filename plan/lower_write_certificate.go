package plan

import (
	"inscribe/check"
	"inscribe/check/schema"
)

// writeCertificate lowers WriteCertificate: a given certificate, with the CKA_ID
// that its public key gives.
func (l *lowering) writeCertificate(a *check.Application) {
	slot := l.slotOf(a)
	if !l.ready(slot, a.Get(schema.MCertificate)) {
		return
	}
	cert := a.Get(schema.MCertificate)
	field := cert.Value.Field.Name
	l.want(field)
	o := Op{Kind: PutCert, Slot: slot, Application: a.Letter, Certificate: &Ref{Field: field, Keyword: cert.Keyword.Name},
		Requires: []string{"user"}, Changes: []string{"+certificate"}, Source: l.source(a.Block, cert)}
	if s := a.Get(schema.MKeyLabel); s != nil {
		o.Label = l.text(s)
	}
	l.emit(o)
}
