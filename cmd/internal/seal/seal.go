package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// PayloadType is the type of the signed bytes.
const PayloadType = "application/vnd.inscribe.plan+json"

// Envelope is a DSSE envelope.
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"` // base64
	Signatures  []Signature `json:"signatures"`
}

// Signature is one signature of an envelope.
type Signature struct {
	// KeyID is the SHA-256 of the public key's SubjectPublicKeyInfo, hexadecimal.
	// It helps to find a key and proves nothing.
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"` // base64
}

// errUntrusted says that no signature of the envelope is by a key that is
// trusted.
var errUntrusted = errors.New("no signature is by a key that this station trusts")

// encode is the pre-authentication encoding of DSSE.
func encode(payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(PayloadType), PayloadType, len(payload), payload)
}

// Sign makes an envelope around payload, signed by the private key of a PEM file
// (PKCS#8 or SEC 1).
func Sign(payload, keyPEM []byte) ([]byte, error) {
	key, err := parsePrivate(keyPEM)
	if err != nil {
		return nil, err
	}
	message := encode(payload)
	var sig []byte
	switch k := key.(type) {
	case ed25519.PrivateKey:
		sig = ed25519.Sign(k, message)
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256(message)
		if sig, err = ecdsa.SignASN1(rand.Reader, k, digest[:]); err != nil {
			return nil, fmt.Errorf("signing the plan: %w", err)
		}
	}
	id, err := KeyID(key.(crypto.Signer).Public())
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(Envelope{PayloadType, base64.StdEncoding.EncodeToString(payload), []Signature{{id, base64.StdEncoding.EncodeToString(sig)}}}, "", "  ")
	return append(b, '\n'), err
}

func parsePrivate(keyPEM []byte) (any, error) {
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, errors.New("the key file is no PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("the key file is encrypted; decrypt it first")
	default:
		return nil, fmt.Errorf("the key file holds a %s, and a PRIVATE KEY is wanted", block.Type)
	}
	if err != nil {
		return nil, errors.New("the key file holds no private key that can be read")
	}
	switch key.(type) {
	case ed25519.PrivateKey, *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, errors.New("the key is neither Ed25519 nor ECDSA")
}

// KeyID names a public key.
func KeyID(public crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// ParsePublic reads a public key as PEM.
func ParsePublic(data []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("is no PEM of a PUBLIC KEY")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("holds no public key that can be read")
	}
	switch key.(type) {
	case ed25519.PublicKey, *ecdsa.PublicKey:
		return key, nil
	}
	return nil, errors.New("is neither Ed25519 nor ECDSA")
}

// Open takes an envelope apart. sealed is false where the data is no envelope.
func Open(data []byte) (e Envelope, payload []byte, sealed bool, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if dec.Decode(&e) != nil || e.PayloadType == "" && e.Payload == "" {
		return e, nil, false, nil
	}
	if e.PayloadType != PayloadType {
		return e, nil, true, fmt.Errorf("the envelope holds %q and no plan", e.PayloadType)
	}
	payload, err = base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		return e, nil, true, errors.New("the payload of the envelope is no base64")
	}
	return e, payload, true, nil
}

// Verify demands a good signature by one of the keys; it gives that key's id.
func Verify(e Envelope, payload []byte, trusted []crypto.PublicKey) (string, error) {
	message := encode(payload)
	digest := sha256.Sum256(message)
	for _, s := range e.Signatures {
		sig, err := base64.StdEncoding.DecodeString(s.Sig)
		if err != nil {
			continue
		}
		for _, key := range trusted {
			good := false
			switch k := key.(type) {
			case ed25519.PublicKey:
				good = ed25519.Verify(k, message, sig)
			case *ecdsa.PublicKey:
				good = ecdsa.VerifyASN1(k, digest[:], sig)
			}
			if good {
				return KeyID(key)
			}
		}
	}
	return "", errUntrusted
}
