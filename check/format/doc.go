// Package format writes a description in its canonical form: one spelling of
// sections and keywords, no blanks that mean nothing, one blank line between
// sections.
//
// The form changes no meaning: names of fields and values are never touched,
// encrypted lines and lines that fit no rule stay as they are, and lines keep
// their order, so a comment stays above the line that it speaks of. Formatting
// twice is the same as formatting once.
//
// The package works on trees and texts. It reads and writes no file and reports
// no diagnostic.
package format
