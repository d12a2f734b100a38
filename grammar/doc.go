// Package grammar reads descriptions: bytes to a tree of package ast.
//
// A total lexer cuts the text into lines, one token each; participle
// productions, which are the tags of the ast types, fold them to sections. So a
// line is the unit of recovery: an unreadable one becomes an [ast.Junk] line
// and its neighbours are untouched. The productions of values stand in value.go
// and are called by package check with the keyword's kind, since the meaning of
// a bare word depends on the keyword.
//
// Parsing never fails: any bytes give a tree, and printing the tree gives the
// bytes back. The package knows no keyword and reports no diagnostic.
package grammar
