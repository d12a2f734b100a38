// Package report renders diagnostics: as text for people, and in the formats
// that editors, scripts and build servers read.
//
// It is pure. It writes to the writer that it is given and nowhere else, reads
// no file, and looks at neither the environment nor the terminal; whether there
// is colour, and how wide a line may be, is the caller's to say.
//
// Two promises hold for every format, by what [Write] does before a format sees
// anything. The value of a secret never comes out: not in a snippet, not in a
// message, not in a fix. And no control character from a description reaches a
// terminal as it is.
//
// Positions are true even where a secret is masked, because tools apply fixes
// by them; the end column of a finding that spans a secret thus tells its
// length to who reads the machine formats.
//
// The package imports ast, ast/diag and the standard library.
package report
