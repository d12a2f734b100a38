package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"time"

	"inscribe/exec"
)

const adviceParse = "give one X.509 certificate as DER, PEM or base64"

// Parse reads one X.509 certificate (RFC 5280 section 4.1) given as DER, as PEM
// (RFC 7468; text around the block is ignored) or as base64 with or without line
// breaks. The signature is not verified, and a key on a curve that [PublicKey]
// does not know is no error. The errors say in plain words what the data is
// instead, and repeat none of it but the label of a PEM block.
func Parse(data []byte) (exec.Certificate, error) {
	der, err := toDER(data)
	if err != nil {
		return exec.Certificate{}, err
	}
	return parseDER(der)
}

// toDER finds the encoding. DER starts with the tag of a SEQUENCE, which is the
// digit 0 in text: base64 of DER starts with M.
func toDER(data []byte) ([]byte, error) {
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return nil, refused(adviceParse, "the certificate is empty")
	case data[0] == 0x30:
		return data, nil
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return fromPEM(text)
	}
	compact := strings.TrimRight(strings.Join(strings.Fields(string(text)), ""), "=")
	der, err := base64.RawStdEncoding.DecodeString(compact)
	if err != nil {
		return nil, refused(adviceParse, "the certificate is neither DER nor PEM nor base64")
	}
	return der, nil
}

func fromPEM(text []byte) ([]byte, error) {
	var found []byte
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, isPrivateKey()
		case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
			return nil, isPKCS10()
		case block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE":
			return nil, refused(adviceParse, "the PEM block holds no certificate but %q", block.Type)
		case found != nil:
			return nil, refused("give the one certificate that is meant, without its chain", "there is more than one certificate")
		}
		found = block.Bytes
	}
	if found == nil || bytes.Contains(text, []byte("-----BEGIN ")) {
		return nil, refused(adviceParse, "the PEM is damaged")
	}
	return found, nil
}

// certificate is Certificate of RFC 5280 section 4.1, as far as it is stored.
// crypto/x509 reads no certificate on a curve that it cannot compute with.
type certificate struct {
	TBS struct {
		Version   int `asn1:"optional,explicit,default:0,tag:0"`
		Serial    asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Issuer    asn1.RawValue
		Validity  struct{ NotBefore, NotAfter time.Time }
		Subject   asn1.RawValue
		Key       asn1.RawValue
	}
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

func parseDER(der []byte) (exec.Certificate, error) {
	var c certificate
	rest, err := asn1.Unmarshal(der, &c)
	if err != nil {
		return exec.Certificate{}, notACertificate(der)
	}
	if len(rest) != 0 {
		return exec.Certificate{}, refused(adviceParse, "%d bytes follow the certificate", len(rest))
	}
	serial := new(big.Int)
	if _, err := asn1.Unmarshal(c.TBS.Serial.FullBytes, &serial); err != nil || serial.Sign() < 0 {
		return exec.Certificate{}, refused("", "the serial number of the certificate is no positive number (RFC 5280 section 4.1.2.2)")
	}
	key, err := fromSPKI(c.TBS.Key.FullBytes)
	if err != nil {
		return exec.Certificate{}, err
	}
	if _, err := PublicKey(key); err == nil {
		if _, err := x509.ParseCertificate(der); err != nil {
			return exec.Certificate{}, &exec.Error{Kind: exec.Refused, Message: "the certificate is damaged", Advice: adviceParse, Cause: err}
		}
	}
	subject, err := FormatName(c.TBS.Subject.FullBytes)
	if err != nil {
		return exec.Certificate{}, err
	}
	issuer, err := FormatName(c.TBS.Issuer.FullBytes)
	if err != nil {
		return exec.Certificate{}, err
	}
	fingerprint := sha256.Sum256(der)
	return exec.Certificate{
		DER:     bytes.Clone(der),
		Subject: bytes.Clone(c.TBS.Subject.FullBytes),
		Issuer:  bytes.Clone(c.TBS.Issuer.FullBytes),
		Serial:  bytes.Clone(c.TBS.Serial.FullBytes),
		Key:     key,
		Display: exec.CertificateDisplay{
			Subject:     subject,
			Issuer:      issuer,
			Serial:      SerialText(serial),
			NotBefore:   c.TBS.Validity.NotBefore.UTC().Format(time.RFC3339),
			NotAfter:    c.TBS.Validity.NotAfter.UTC().Format(time.RFC3339),
			Fingerprint: hex.EncodeToString(fingerprint[:]),
		},
	}, nil
}

// SerialText writes a serial number in lower-case hexadecimal, two digits a
// byte.
func SerialText(n *big.Int) string {
	if n.Sign() == 0 {
		return "00"
	}
	return hex.EncodeToString(n.Bytes())
}
