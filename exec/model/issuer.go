package model

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"

	"inscribe/exec"
)

// Issuer makes symbolic certificates; it implements exec.Issuer.
type Issuer struct{}

// Check finds nothing wrong: a dry-run reaches no CA.
func (Issuer) Check(ctx context.Context, _ exec.CertificateRequest) error { return ctx.Err() }

// Describe gives the template with the fields.
func (Issuer) Describe(r exec.CertificateRequest) (string, error) {
	return fmt.Sprintf("%s %v", r.Template, r.Fields), nil
}

// Request lets the key sign once.
func (Issuer) Request(ctx context.Context, r exec.CertificateRequest, sign exec.Signer) ([]byte, error) {
	if _, err := sign(ctx, exec.CKMRSAPKCS, []byte(r.Template)); err != nil {
		return nil, err
	}
	return []byte("request for " + r.Template), nil
}

// Issue gives a symbol that holds the key of the request.
func (Issuer) Issue(ctx context.Context, r exec.CertificateRequest, _ []byte) (exec.Certificate, error) {
	return symbolic(fmt.Sprintf("certificate of %s for application %s", r.Template, r.Application), r.Key), ctx.Err()
}

func symbolic(name string, key exec.PublicKey) exec.Certificate {
	text := []byte(name)
	return exec.Certificate{DER: bytes.Join([][]byte{text, key.Modulus, key.Point}, nil), Subject: text, Issuer: []byte("model CA"), Serial: text, Key: key,
		Display: exec.CertificateDisplay{Subject: name, Issuer: "model CA"}}
}

// Parse gives a symbol for any certificate.
func (Issuer) Parse(data []byte) (exec.Certificate, error) {
	sum := sha256.Sum256(data)
	return symbolic("given certificate", exec.PublicKey{Point: sum[:]}), nil
}

// ParseList gives one symbol with a private key.
func (Issuer) ParseList(data []byte) ([]exec.ListEntry, error) {
	sum := sha256.Sum256(data)
	return []exec.ListEntry{{Certificate: symbolic("certificate of the list", exec.PublicKey{Point: sum[:]}), Private: func() []exec.Attribute { return nil }}}, nil
}

// KeyID hashes whatever the key holds.
func (Issuer) KeyID(k exec.PublicKey) ([]byte, error) {
	sum := sha1.Sum(bytes.Join([][]byte{k.Modulus, k.Point}, []byte{0}))
	return sum[:], nil
}

// SameKey compares symbols.
func (Issuer) SameKey(a, b exec.PublicKey) bool {
	return bytes.Equal(a.Modulus, b.Modulus) && bytes.Equal(a.Point, b.Point)
}

// Decrypts says no.
func (Issuer) Decrypts(string) (bool, error) { return false, nil }
