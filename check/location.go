package check

import (
	"strings"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// Signature is the one value of Location that is known, in canonical case.
const Signature = "Signature"

// LocationSlot is the slot that a value of Location means: the page "Use
// Signature slot" gives every other value, and none, to the default slot.
func LocationSlot(value string) schema.Slot {
	if schema.SameWord(value, Signature) {
		return schema.SignatureSlot
	}
	return schema.DefaultSlot
}

// NearSignature reports whether a value other than Signature is likely a slip
// for it.
func NearSignature(value string) bool {
	bare := strings.TrimSpace(value)
	return !schema.SameWord(value, Signature) &&
		(diag.Nearest(bare, []string{Signature}) != "" || strings.HasPrefix(strings.ToLower(bare), "sign"))
}
