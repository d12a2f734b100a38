package ca

import (
	"crypto/x509"
	"fmt"
	"time"

	"inscribe/exec"
	"inscribe/exec/pki"
)

var _ exec.Matcher = (*Issuers)(nil)

// Matches holds a certificate that is on a token against its template, as Issue
// does with a new one, but for the time: an expired certificate still is what was
// asked for.
func (s *Issuers) Matches(r exec.CertificateRequest, cert exec.Certificate) error {
	t, _, err := s.wanted(r)
	if err != nil {
		return err
	}
	begin, err := time.Parse(time.RFC3339, cert.Display.NotBefore)
	if err != nil {
		return err
	}
	// Certificates on curves that the library cannot compute with are on tokens
	// too; that they cannot be compared is no drift.
	if _, err := x509.ParseCertificate(cert.DER); err != nil {
		return fmt.Errorf("it cannot be compared: %w", err)
	}
	return pki.Compare(t, r, cert, begin)
}
