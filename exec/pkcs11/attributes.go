package pkcs11

import (
	"encoding/binary"

	"inscribe/exec"
)

// ulongAttributes are those whose value is a CK_ULONG, by the tables of
// attributes in the PKCS#11 specification.
var ulongAttributes = map[exec.AttributeType]bool{
	exec.CKAClass:           true,
	exec.CKACertificateType: true,
	0x087:                   true, // CKA_CERTIFICATE_CATEGORY
	0x088:                   true, // CKA_JAVA_MIDP_SECURITY_DOMAIN
	0x08c:                   true, // CKA_NAME_HASH_ALGORITHM
	exec.CKAKeyType:         true,
	exec.CKAModulusBits:     true,
	0x133:                   true, // CKA_PRIME_BITS
	0x134:                   true, // CKA_SUBPRIME_BITS
	0x160:                   true, // CKA_VALUE_BITS
	0x161:                   true, // CKA_VALUE_LEN
	0x166:                   true, // CKA_KEY_GEN_MECHANISM
	0x300:                   true, // CKA_HW_FEATURE_TYPE
	0x500:                   true, // CKA_MECHANISM_TYPE
	0x601:                   true, // CKA_PROFILE_ID
	0x61d:                   true, // CKA_PARAMETER_SET
}

// toNative turns a CK_ULONG of eight bytes, little endian, into one of width
// bytes in the machine's order. Other attributes pass as they are.
func toNative(a exec.Attribute, width int) []byte {
	if !ulongAttributes[a.Type] || len(a.Value) != 8 {
		return a.Value
	}
	v := a.AsUlong()
	if width == 4 {
		return binary.NativeEndian.AppendUint32(nil, uint32(v))
	}
	return binary.NativeEndian.AppendUint64(nil, v)
}

// fromNative is the other way. Modules exist that answer with four bytes where
// a CK_ULONG has eight, so the length of the value decides, not the machine.
func fromNative(t exec.AttributeType, b []byte) []byte {
	if !ulongAttributes[t] {
		return b
	}
	switch len(b) {
	case 4:
		return exec.Ulong(t, uint64(binary.NativeEndian.Uint32(b))).Value
	case 8:
		return exec.Ulong(t, binary.NativeEndian.Uint64(b)).Value
	}
	return b
}
