// Package ast is the lossless tree of an encoding description: sections,
// entries, comments, blank lines and what fits no rule, each with its span.
//
// A tree tiles its text: printing the lines one after the other gives the text
// back, and encoding the text gives the bytes of the file back. The tree keeps
// the value of an entry as raw text, because what a bare word means depends on
// the keyword; package check reads it by the keyword's kind.
//
// The package imports the standard library only. It knows no keyword.
package ast
