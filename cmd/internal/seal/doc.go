// Package seal signs saved plans and verifies them.
//
// The envelope is DSSE (Dead Simple Signing Envelope, protocol version 1.0.2):
// the signature is over the type and the exact bytes of the plan, which hold the
// digests of the description and of inscribe.toml, so one signature covers all
// three. Keys are Ed25519 or ECDSA.
//
// The package reads no file, makes no key and trusts nobody of itself: a station decides
// whose signature counts, and what is signed is a plan only once package plan says so.
package seal
