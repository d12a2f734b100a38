// Package fix applies the fixes of findings to a text: those that are safe, or
// also the first one of every other finding.
//
// A fix is applied whole or not at all. Where two of them touch the same place
// the later one waits for the next round, in which the text is checked anew.
// The package reads and writes no file.
package fix
