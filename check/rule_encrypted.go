package check

import (
	"fmt"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// encryptedRule says once that a vendor's encrypted lines are not looked into.
var encryptedRule = rule{[]diag.Code{diag.EncryptedLine}, func(p *Program, r *report) {
	var first *ast.Line
	p.File.Lines(func(_ int, l *ast.Line) bool {
		if l.Kind == ast.Encrypted {
			first = l
		}
		return first == nil
	})
	if first == nil {
		return
	}
	hidden, fields := p.Encrypted()
	d := r.Add(diag.EncryptedLine, first.Span, "encrypted lines are kept as they are and not checked (%d)", len(hidden)+len(fields))
	d.Help = "the vendor's encoder reads them; what they declare is in no plan of Inscribe"
	if hidden != nil {
		d.Help = "the vendor's encoder reads them; no plan is run without them, so put the clear text in their place"
	}
}}

// Encrypted are the numbers of the lines that the vendor encrypted: those that may
// change what happens to the card, and those of [Fields], which may declare a field.
func (p *Program) Encrypted() (hidden, fields []int) {
	p.File.Lines(func(section int, l *ast.Line) bool {
		if l.Kind == ast.Encrypted {
			list := &hidden
			if section >= 0 && p.parts[section].known && p.parts[section].kind == schema.Fields {
				list = &fields
			}
			*list = append(*list, p.File.Position(l.Span.Start).Line)
		}
		return true
	})
	return hidden, fields
}

// LineList names lines as the subject of a sentence: "line 3 is", "lines 3 to 5, 8 are".
func LineList(lines []int) string {
	if len(lines) == 1 {
		return fmt.Sprintf("line %d is", lines[0])
	}
	var b strings.Builder
	for i := 0; i < len(lines); i++ {
		from := i
		for i+1 < len(lines) && lines[i+1] == lines[i]+1 {
			i++
		}
		if from > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, lines[from])
		if i > from {
			fmt.Fprintf(&b, " to %d", lines[i])
		}
	}
	return "lines " + b.String() + " are"
}
