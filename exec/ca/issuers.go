package ca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"inscribe/exec"
	"inscribe/exec/pki"
)

// CA is one certification authority.
type CA interface {
	// Name is what messages call it.
	Name() string
	// Check tells, without asking for anything to be issued, whether the CA can
	// be reached and would issue.
	Check(ctx context.Context) error
	// Enroll has a certificate issued for a PKCS#10 and gives its DER. The
	// PKCS#10 has been verified; what comes back is compared by the caller.
	Enroll(ctx context.Context, t pki.Template, r exec.CertificateRequest, pkcs10 []byte) (certDER []byte, err error)
}

// Options are what [Issuers] are made of.
type Options struct {
	// Templates are the configured templates by name.
	Templates map[string]pki.Template
	// Default stands in for a template that is not configured, under the name
	// asked for; nil refuses such a name.
	Default *pki.Template
	// CAFor chooses the CA for the name of a template. Its error tells why
	// there is none.
	CAFor func(template string) (CA, error)
	// Now is the clock against which certificates are compared; nil is that of
	// the machine.
	Now func() time.Time
}

// Issuers turns public keys into certificates by templates and CAs. It
// implements [exec.Issuer].
type Issuers struct{ o Options }

var _ exec.Issuer = (*Issuers)(nil)

// DefaultTemplate gives the template for a first try: named after the template
// and the token, for signing in to something and nothing else. Nothing is guessed
// from the name.
func DefaultTemplate() pki.Template {
	return pki.Template{
		Subject:  "CN={" + pki.FieldTemplate + "} {" + pki.FieldTokenSerial + "}",
		KeyUsage: []string{"digitalSignature"},
		EKU:      []string{"clientAuth"},
	}
}

// New makes Issuers. Templates are copied.
func New(o Options) *Issuers {
	o.Templates = maps.Clone(o.Templates)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Issuers{o}
}

// Check tells whether a request could be served: its template is known and
// right, its fields give the names, its key may have the usages, and its CA is
// ready. Nothing is issued.
func (s *Issuers) Check(ctx context.Context, r exec.CertificateRequest) error {
	t, w, err := s.wanted(r)
	if err != nil {
		return err
	}
	if err := fits(t, w, r.Key.Type); err != nil {
		return err
	}
	ca, err := s.ca(t)
	if err != nil {
		return err
	}
	if err := ca.Check(ctx); err != nil {
		return failed(t, ca, "is not ready", err)
	}
	return nil
}

// Describe names subject, alternative names, usages and policies of the
// certificate that a request asks for.
func (s *Issuers) Describe(r exec.CertificateRequest) (string, error) {
	t, w, err := s.wanted(r)
	if err != nil {
		return "", err
	}
	subject, err := pki.FormatName(w.Subject)
	if err != nil {
		return "", err
	}
	parts := []string{subject}
	for _, p := range []struct {
		what   string
		values []string
	}{{"e-mail", w.SAN.EMail}, {"DNS", w.SAN.DNS}, {"URI", w.SAN.URI}, {"UPN", w.SAN.UPN}, {"usage", t.KeyUsage}, {"extended usage", t.EKU}, {"policy", t.Policies}} {
		if len(p.values) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.values, ", "))
		}
	}
	return strings.Join(parts, "; "), nil
}

// Request makes and verifies the PKCS#10; see [pki.Request].
func (s *Issuers) Request(ctx context.Context, r exec.CertificateRequest, sign exec.Signer) ([]byte, error) {
	t, w, err := s.wanted(r)
	if err != nil {
		return nil, err
	}
	if err := fits(t, w, r.Key.Type); err != nil {
		return nil, err
	}
	return pki.Request(ctx, r.Key, w, sign)
}

// Issue hands a PKCS#10 to the CA of the template and compares what comes back;
// see [pki.Compare]. A PKCS#10 for another key or another subject than the
// request's is refused before the CA sees it.
func (s *Issuers) Issue(ctx context.Context, r exec.CertificateRequest, pkcs10 []byte) (exec.Certificate, error) {
	t, w, err := s.wanted(r)
	if err != nil {
		return exec.Certificate{}, err
	}
	csr, err := pki.VerifyRequest(pkcs10, r.Key)
	if err != nil {
		return exec.Certificate{}, stale(t, err)
	}
	if !bytes.Equal(csr.RawSubject, w.Subject) {
		return exec.Certificate{}, stale(t, errors.New("the PKCS#10 is for another subject"))
	}
	ca, err := s.ca(t)
	if err != nil {
		return exec.Certificate{}, err
	}
	der, err := ca.Enroll(ctx, t, r, pkcs10)
	if err != nil {
		return exec.Certificate{}, failed(t, ca, "issued no certificate", err)
	}
	cert, err := pki.Parse(der)
	if err != nil {
		return exec.Certificate{}, &exec.Error{Kind: exec.Device, Message: message(t, ca, "returned something else than a certificate"), Advice: "ask who runs the CA", Cause: err}
	}
	if err := pki.Compare(t, r, cert, s.o.Now()); err != nil {
		return exec.Certificate{}, failed(t, ca, "issued the wrong certificate", err)
	}
	return cert, nil
}

// ParseList reads a certificate-key list.
func (s *Issuers) ParseList(data []byte) ([]exec.ListEntry, error) { return pki.ParseList(data) }

// KeyID gives the CKA_ID for a key.
func (s *Issuers) KeyID(k exec.PublicKey) ([]byte, error) { return pki.KeyID(k) }

// SameKey reports whether two public keys are one.
func (s *Issuers) SameKey(a, b exec.PublicKey) bool { return pki.Equal(a, b) }

// Parse reads a certificate; see [pki.Parse].
func (s *Issuers) Parse(data []byte) (exec.Certificate, error) { return pki.Parse(data) }

// Decrypts tells by the key usages of the template whether a key for it is to
// decrypt, unwrap or derive.
func (s *Issuers) Decrypts(template string) (bool, error) {
	t, err := s.template(template)
	if err != nil {
		return false, err
	}
	return t.Decrypt(), t.Check()
}

func (s *Issuers) template(name string) (pki.Template, error) {
	t, ok := s.o.Templates[name]
	if !ok {
		if s.o.Default == nil {
			known := "none is configured"
			if len(s.o.Templates) > 0 {
				known = "configured are " + strings.Join(slices.Sorted(maps.Keys(s.o.Templates)), ", ")
			}
			advice := "add a table [certificate." + name + "] to the configuration"
			if len(s.o.Templates) == 0 {
				advice += ", or say --lab-ca if it is a test card"
			}
			for _, other := range slices.Sorted(maps.Keys(s.o.Templates)) {
				if strings.EqualFold(other, name) {
					advice = "write CertTempl=" + other + ", since the case counts, or " + advice
				}
			}
			return pki.Template{}, &exec.Error{
				Kind:    exec.Refused,
				Message: fmt.Sprintf("certificate template %q is not known: %s", name, known),
				Advice:  advice,
			}
		}
		t = *s.o.Default
	}
	t.Name = name
	return t, nil
}

func (s *Issuers) wanted(r exec.CertificateRequest) (pki.Template, pki.Wanted, error) {
	t, err := s.template(r.Template)
	if err != nil {
		return t, pki.Wanted{}, err
	}
	w, err := t.Expand(pki.Fields(r))
	return t, w, err
}

func (s *Issuers) ca(t pki.Template) (CA, error) {
	if s.o.CAFor == nil {
		return nil, noCA(t, nil)
	}
	ca, err := s.o.CAFor(t.Name)
	if err == nil && ca == nil {
		return nil, noCA(t, nil)
	}
	if err != nil {
		return nil, noCA(t, err)
	}
	return ca, nil
}

// noCA keeps the kind of the cause: a folder that cannot be read is no refusal.
func noCA(t pki.Template, cause error) error {
	e := &exec.Error{
		Kind:    exec.Refused,
		Message: "there is no CA for certificate template " + t.Name,
		Advice:  "name the CA of the template in the configuration",
		Cause:   cause,
	}
	inherit(e, cause)
	return e
}

func fits(t pki.Template, w pki.Wanted, keyType uint64) error {
	err := w.Fits(keyType)
	if err == nil {
		return nil
	}
	e := &exec.Error{Kind: exec.Refused, Message: "certificate template " + t.Name + " does not fit the key", Cause: err}
	inherit(e, err)
	return e
}

func stale(t pki.Template, cause error) error {
	return &exec.Error{
		Kind:    exec.Refused,
		Message: "the request does not belong to certificate template " + t.Name + " as it is now",
		Advice:  "make the request anew",
		Cause:   cause,
	}
}

// failed names template and CA before an error of the CA, whose own kind and
// advice are kept.
func failed(t pki.Template, ca CA, what string, cause error) error {
	e := &exec.Error{Kind: exec.Device, Message: message(t, ca, what), Advice: "run again when the CA is back", Cause: cause}
	inherit(e, cause)
	return e
}

func message(t pki.Template, ca CA, what string) string {
	return fmt.Sprintf("CA %q %s for certificate template %s", ca.Name(), what, t.Name)
}

// inherit takes kind and advice from a cause that has them.
func inherit(e *exec.Error, cause error) {
	var inner *exec.Error
	if !errors.As(cause, &inner) {
		return
	}
	e.Kind = inner.Kind
	if advice := inner.Help(); advice != "" {
		e.Advice = advice
	}
}
