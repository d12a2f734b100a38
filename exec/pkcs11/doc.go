// Package pkcs11 is the child side of exec/host: it loads a PKCS#11 module and
// makes the calls that the parent asks for, one to one.
//
// It is the only package that uses cgo. Built without cgo it is a stub that
// answers the first request with an error. It decides nothing: which call comes
// when, and what an answer means, is the parent's business. It opens no file
// but the library, prints nothing and keeps a PIN only for the one call that it
// is for.
package pkcs11
