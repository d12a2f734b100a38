package exec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"inscribe/plan"
)

// putCert writes a certificate with all that applications look for beside it,
// and reads all of it back.
func (r *run) putCert(op *plan.Op, slot string, record *Record) error {
	w := r.workOf(op)
	if op.Certificate != nil {
		cert, err := r.given(op)
		if err != nil {
			return err
		}
		w.cert = &cert
		if w.id, err = r.certificateID(cert); err != nil {
			return err
		}
	}
	label, err := r.label(op)
	if err != nil {
		return err
	}
	if label == "" {
		label = w.cert.Display.Subject
	}
	record.KeyID, record.Label, record.Fingerprint = hex.EncodeToString(w.id), label, fingerprintOf(w.cert.DER)
	there := false
	if !w.made {
		if there, err = r.certificateThere(slot, w.id, record.Fingerprint); err != nil {
			return err
		}
	}
	if !there {
		if err := r.writeCertificate(slot, label, w.id, *w.cert); err != nil {
			return err
		}
	}
	r.noteObject(op, slot, label, w.id, &w.cert.Display)
	if op.Certificate != nil {
		record.Beside, err = r.writtenBeside(op, slot)
	}
	return err
}

// certificateID is the CKA_ID of a given certificate.
func (r *run) certificateID(c Certificate) ([]byte, error) {
	id, err := r.Issuer.KeyID(c.Key)
	if err != nil {
		return nil, &Error{Kind: Refused, Message: "the key of the certificate for " + c.Display.Subject, Cause: err}
	}
	return id, nil
}

// writeCertificate writes a certificate and reads it back.
func (r *run) writeCertificate(slot, label string, id []byte, cert Certificate) error {
	written := []Attribute{Text(CKALabel, label), Bytes(CKAID, id), Bytes(CKASubject, cert.Subject),
		Bytes(CKAIssuer, cert.Issuer), Bytes(CKASerialNumber, cert.Serial), Bytes(CKAValue, cert.DER)}
	t := r.token(slot)
	object, err := t.CreateObject(r.ctx, append([]Attribute{Ulong(CKAClass, CKOCertificate), Bool(CKAToken, true), Bool(CKAPrivate, false),
		Ulong(CKACertificateType, CKCX509)}, written...))
	if err != nil {
		return err
	}
	read, err := t.Attributes(r.ctx, object, CKALabel, CKAID, CKASubject, CKAIssuer, CKASerialNumber, CKAValue)
	if err != nil {
		return err
	}
	return compare("certificate", written, read)
}

// SymbolicCertificate begins what stands for a certificate that has no value yet.
const SymbolicCertificate = "symbolic certificate of "

// given reads the certificate that a field holds.
func (r *run) given(op *plan.Op) (Certificate, error) {
	text, ok := r.Inputs.Text[op.Certificate.Field]
	switch {
	case !ok && !r.Symbolic:
		return Certificate{}, noValue(op.Certificate)
	case !ok:
		text = SymbolicCertificate + op.Certificate.Words()
	}
	cert, err := r.Issuer.Parse([]byte(text))
	if err != nil {
		return cert, &Error{Kind: Refused, Message: "the certificate of " + op.Certificate.Words() + " cannot be read", Cause: err,
			Advice: "give X.509 as base64, PEM or DER"}
	}
	return cert, nil
}

// label is the label of an op with the values of its fields.
func (r *run) label(op *plan.Op) (string, error) {
	text := op.Label.With(r.Inputs.Text)
	if s, ok := text.Resolved(); ok {
		return s, nil
	}
	if r.Symbolic {
		return text.Words(), nil
	}
	return "", &Error{Kind: Refused, Message: "the label " + quote(text.Words()) + " has fields without a value"}
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

func fingerprintOf(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func (r *run) workOf(op *plan.Op) *work {
	if r.work[op.Application] == nil {
		r.work[op.Application] = &work{}
	}
	return r.work[op.Application]
}

// noteObject puts a key, and later its certificate, into the result.
func (r *run) noteObject(op *plan.Op, slot, label string, id []byte, cert *CertificateDisplay) {
	for i := range r.result.Objects {
		if o := &r.result.Objects[i]; o.Application == op.Application {
			o.Certificate = cert
			return
		}
	}
	r.result.Objects = append(r.result.Objects, ResultObject{Application: op.Application, Slot: slot, Label: label, ID: hex.EncodeToString(id), Certificate: cert})
}
