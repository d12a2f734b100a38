package ca

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"time"

	"inscribe/exec"
	"inscribe/exec/pki"
	"inscribe/internal/durable"
)

const (
	// defaultDays is for templates that leave it to the CA.
	defaultDays = 365
	// backdate lets a machine whose clock is behind use a certificate at once.
	backdate = 5 * time.Minute
)

// Enroll issues for a request of the engine; see [Embedded.Issue]. It makes an
// Embedded a [CA].
func (e *Embedded) Enroll(ctx context.Context, t pki.Template, r exec.CertificateRequest, pkcs10 []byte) ([]byte, error) {
	if err := e.Check(ctx); err != nil {
		return nil, err
	}
	return e.Issue(t, pki.Fields(r), pkcs10)
}

// Issue verifies the signature of a PKCS#10, issues a certificate for its public
// key and gives its DER. Names, usages, policies and validity (365 days where the
// template has none, never past the CA's own end) come from template and fields,
// not from the PKCS#10. The certificate is in the folder, as
// issued/SERIAL.pem with the serial number in hexadecimal, before it is returned.
//
// A PKCS#10 or a field that does not fit is refused; a file that cannot be
// written is of kind Local.
func (e *Embedded) Issue(t pki.Template, fields map[string]string, pkcs10 []byte) ([]byte, error) {
	w, err := t.Expand(fields)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(pkcs10)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return nil, &exec.Error{Kind: exec.Refused, Message: e.about(t, "does not take the PKCS#10"), Advice: "make the request anew", Cause: err}
	}
	key, err := pki.FromCrypto(csr.PublicKey)
	if err != nil {
		return nil, err
	}
	if err := w.Fits(key.Type); err != nil {
		return nil, &exec.Error{Kind: exec.Refused, Message: e.about(t, "does not take the key"), Cause: err}
	}
	fill, err := e.fill(t, w, key)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, fill, e.cert, csr.PublicKey, e.key)
	if err != nil {
		return nil, &exec.Error{Kind: exec.Device, Message: e.about(t, "could not sign"), Cause: err}
	}
	path := filepath.Join(e.dir, issuedDir, pki.SerialText(fill.SerialNumber)+".pem")
	if err := durable.Replace(path, encodeCertificate(der), 0o600); err != nil {
		return nil, local(e.about(t, "could not keep the certificate"), "", err)
	}
	return der, nil
}

// fill makes the certificate but for the key and the signature (RFC 5280 section
// 4). crypto/x509 takes the authority key identifier from the CA's certificate.
func (e *Embedded) fill(t pki.Template, w pki.Wanted, key exec.PublicKey) (*x509.Certificate, error) {
	now := e.now().UTC()
	if !now.Before(e.cert.NotAfter) {
		return nil, &exec.Error{Kind: exec.Device, Message: e.about(t, "has expired"), Advice: "move the folder " + e.dir + " away to start a new CA"}
	}
	id, err := pki.KeyID(key)
	if err != nil {
		return nil, err
	}
	extensions, err := w.Extensions()
	if err != nil {
		return nil, &exec.Error{Kind: exec.Refused, Message: e.about(t, "cannot encode the extensions"), Cause: err}
	}
	serial, err := newSerial()
	if err != nil {
		return nil, &exec.Error{Kind: exec.Device, Message: e.about(t, "got no random number"), Cause: err}
	}
	from, to := now.Add(-backdate), now.AddDate(0, 0, cmp.Or(t.Days, defaultDays))
	if from.Before(e.cert.NotBefore) {
		from = e.cert.NotBefore
	}
	if to.After(e.cert.NotAfter) {
		to = e.cert.NotAfter
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		RawSubject:            w.Subject,
		NotBefore:             from,
		NotAfter:              to,
		BasicConstraintsValid: true,
		SubjectKeyId:          id,
		Policies:              w.Policies,
		ExtraExtensions:       extensions,
	}, nil
}

func (e *Embedded) about(t pki.Template, what string) string {
	return fmt.Sprintf("CA %q %s for certificate template %s", e.Name(), what, t.Name)
}
