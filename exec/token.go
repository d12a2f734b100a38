package exec

import (
	"context"
	"strings"
	"unicode/utf8"

	"inscribe/internal/percent"
	"inscribe/internal/secret"
)

// SlotID is the module's number of a slot. It is valid until the module is
// loaded anew or a token initialised, so it is never stored or configured.
type SlotID uint64

// Module is one loaded PKCS#11 module.
type Module interface {
	// Info describes the module (C_GetInfo).
	Info(ctx context.Context) (ModuleInfo, error)
	// Slots lists the slots that hold a token, freshly read, in the module's
	// order (C_GetSlotList with a size query first, which is what refreshes
	// the set; C_GetSlotInfo; C_GetTokenInfo).
	Slots(ctx context.Context) ([]Slot, error)
	// Token gives the calls on the token in one slot.
	Token(id SlotID) Token
	// Close ends all sessions and unloads the module.
	Close() error
}

// ModuleInfo is CK_INFO, padding removed.
type ModuleInfo struct {
	Manufacturer   string `json:"manufacturer"`
	Description    string `json:"description"`
	LibraryVersion string `json:"libraryVersion"` // "major.minor"
	Cryptoki       string `json:"cryptoki"`       // "major.minor"
}

// Slot is a slot with a token in it. The texts come without the blank or NUL
// padding that modules use.
type Slot struct {
	ID           SlotID    `json:"-"`
	Description  string    `json:"description"` // often the reader's name
	Manufacturer string    `json:"manufacturer"`
	Token        TokenInfo `json:"token"`
	// Removable says that the token can be taken out and another one put in
	// (CKF_REMOVABLE_DEVICE).
	Removable bool `json:"-"`
	// Unreadable is why the token could not be looked at; its TokenInfo is zero
	// then. One that the module does not know counts as not initialised instead.
	Unreadable CKR `json:"unreadable,omitempty"`
	// Unrecognised says that the module does not know the token
	// (CKR_TOKEN_NOT_RECOGNIZED): it is blank, or of another kind.
	Unrecognised bool `json:"unrecognised,omitempty"`
}

// TokenInfo is CK_TOKEN_INFO, padding removed. Of the counts and sizes only
// what can be trusted is kept; Unavailable stands for "not told".
type TokenInfo struct {
	Label        string     `json:"label"`
	Manufacturer string     `json:"manufacturer"`
	Model        string     `json:"model"`
	Serial       string     `json:"serial"`
	Flags        TokenFlags `json:"flags"`
	MinPIN       int        `json:"minPin"`      // bytes, or Unavailable
	MaxPIN       int        `json:"maxPin"`      // bytes, or Unavailable
	FreePublic   int64      `json:"freePublic"`  // bytes, or Unavailable
	FreePrivate  int64      `json:"freePrivate"` // bytes, or Unavailable
	HardwareVer  string     `json:"hardwareVersion"`
	FirmwareVer  string     `json:"firmwareVersion"`
	OpenSessions int64      `json:"-"`
}

// Unavailable is the value of a size that the token does not tell
// (CK_UNAVAILABLE_INFORMATION).
const Unavailable int64 = -1

// TokenFlags are the CKF_ flags of CK_TOKEN_INFO.
type TokenFlags uint64

// The flags that the engine reads. The numbers are those of the PKCS#11
// specification, section "Slot and token types", table of token information
// flags. Flags about PIN tries may be false by policy: their absence proves
// nothing.
const (
	FlagRNG               TokenFlags = 0x00000001
	FlagWriteProtected    TokenFlags = 0x00000002
	FlagLoginRequired     TokenFlags = 0x00000004
	FlagUserPINInit       TokenFlags = 0x00000008
	FlagProtectedAuthPath TokenFlags = 0x00000100
	FlagTokenInitialized  TokenFlags = 0x00000400
	FlagUserPINCountLow   TokenFlags = 0x00010000
	FlagUserPINFinalTry   TokenFlags = 0x00020000
	FlagUserPINLocked     TokenFlags = 0x00040000
	FlagUserPINToChange   TokenFlags = 0x00080000
	FlagSOPINCountLow     TokenFlags = 0x00100000
	FlagSOPINFinalTry     TokenFlags = 0x00200000
	FlagSOPINLocked       TokenFlags = 0x00400000
	FlagSOPINToChange     TokenFlags = 0x00800000
)

// Has reports whether all of the flags are set.
func (f TokenFlags) Has(flags TokenFlags) bool { return f&flags == flags }

// User is who logs in (CK_USER_TYPE).
type User uint64

// The users of PKCS#11.
const (
	SO              User = 0 // security officer: the PUK, on many cards
	NormalUser      User = 1
	ContextSpecific User = 2 // for one use of an always-authenticate key
)

// String gives "SO", "user" or "context".
func (u User) String() string {
	switch u {
	case SO:
		return "SO"
	case NormalUser:
		return "user"
	default:
		return "context"
	}
}

