// Package ca issues certificates for what the engine asks.
//
// [Issuers] implements exec.Issuer: it finds template and CA, lets exec/pki make
// and verify the request, hands it to a [CA] and holds what comes back against
// what was asked. [Embedded] is a CA in a folder, for demonstrations, labs and
// tests: its key lies unencrypted in a file, it revokes nothing and it has no
// audit, so its certificates prove nothing to anybody else.
//
// The package takes names and usages from the template and the fields, and from
// a PKCS#10 only the public key. It opens no network connection, starts no
// process, never prints, and touches no file outside the folder of the embedded
// CA. It never sees a private key but that CA's own.
package ca
