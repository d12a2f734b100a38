package report

import (
	"bytes"
	"fmt"
	"strings"

	"inscribe/ast/diag"
)

var (
	githubText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub gives workflow commands, which GitHub shows beside the changed
// lines of a pull request.
func writeGitHub(b *bytes.Buffer, sheets []*sheet, _ Options) {
	for _, s := range sheets {
		for _, d := range s.diags {
			command := "notice"
			if d.Severity <= diag.Warning {
				command = d.Severity.String()
			}
			start, end := s.place(d.Span)
			fmt.Fprintf(b, "::%s file=%s,line=%d,endLine=%d", command, clean(githubProperty.Replace(s.path)), start.Line, end.Line)
			// GitHub takes columns within one line only.
			if start.Line == end.Line {
				fmt.Fprintf(b, ",col=%d,endColumn=%d", start.Column, end.Column)
			}
			text := d.Message
			if d.Help != "" {
				text += "\nhelp: " + d.Help
			}
			fmt.Fprintf(b, ",title=%s::%s\n", githubProperty.Replace(string(d.Code)), clean(githubText.Replace(text)))
		}
	}
}
