package check

import (
	"strings"
	"unicode"

	"inscribe/ast"
	"inscribe/grammar"
)

// FieldName reports whether a text can be the name of a field: it must read as itself
// where it is declared, and wherever a field is named.
func FieldName(name string) bool {
	if strings.ContainsAny(name, ",{}!\"=") || strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return false
	}
	f := grammar.ParseText("", name+"=\n")
	return len(f.Head) == 1 && f.Head[0].Kind == ast.Entry && f.Slice(f.Head[0].Name) == name
}
