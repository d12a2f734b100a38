// Package vcard puts an emulated smart card into a reader of a PC/SC daemon. It
// is test equipment: no part of the product imports it.
//
// The reader is vpcd of the vsmartcard project, a driver of pcscd that speaks to
// a card over TCP: each message is two bytes of length, big-endian, and a body. A
// body of one byte is for the contact (0 off, 1 on, 2 reset, 4 tell the ATR), any
// other one is an APDU. A card is in the reader exactly as long as the connection
// is up, so to pull it is to hang up.
//
// The package knows nothing of any card; those stand in packages below it, and
// vcard/lab starts a daemon for them.
package vcard
