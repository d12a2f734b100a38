// Command vcard runs a command beside emulated smart cards: test equipment, for
// tests and the demo, and no part of the product.
//
//	vcard [--cards N] [--blank] [COMMAND ARGUMENT…]
//	vcard ctl WORD…
//
// It starts a PC/SC daemon of its own with one card or two, personalises them with
// pkcs15-init, and runs the command with the variables PCSCLITE_CSOCK_NAME and
// OPENSC_CONF set. When the command ends it ends with the same exit code, and
// nothing is left behind. Without a command it says the variables and waits for an
// interrupt. It needs root on Linux.
//
// Cards have the label LAB (the second LAB2), a user PIN with its PUK, a signature
// PIN with its PUK, and an SO PIN. VCARD_PIN, VCARD_PUK, VCARD_SIGN_PIN,
// VCARD_SIGN_PUK, VCARD_SO_PIN and VCARD_SO_PUK give other values than a lab's own.
//
// While the command runs, "vcard ctl" speaks to the readers, which count from 0,
// through the socket that VCARD_CONTROL names:
//
//	pull N                       take the card out
//	insert N                     put it in again
//	pull-at N APDU before|after  take it out at that APDU from now on, before the
//	                             card has seen it or after it did what it says
//	count N                      APDUs since the last pull-at
//	tries N PIN                  tries that a PIN has left, and its PUK
//	swap-pins N PIN PIN          exchange two PINs
//	swap-guards N PIN PIN        from now on each new key answers to the other PIN
//	snapshot N FILE              write the state of a card, secrets included
//	restore N FILE               make the card, which is out, that again
package main
