// Package batch hands the rows of a batch to the tokens of a station, so that every
// reader is at work while rows are left: a row is never on two tokens, and a token
// never gets two rows.
//
// It is pure. What the tokens are and what a run on one does is the business of a
// World; the records that outlive the process are those of the runs' journals, from
// which a batch begins.
package batch
