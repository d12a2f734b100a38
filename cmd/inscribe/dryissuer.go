package main

import (
	"bytes"
	"context"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/exec/pki"
)

// dryIssuer reads what is given as apply does, so that a dry-run has the same verdict
// on it, and makes symbols of what is to be issued and of what has no value yet.
type dryIssuer struct{ model.Issuer }

// Parse reads a certificate, or gives a symbol for one without a value.
func (d dryIssuer) Parse(data []byte) (exec.Certificate, error) {
	if bytes.HasPrefix(data, []byte(exec.SymbolicCertificate)) {
		return d.Issuer.Parse(data)
	}
	return pki.Parse(data)
}

// ParseList reads a list, or gives a symbol for one without a value.
func (d dryIssuer) ParseList(data []byte) ([]exec.ListEntry, error) {
	if data == nil {
		return d.Issuer.ParseList(data)
	}
	return pki.ParseList(data)
}

// KeyID goes by the rule, or by that of symbols.
func (d dryIssuer) KeyID(k exec.PublicKey) ([]byte, error) {
	if id, err := pki.KeyID(k); err == nil {
		return id, nil
	}
	return d.Issuer.KeyID(k)
}

// SameKey compares keys and symbols.
func (d dryIssuer) SameKey(a, b exec.PublicKey) bool {
	return pki.Equal(a, b) || d.Issuer.SameKey(a, b)
}

// checkedIssuer lets the real issuer look at what is asked of it, and makes symbols: no
// CA is asked for anything.
type checkedIssuer struct {
	dryIssuer
	real exec.Issuer
}

// Check is the issuer's own.
func (c checkedIssuer) Check(ctx context.Context, r exec.CertificateRequest) error {
	return c.real.Check(ctx, r)
}

// seededIssuer looks at what is there as the real issuer does, too.
type seededIssuer struct{ checkedIssuer }

// Describe is the issuer's own.
func (s seededIssuer) Describe(r exec.CertificateRequest) (string, error) {
	return s.real.Describe(r)
}

// Decrypts is the issuer's own.
func (s seededIssuer) Decrypts(template string) (bool, error) { return s.real.Decrypts(template) }
