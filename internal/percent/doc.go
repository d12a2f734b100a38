// Package percent writes and reads bytes of URIs as % and two digits (RFC 3986, section
// 2.1), for documents and for tokens.
//
// It knows no URI and its parts. net/url does, and reads the addresses of hosts besides,
// which is why the playground's page has no room for it.
package percent
