// Package pkitest helps to test what needs keys and certificates: keys in
// software that sign as a token does, and the openssl command as a second
// reader of what Inscribe writes. Only tests may import it.
package pkitest
