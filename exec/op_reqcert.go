package exec

import (
	"context"
	"encoding/hex"
	"slices"

	"inscribe/plan"
)

// reqCert has the new key sign one PKCS#10 and gets the certificate for it. The
// answer is journalled before it is written to the token, so that a crash in
// between costs no second certificate.
func (r *run) reqCert(op *plan.Op, slot string, record *Record) error {
	w := r.workOf(op)
	if err := r.findAlone(w, slot); err != nil {
		return err
	}
	req := r.certificateRequest(op, slot)
	req.Key = w.public
	if der := r.issued[op.ID]; der != nil {
		previous, err := r.Issuer.Parse(der)
		if err != nil {
			return err
		}
		req.Previous = &previous
	}
	again, err := r.contextOf(slot, w.private)
	if err != nil {
		return err
	}
	sign := func(ctx context.Context, m MechanismType, input []byte) (signature []byte, err error) {
		if again == nil {
			signature, err = r.token(slot).Sign(ctx, m, w.private, input, nil)
			return signature, r.wrongGuard(err, slot)
		}
		err = r.show(slot, "user", *again, func() error {
			signature, err = r.token(slot).Sign(ctx, m, w.private, input, again)
			return err
		})
		return signature, r.wrongGuard(err, slot)
	}
	pkcs10, err := r.Issuer.Request(r.ctx, req, sign)
	if err != nil {
		return err
	}
	w.request = pkcs10
	cert, err := r.Issuer.Issue(r.ctx, req, pkcs10)
	if err != nil {
		return err
	}
	if !r.Issuer.SameKey(cert.Key, w.public) {
		return &Error{Kind: Device, Message: "the CA returned a certificate for another key"}
	}
	w.cert = &cert
	if record.Asked, err = r.Issuer.Describe(req); err != nil {
		return err
	}
	record.KeyID, record.DER, record.Fingerprint = hex.EncodeToString(w.id), cert.DER, fingerprintOf(cert.DER)
	return nil
}

// contextOf gives the PIN that a key wants for each use (CKA_ALWAYS_AUTHENTICATE),
// nil where it wants none. Some cards make signature keys so without being asked.
func (r *run) contextOf(slot string, private Object) (*Credential, error) {
	attrs, err := r.token(slot).Attributes(r.ctx, private, CKAAlwaysAuthenticate)
	if err != nil || !attrs[0].AsBool() {
		return nil, err
	}
	c := r.at(slot).pin
	return &c, nil
}

// recallIssued takes in the certificates that earlier runs of the plan got: whatever
// becomes of them, no CA gives their serial numbers out again.
func (r *run) recallIssued(earlier []Record) {
	r.issued = map[string][]byte{}
	for _, rec := range earlier {
		for _, e := range append(slices.Clone(rec.Earlier), rec) {
			if e.DER != nil {
				r.issued[e.ID] = e.DER
			}
		}
	}
}

func (r *run) certificateRequest(op *plan.Op, slot string) CertificateRequest {
	return CertificateRequest{Application: op.Application, Template: op.Template, Fields: r.Inputs.Text, Token: r.info(slot)}
}
