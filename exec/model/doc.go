// Package model is a token made of rules: what PKCS#11 and a profile say a token
// does, with keys, certificates and unknown PINs as symbols.
//
// The engine runs on it for a dry-run and in the editor. It is pure: it loads
// nothing, starts nothing and touches no token, so it builds for the browser.
// Where a profile does not know a fact, the model does what the PKCS#11
// specification promises.
package model
