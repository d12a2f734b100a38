package exec

import "context"

// PublicKey is a public key as a token shows it.
type PublicKey struct {
	Type uint64 `json:"type"` // CKKRSA, CKKEC or CKKECEdwards
	// RSA: big-endian, unsigned.
	Modulus  []byte `json:"modulus,omitempty"`
	Exponent []byte `json:"exponent,omitempty"`
	// Elliptic curves: Params is the DER of ECParameters (a named curve's
	// OBJECT IDENTIFIER), Point the DER OCTET STRING around the point, both as
	// CKA_EC_PARAMS and CKA_EC_POINT hold them; some tokens leave the OCTET
	// STRING out of the point, and readers accept both.
	Params []byte `json:"params,omitempty"`
	Point  []byte `json:"point,omitempty"`
}

// Signer makes one signature with the private key on the token. The input is
// what the mechanism wants: the DigestInfo for CKMRSAPKCS, the digest for
// CKMECDSA (the answer is r||s), the message for CKMEDDSA.
type Signer func(ctx context.Context, mechanism MechanismType, input []byte) ([]byte, error)

// CertificateRequest asks for one certificate.
type CertificateRequest struct {
	Application string // the letter of the section, "A"
	Template    string // CertTempl
	Key         PublicKey
	// Fields are the values of the fields that are not secret, for the
	// subject and alternative names of the template.
	Fields map[string]string
	// Token is where the key lives.
	Token TokenInfo
	// Previous is the certificate that an earlier run got for the same, nil for none.
	Previous *Certificate
}

// Certificate is one X.509 certificate with the parts that PKCS#11 stores
// beside it.
type Certificate struct {
	DER     []byte
	Subject []byte // DER of the Name
	Issuer  []byte // DER of the Name
	Serial  []byte // DER of the INTEGER
	Key     PublicKey
	// Display is what a person reads.
	Display CertificateDisplay
}

// ListEntry is a certificate of a list, with the attributes that make up its
// private key, which are secret; nil where it has none.
type ListEntry struct {
	Certificate Certificate
	Private     func() []Attribute
}

// CertificateDisplay are the facts of a certificate for reports; times are RFC
// 3339 in UTC, the fingerprint is the SHA-256 of the DER in lower-case
// hexadecimal.
type CertificateDisplay struct {
	Subject     string `json:"subject"`
	Issuer      string `json:"issuer"`
	Serial      string `json:"serial"`
	NotBefore   string `json:"notBefore"`
	NotAfter    string `json:"notAfter"`
	Fingerprint string `json:"sha256"`
}

// Issuer turns public keys into certificates. Errors name the template and the
// CA; nothing that is secret is ever in one.
type Issuer interface {
	// Check tells before the first write whether the request could be served:
	// the template and its CA are known and the CA can be reached. Key may be
	// empty but for its type.
	Check(ctx context.Context, r CertificateRequest) error
	// Describe says what the certificate of a request will hold, on one line: two
	// requests with the same line ask for the same certificate, keys and serial
	// numbers aside.
	Describe(r CertificateRequest) (string, error)
	// Request makes the PKCS#10 (RFC 2986), signed by the one call of sign, and
	// verifies that signature with the key of the request before it returns
	// the DER.
	Request(ctx context.Context, r CertificateRequest, sign Signer) ([]byte, error)
	// Issue gets the certificate for a PKCS#10 of this request and compares
	// what came back with what was asked, and with what was there before: public
	// key, dates, usages, serial number.
	Issue(ctx context.Context, r CertificateRequest, pkcs10 []byte) (Certificate, error)
	// Parse reads a certificate given as DER, PEM or base64.
	Parse(data []byte) (Certificate, error)
	// ParseList reads a certificate-key list: certificate, comma, private key
	// (PKCS#8 or empty), semicolon and so on, each base64. Errors say which
	// entry is wrong and never show it.
	ParseList(data []byte) ([]ListEntry, error)
	// KeyID is the one rule for CKA_ID: the SHA-1 of the content of the BIT
	// STRING subjectPublicKey (RFC 5280, 4.2.1.2, method 1), 20 bytes.
	KeyID(k PublicKey) ([]byte, error)
	// SameKey reports whether two public keys are one, however each token
	// writes them.
	SameKey(a, b PublicKey) bool
	// Decrypts tells whether a key for the template is to decrypt, unwrap or
	// derive. Each signs, since it signs its own request.
	Decrypts(template string) (bool, error)
}
