// Package journal keeps what runs did, so that a run which was cut off can go
// on and a finished one is not done twice.
//
// One file a run, JSON a line, append-only; what was written is on the disk when
// Sync returns. Files stand in the state folder: "open" holds the runs that did
// not end, "done" those that did, by token. A token has one open run at most,
// and a run holds a lock on the cards of its tokens, on Linux on the whole machine.
// No record holds a secret. The runs of a batch are the records of its rows.
//
// "tries" holds the count of values shown since the last right one, a file a card.
//
// A profile that knows serial numbers to be unique names a token without its label. Such
// a name stands for the token under any label, in runs and counts alike.
//
// The package sees no token and decides nothing: what a record means for a run that
// goes on, and whether it is believed, is for exec to say.
package journal
