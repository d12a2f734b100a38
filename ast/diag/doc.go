// Package diag is the diagnostic: what is wrong, where, and how to mend it.
//
// It holds the table of codes. It renders nothing (check/report does) and
// imports ast only.
package diag
