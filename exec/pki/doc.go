// Package pki makes certificate requests and reads certificates.
//
// It translates between the public keys of a PKCS#11 token and those of
// crypto/x509, derives CKA_ID from a key, builds a PKCS#10 around one
// signature by the token, expands certificate templates over the values of
// fields, and compares what a CA returned with what was asked.
//
// The package is pure: it opens no file and no connection, starts no process,
// never prints, and holds no private key; it reads the clock only in [Compare]
// when it is given none. It asks for the signature of a request once and never
// for any other. It builds without cgo and for js/wasm.
//
// A template is data from a reviewed file, a field's value comes from outside:
// a pattern is parsed before any value is put in, so a value can never add a
// name, an attribute or an extension. No value of a field is repeated in an
// error.
package pki
