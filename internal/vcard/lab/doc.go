// Package lab starts a PC/SC daemon of its own with emulated cards in its
// readers. It is test equipment, for tests and for cmd/vcard; no part of the
// product imports it.
//
// The daemon runs in a mount and a network namespace of its own: its socket
// stands in a folder of the lab, and the port of the readers, which would be open
// to the network, is seen by nobody else. So several labs run beside each other,
// and beside the daemon of the machine. That takes root on Linux.
//
// The package starts pcscd and pkcs15-init, and nothing else. Values for PINs in
// it are a lab's and protect nothing.
package lab
