package report

import (
	"bytes"
	"fmt"
)

// writeCompact gives a line for each finding, in the form that editors and grep
// know from compilers.
func writeCompact(b *bytes.Buffer, sheets []*sheet, _ Options) {
	for _, s := range sheets {
		for _, d := range s.diags {
			start, _ := s.place(d.Span)
			fmt.Fprintf(b, "%s:%d:%d: %s: %s [%s]\n", clean(s.path), start.Line, start.Column, d.Severity, clean(d.Message), d.Code)
		}
	}
}
