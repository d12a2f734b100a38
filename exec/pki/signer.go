package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"
	"io"
	"math/big"

	"inscribe/exec"
)

// tokenSigner is a [crypto.Signer] that lets the token sign, once. It keeps the
// error, since crypto/x509 need not hand it on unchanged.
type tokenSigner struct {
	public crypto.PublicKey
	sign   func(exec.MechanismType, []byte) ([]byte, error)
	calls  int
	err    error
}

// digestInfoSHA256 comes before a SHA-256 in a DigestInfo (RFC 8017 section
// 9.2, note 1).
var digestInfoSHA256 = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

func (s *tokenSigner) Public() crypto.PublicKey { return s.public }

func (s *tokenSigner) Sign(_ io.Reader, input []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.calls++
	if s.calls > 1 {
		s.err = refused("", "a second signature was wanted for one request")
		return nil, s.err
	}
	var sig []byte
	sig, s.err = s.once(input, opts)
	return sig, s.err
}

func (s *tokenSigner) once(input []byte, opts crypto.SignerOpts) ([]byte, error) {
	switch pub := s.public.(type) {
	case *rsa.PublicKey:
		if opts.HashFunc() != crypto.SHA256 {
			return nil, refused("", "only SHA-256 is used to sign with RSA")
		}
		return s.sign(exec.CKMRSAPKCS, append(digestInfoSHA256[:len(digestInfoSHA256):len(digestInfoSHA256)], input...))
	case *ecdsa.PublicKey:
		raw, err := s.sign(exec.CKMECDSA, input)
		if err != nil {
			return nil, err
		}
		size := (pub.Curve.Params().BitSize + 7) / 8
		if len(raw) != 2*size {
			return nil, &exec.Error{Kind: exec.Device, Call: "C_Sign", Message: "the token gave a signature of the wrong length for the curve"}
		}
		return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])})
	case ed25519.PublicKey:
		return s.sign(exec.CKMEDDSA, input)
	default:
		return nil, refused(adviceKeys, "keys of type %T are not supported", pub)
	}
}
