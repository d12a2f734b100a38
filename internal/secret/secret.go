package secret

import (
	"crypto/subtle"
	"fmt"
)

// Redacted is what a Secret shows instead of its value.
const Redacted = "[redacted]"

// Secret is a sequence of secret bytes. The zero value is "no secret"; an empty
// secret made by [New] is one that was given and is empty.
//
// The bytes stand behind a function: fmt, which reaches unexported fields of an
// enclosing struct by reflection and cannot call methods on them, can follow a
// pointer but not a function, and shows an address.
type Secret struct {
	bytes func() *[]byte
}

// New makes a Secret of b. It takes b over: the caller must not keep it.
func New(b []byte) Secret {
	p := &b
	return Secret{bytes: func() *[]byte { return p }}
}

// FromString makes a Secret of s. The string itself cannot be wiped; use it
// only where the value came as a string.
func FromString(s string) Secret {
	return New([]byte(s))
}

// IsSet reports whether a value was given, be it empty.
func (s Secret) IsSet() bool { return s.bytes != nil }

// Len is the length in bytes, 0 where nothing was given.
func (s Secret) Len() int {
	if s.bytes == nil {
		return 0
	}
	return len(*s.bytes())
}

// Reveal returns the secret bytes themselves, nil where nothing was given. Call
// it only to hand the value to a sink; the slice must not be kept or changed.
func (s Secret) Reveal() []byte {
	if s.bytes == nil {
		return nil
	}
	return *s.bytes()
}

// Equal compares two secrets in a time that depends on their lengths only.
func (s Secret) Equal(o Secret) bool {
	return s.IsSet() == o.IsSet() && subtle.ConstantTimeCompare(s.Reveal(), o.Reveal()) == 1
}

// Clone is a copy that Wipe of the original does not reach.
func (s Secret) Clone() Secret {
	if s.bytes == nil {
		return s
	}
	return New(append([]byte{}, s.Reveal()...))
}

// Wipe overwrites the bytes with zeros and forgets them, for this Secret and
// all its copies. Copies made by a PKCS#11 binding or the runtime are beyond it.
func (s Secret) Wipe() {
	if s.bytes == nil {
		return
	}
	b := s.bytes()
	clear(*b)
	*b = (*b)[:0]
}

// String returns [Redacted].
func (Secret) String() string { return Redacted }

// GoString returns [Redacted].
func (Secret) GoString() string { return Redacted }

// Format writes [Redacted] for every verb, %x and %p included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// MarshalText returns [Redacted]; encoding/json and encoders of maps use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }
