package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"

	"inscribe/exec"
)

// ParseList reads a certificate-key list: certificate, comma, private key,
// semicolon and so on, each base64 (the vendor's page "Certificates and keys");
// a key is PKCS#8 (RFC 5958), PKCS#1 or SEC 1, and may be missing. A key that
// does not belong to its certificate is an error. Errors count entries from 1 and
// never show one.
func ParseList(data []byte) ([]exec.ListEntry, error) {
	var entries []exec.ListEntry
	for i, item := range bytes.Split(bytes.TrimRight(bytes.TrimSpace(data), ";"), []byte(";")) {
		certificate, key, _ := bytes.Cut(item, []byte(","))
		e := exec.ListEntry{}
		var err error
		if e.Certificate, err = Parse(bytes.TrimSpace(certificate)); err != nil {
			return nil, fmt.Errorf("entry %d: the certificate: %w", i+1, err)
		}
		if key = bytes.TrimSpace(key); len(key) > 0 {
			attributes, err := privateKey(key, e.Certificate.Key)
			if err != nil {
				return nil, fmt.Errorf("entry %d: the private key: %w", i+1, err)
			}
			e.Private = func() []exec.Attribute { return attributes }
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// privateKey gives the attributes of a private key object, without those that
// are the same for every key.
func privateKey(text []byte, want exec.PublicKey) ([]exec.Attribute, error) {
	der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(text), nil)))
	if err != nil {
		return nil, fmt.Errorf("is no base64")
	}
	key, err := parsePrivate(der)
	if err != nil {
		return nil, err
	}
	attributes, public, err := privateAttributes(key)
	if err != nil {
		return nil, err
	}
	have, err := FromCrypto(public)
	if err != nil || !Equal(have, want) {
		return nil, fmt.Errorf("does not belong to the certificate")
	}
	return attributes, nil
}

func parsePrivate(der []byte) (any, error) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return nil, fmt.Errorf("is no PKCS#8 that can be read here; an encrypted one must be decrypted first")
}

func privateAttributes(key any) ([]exec.Attribute, any, error) {
	number := func(t exec.AttributeType, n *big.Int) exec.Attribute { return exec.Bytes(t, n.Bytes()) }
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if len(k.Primes) != 2 {
			return nil, nil, fmt.Errorf("has other than two primes")
		}
		k.Precompute()
		return []exec.Attribute{
			number(exec.CKAModulus, k.N), number(exec.CKAPublicExponent, big.NewInt(int64(k.E))), number(exec.CKAPrivateExponent, k.D),
			number(exec.CKAPrime1, k.Primes[0]), number(exec.CKAPrime2, k.Primes[1]),
			number(exec.CKAExponent1, k.Precomputed.Dp), number(exec.CKAExponent2, k.Precomputed.Dq), number(exec.CKACoefficient, k.Precomputed.Qinv),
		}, k.Public(), nil
	case *ecdsa.PrivateKey:
		public, err := FromCrypto(k.Public())
		if err != nil {
			return nil, nil, err
		}
		value, err := k.Bytes()
		if err != nil {
			return nil, nil, fmt.Errorf("is damaged")
		}
		return []exec.Attribute{exec.Bytes(exec.CKAECParams, public.Params), exec.Bytes(exec.CKAValue, value)}, k.Public(), nil
	case ed25519.PrivateKey:
		public, err := FromCrypto(k.Public())
		if err != nil {
			return nil, nil, err
		}
		return []exec.Attribute{exec.Bytes(exec.CKAECParams, public.Params), exec.Bytes(exec.CKAValue, k.Seed())}, k.Public(), nil
	}
	return nil, nil, fmt.Errorf("is of a kind that cannot be imported (%T)", key)
}
