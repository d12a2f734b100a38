// Package seal signs saved plans and verifies them.
//
// The envelope is DSSE (Dead Simple Signing Envelope, protocol version 1.0.2):
// the signature is over the type and the exact bytes of the plan, which hold the
// digests of the description and of inscribe.toml, so one signature covers all
// three. Keys are Ed25519 or ECDSA. The package is the command's: a station
// decides whom it trusts.
package seal
