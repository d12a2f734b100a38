// Package mask hides the secrets of a description in what is shown of it: in
// snippets, messages and fixes, on a terminal and in an editor.
//
// It knows the values by their places in the text and imports nothing but ast, so
// that the language server has it without the reports.
package mask