// Credential is a PIN, PUK or SO PIN on its way to a token. Name says where it
// came from ("field PIN", "dialog of SignPIN"), and never holds the value.
type Credential struct {
	Name   string
	Secret secret.Secret
	// PINPad asks the reader itself to get the value: a null pointer goes to
	// the module (CKF_PROTECTED_AUTHENTICATION_PATH).
	PINPad bool
	// Wrong says that the value is made to be wrong, to block a PIN.
	Wrong bool
}

// Object is the handle of an object in one session (CK_OBJECT_HANDLE).
type Object uint64

// Mechanism is one mechanism of a token with its limits: bits for RSA, bits of
// the field for elliptic curves.
type Mechanism struct {
	Type     MechanismType
	Min, Max uint64
}

// Attribute is one attribute of an object. A CK_BBOOL is one byte; a CK_ULONG
// is eight bytes, little endian, on every platform: exec/pkcs11 turns it into
// the module's own width.
type Attribute struct {
	Type  AttributeType
	Value []byte
}

// Bool makes a CK_BBOOL attribute.
func Bool(t AttributeType, v bool) Attribute {
	b := byte(0)
	if v {
		b = 1
	}
	return Attribute{t, []byte{b}}
}

// Ulong makes a CK_ULONG attribute.
func Ulong(t AttributeType, v uint64) Attribute {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return Attribute{t, b}
}

// Bytes makes an attribute of raw bytes.
func Bytes(t AttributeType, v []byte) Attribute { return Attribute{t, v} }

// Text makes an attribute of UTF-8 text.
func Text(t AttributeType, v string) Attribute { return Attribute{t, []byte(v)} }

// AsBool reads a CK_BBOOL; any other length than one byte is false.
func (a Attribute) AsBool() bool { return len(a.Value) == 1 && a.Value[0] != 0 }

// AsUlong reads a CK_ULONG; bytes past the eighth are ignored.
func (a Attribute) AsUlong() uint64 {
	var v uint64
	for i, b := range a.Value {
		if i < 8 {
			v |= uint64(b) << (8 * i)
		}
	}
	return v
}

// Token is what the engine asks of one token: the calls of PKCS#11, one method
// a call unless the comment says otherwise. A token has at most one session
// here, always read/write, since a read-only session would forbid an SO login
// (C_Login). No method may be called by two goroutines at once.
//
// Every error is an [*Error] that names the call.
type Token interface {
	Info(ctx context.Context) (TokenInfo, error)
	// Mechanisms is C_GetMechanismList and C_GetMechanismInfo of each.
	Mechanisms(ctx context.Context) ([]Mechanism, error)

	// InitToken is C_InitToken. so is the present SO PIN of an initialised
	// token and becomes the SO PIN of a fresh one. No session may be open.
	InitToken(ctx context.Context, so Credential, label string) error

	OpenSession(ctx context.Context) error
	CloseSession(ctx context.Context) error
	Login(ctx context.Context, user User, c Credential) error
	Logout(ctx context.Context) error
	InitPIN(ctx context.Context, new Credential) error
	SetPIN(ctx context.Context, old, new Credential) error

	GenerateKeyPair(ctx context.Context, mechanism MechanismType, public, private []Attribute) (pub, priv Object, err error)
	// Sign is C_SignInit and C_Sign. With a credential set, a C_Login of
	// ContextSpecific goes between them, as an always-authenticate key wants.
	Sign(ctx context.Context, mechanism MechanismType, key Object, data []byte, context *Credential) ([]byte, error)
	CreateObject(ctx context.Context, attributes []Attribute) (Object, error)
	DestroyObject(ctx context.Context, o Object) error
	// FindObjects is C_FindObjectsInit, C_FindObjects until it is empty, and
	// C_FindObjectsFinal.
	FindObjects(ctx context.Context, attributes []Attribute) ([]Object, error)
	// Attributes is C_GetAttributeValue. An attribute that the token does not
	// know or keeps to itself comes back with a nil Value and is no error.
	Attributes(ctx context.Context, o Object, types ...AttributeType) ([]Attribute, error)
	SetAttributes(ctx context.Context, o Object, attributes []Attribute) error
}

// CleanText takes the padding off a fixed-width text of PKCS#11: blanks by the
// specification, NULs by some modules. It is UTF-8 by the specification too, and
// [ValidUTF8] where a token disagrees.
func CleanText(s string) string {
	if i := strings.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	return ValidUTF8(strings.TrimRight(s, " "))
}

// ValidUTF8 writes the bytes of a text that are no UTF-8 as a PKCS#11 URI does (%FC), so
// that each has a spelling of its own. JSON would make all of them one character: what a
// journal says of a token would never be that token's again.
func ValidUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		if n == 1 && s[0] >= utf8.RuneSelf {
			b.WriteString(percent.Encode(s[:1], ""))
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
