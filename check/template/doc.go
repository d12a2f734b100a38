// Package template is what a certificate template may say: the names of key
// usages, of purposes and of the attributes of a name, object identifiers, and
// the patterns that take values of fields.
//
// It reads and refuses; it makes nothing. The bytes of names, requests and
// extensions are made by package pki of the engine, which reads the same tables,
// so that what a configuration was told to be right is right when a card is
// written. It is pure and knows no X.509, so that editors and browsers can have
// it.
package template
