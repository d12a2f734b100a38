package ca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"inscribe/exec"
	"inscribe/exec/pki"
	"inscribe/internal/durable"
)

// The files of an embedded CA. Key and certificate lie in a folder of their own,
// which is filled first and then renamed: so they appear together or not at all,
// on every file system, and of two processes one wins.
const (
	authorityDir = "authority"
	keyFile      = "key.pem"
	certFile     = "cert.pem"
	issuedDir    = "issued"
)

const caLifetime = 10 * 365 * 24 * time.Hour

const adviceDamaged = "restore the file from a copy, or move the folder away to start a new CA; certificates issued so far will not verify with a new one"

// Embedded is a CA whose key and certificates are files in a folder. It may be
// used by several goroutines and several processes.
type Embedded struct {
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	now  func() time.Time
}

// Open loads the CA in a folder, and makes folder and CA (P-256, ten years) where
// there is none. Of several processes that open a new folder at once, all get the
// same CA. The errors, of kind Local, name the file and what is wrong with it: it
// is missing, damaged, or key and certificate do not belong together.
func Open(dir string) (*Embedded, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, local("the folder of the embedded CA cannot be made", "", err)
	}
	authority := filepath.Join(dir, authorityDir)
	if _, err := os.Stat(authority); errors.Is(err, fs.ErrNotExist) {
		if err := create(dir, authority); err != nil {
			return nil, local("the embedded CA cannot be created in "+dir, "", err)
		}
	} else if err != nil {
		return nil, local("the embedded CA cannot be read", "", err)
	}
	return load(dir, authority)
}

// Made reports whether there is a CA in a folder, so that [Open] would make none.
func Made(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, authorityDir))
	return !errors.Is(err, fs.ErrNotExist)
}

// create makes a CA and puts it in place, unless another process was first.
func create(dir, authority string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	certDER, err := selfSign(key, time.Now())
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := durable.Create(filepath.Join(tmp, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600); err != nil {
		return err
	}
	if err := durable.Create(filepath.Join(tmp, certFile), encodeCertificate(certDER), 0o600); err != nil {
		return err
	}
	if err := durable.SyncDir(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, authority); err != nil {
		// A folder that is not empty is never renamed over, but systems differ
		// in the error.
		if _, statErr := os.Stat(authority); statErr == nil {
			return nil
		}
		return err
	}
	return durable.SyncDir(dir)
}

// selfSign makes the CA's certificate (RFC 5280 sections 4.2.1.2, 4.2.1.3 and
// 4.2.1.9). The random part of the name tells one lab's CA from another's.
func selfSign(key *ecdsa.PrivateKey, now time.Time) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	short := make([]byte, 4)
	if _, err := rand.Read(short); err != nil {
		return nil, err
	}
	pub, err := pki.FromCrypto(key.Public())
	if err != nil {
		return nil, err
	}
	id, err := pki.KeyID(pub)
	if err != nil {
		return nil, err
	}
	// An hour back, so that a machine whose clock is behind takes it.
	from := now.Add(-time.Hour).UTC()
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Inscribe embedded CA " + hex.EncodeToString(short)},
		NotBefore:             from,
		NotAfter:              from.Add(caLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		SubjectKeyId:          id,
	}
	return x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
}

// newSerial gives a random positive number of 128 bits (RFC 5280 section
// 4.1.2.2 allows 20 octets).
func newSerial() (*big.Int, error) {
	for {
		n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
		if err != nil || n.Sign() > 0 {
			return n, err
		}
	}
}

func load(dir, authority string) (*Embedded, error) {
	keyPath, certPath := filepath.Join(authority, keyFile), filepath.Join(authority, certFile)
	keyDER, err := readPEM(keyPath, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	certDER, err := readPEM(certPath, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	// The causes are left out: they might quote the key.
	parsed, err := x509.ParsePKCS8PrivateKey(keyDER)
	if err != nil {
		return nil, local("the key of the embedded CA in "+keyPath+" is damaged", adviceDamaged, nil)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, local("the key of the embedded CA in "+keyPath+" is no key on an elliptic curve", adviceDamaged, nil)
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, local("the certificate of the embedded CA in "+certPath+" is damaged", adviceDamaged, err)
	}
	switch {
	case !key.PublicKey.Equal(cert.PublicKey):
		return nil, local(fmt.Sprintf("the key in %s does not belong to the certificate in %s", keyPath, certPath), adviceDamaged, nil)
	case !cert.BasicConstraintsValid || !cert.IsCA || cert.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, local("the certificate in "+certPath+" is not that of a CA", adviceDamaged, nil)
	}
	if err := os.MkdirAll(filepath.Join(dir, issuedDir), 0o700); err != nil {
		return nil, local("the folder for issued certificates cannot be made", "", err)
	}
	return &Embedded{dir: dir, key: key, cert: cert, now: time.Now}, nil
}

// readPEM reads a file that holds one PEM block of the type and nothing else.
func readPEM(path, blockType string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, local("a file of the embedded CA is missing", adviceDamaged, err)
	}
	if err != nil {
		return nil, local("a file of the embedded CA cannot be read", "", err)
	}
	block, rest := pem.Decode(data)
	if block == nil || block.Type != blockType || len(bytes.TrimSpace(rest)) != 0 {
		return nil, local(fmt.Sprintf("the file %s of the embedded CA is damaged: it is not one PEM block %q", path, blockType), adviceDamaged, nil)
	}
	return block.Bytes, nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// Name gives the common name of the CA.
func (e *Embedded) Name() string { return e.cert.Subject.CommonName }

// Certificate gives the DER of the CA's own certificate.
func (e *Embedded) Certificate() []byte { return bytes.Clone(e.cert.Raw) }

// CertificatePEM gives the CA's own certificate as PEM, for a trust store.
func (e *Embedded) CertificatePEM() []byte { return encodeCertificate(e.cert.Raw) }

// Check tells whether the CA can issue now: its certificate is valid and its
// folder is there.
func (e *Embedded) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := e.now()
	if now.Before(e.cert.NotBefore) || !now.Before(e.cert.NotAfter) {
		return &exec.Error{
			Kind:    exec.Device,
			Message: fmt.Sprintf("the certificate of CA %q is valid from %s to %s only", e.Name(), e.cert.NotBefore.Format(time.RFC3339), e.cert.NotAfter.Format(time.RFC3339)),
			Advice:  "correct the clock, or move the folder " + e.dir + " away to start a new CA",
		}
	}
	if _, err := os.Stat(filepath.Join(e.dir, issuedDir)); err != nil {
		return local(fmt.Sprintf("the folder of CA %q is not in place", e.Name()), "", err)
	}
	return nil
}
