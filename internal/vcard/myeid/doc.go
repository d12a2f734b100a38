// Package myeid emulates a MyEID card: a PKCS#15 card with up to 14 PINs, each
// with a PUK and counters of its own. OpenSC makes a slot of each user PIN, so it
// is a card with a true signature slot. It is test equipment: no part of the
// product imports it.
//
// It is written from the public description of the card's commands and from what
// OpenSC sends. It is as strict as the card where a test relies on it: access
// conditions, retry counters, and a PIN that is forgotten after each signature.
// It is no model of a card's hardware: keys lie in memory, and nothing takes
// time.
package myeid
