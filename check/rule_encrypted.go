package check

import (
	"inscribe/ast"
	"inscribe/ast/diag"
)

// encryptedRule says once that a vendor's encrypted lines are not looked into.
var encryptedRule = rule{[]diag.Code{diag.EncryptedLine}, func(p *Program, r *report) {
	var first *ast.Line
	n := 0
	p.File.Lines(func(_ int, l *ast.Line) bool {
		if l.Kind == ast.Encrypted {
			n++
			if first == nil {
				first = l
			}
		}
		return true
	})
	if first == nil {
		return
	}
	d := r.Add(diag.EncryptedLine, first.Span, "encrypted lines are kept as they are and not checked (%d)", n)
	d.Help = "the vendor's encoder reads them; what they hold is in no plan of Inscribe"
}}
