package pki

import (
	"context"
	"crypto/rand"
	"crypto/x509"

	"inscribe/exec"
)

// Request builds a PKCS#10 (RFC 2986) for the key and gives its DER. sign is
// called once: with a DigestInfo of SHA-256 for an RSA key, a digest of the
// curve's size for ECDSA, the request itself for Ed25519. The signature is
// verified with the key that was asked for before the request is given out, so
// that a token which signs with another key is found here and not at the CA.
//
// An error of sign is returned as it is. A key or usage that does not fit is
// refused before sign is called.
func Request(ctx context.Context, key exec.PublicKey, w Wanted, sign exec.Signer) ([]byte, error) {
	pub, err := PublicKey(key)
	if err != nil {
		return nil, err
	}
	if err := w.Fits(key.Type); err != nil {
		return nil, err
	}
	extensions, err := w.Extensions()
	if err != nil {
		return nil, refused("", "the extensions of the request cannot be encoded: %v", err)
	}
	signer := &tokenSigner{public: pub, sign: func(m exec.MechanismType, input []byte) ([]byte, error) {
		return sign(ctx, m, input)
	}}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		RawSubject:      w.Subject,
		ExtraExtensions: extensions,
	}, signer)
	if signer.err != nil {
		return nil, signer.err
	}
	// crypto/x509 verifies what a signer gives, but does not promise to.
	if err == nil {
		_, err = VerifyRequest(der, key)
	}
	if err != nil {
		return nil, &exec.Error{
			Kind:    exec.Device,
			Message: "the signature of the request does not verify with the public key of the token",
			Advice:  "the private key on the token may be another one than the public key beside it: compare their CKA_ID",
			Cause:   err,
		}
	}
	return der, nil
}

// VerifyRequest reads a PKCS#10, verifies its signature with the key inside
// (RFC 2986 section 4.2) and compares that key with the one given.
func VerifyRequest(der []byte, key exec.PublicKey) (*x509.CertificateRequest, error) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, refused("", "the PKCS#10 cannot be read: %v", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, refused("", "the signature of the PKCS#10 is wrong: %v", err)
	}
	inside, err := FromCrypto(csr.PublicKey)
	if err != nil {
		return nil, err
	}
	if !Equal(inside, key) {
		return nil, refused("", "the PKCS#10 is for another public key")
	}
	return csr, nil
}
