package report

import (
	"bytes"
	"fmt"
	"strings"

	"inscribe/ast/diag"
)

const (
	defaultWidth = 100
	leastWidth   = 40
)

// writeText gives each finding with the lines that it is about, for people.
func writeText(b *bytes.Buffer, sheets []*sheet, o Options) {
	p := newPrinter(b, o)
	var counts [diag.Off]int
	for _, s := range sheets {
		for _, d := range s.diags {
			p.diagnostic(s, d)
			b.WriteByte('\n')
			counts[d.Severity]++
		}
	}
	p.summary(counts, len(sheets))
}

func (p *printer) summary(counts [diag.Off]int, files int) {
	var parts []string
	for severity, n := range counts {
		if n == 0 {
			continue
		}
		severity := diag.Severity(severity)
		noun := severity.String()
		if severity != diag.Info { // a mass noun
			noun = plural(n, noun)
		}
		parts = append(parts, p.style(severityStyle(severity), fmt.Sprintf("%d %s", n, noun)))
	}
	in := fmt.Sprintf("%d %s", files, plural(files, "file"))
	if len(parts) == 0 {
		fmt.Fprintf(p.out, "%s checked: no findings\n", in)
		return
	}
	fmt.Fprintf(p.out, "%s in %s\n", strings.Join(parts, ", "), in)
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func severityStyle(s diag.Severity) style {
	switch s {
	case diag.Error:
		return alarming
	case diag.Warning:
		return warning
	}
	return informing
}

// printer writes the text format.
type printer struct {
	paint
	out    *bytes.Buffer
	width  int
	gutter int // columns of the line numbers
}

func newPrinter(b *bytes.Buffer, o Options) *printer {
	p := &printer{paint: paint(o.Color), out: b, width: o.Width}
	if p.width <= 0 {
		p.width = defaultWidth
	}
	p.width = max(p.width, leastWidth)
	return p
}

// line writes a line with something, or nothing, in the gutter.
func (p *printer) line(gutter, bar, rest string) {
	head := fmt.Sprintf("%*s %s", p.gutter, gutter, bar)
	if rest = strings.TrimRight(rest, " "); rest != "" {
		rest = " " + rest
	}
	fmt.Fprintf(p.out, "%s%s\n", p.style(secondary, head), rest)
}

func (p *printer) diagnostic(s *sheet, d diag.Diagnostic) {
	var patches []patch
	if len(d.Fixes) > 0 {
		patches = append(patches, s.patch(d.Fixes[0]))
	}
	marks := s.marks(d)
	p.gutter = gutter(marks, patches)

	start, _ := s.place(d.Span)
	fmt.Fprintf(p.out, "%s%s\n",
		p.style(severityStyle(d.Severity), fmt.Sprintf("%s[%s]", d.Severity, d.Code)),
		p.style(strong, ": "+clean(d.Message)))
	fmt.Fprintf(p.out, "%*s%s %s:%d:%d\n", p.gutter, "", p.style(secondary, "-->"), clean(s.path), start.Line, start.Column)
	if !s.bare {
		p.line("", "|", "")
		p.snippet(s, marks, severityStyle(d.Severity))
	}
	if d.Help != "" {
		p.note("help", d.Help, !s.bare)
	}
	// The first fix is shown with its edit, the others are named: an editor, or
	// --format json, has their edits too.
	for i, fix := range d.Fixes {
		kind := "fix"
		switch {
		case i > 0:
			kind = "or"
		case !fix.Safe:
			kind = "suggestion"
		}
		p.note(kind, fix.Title, !s.bare && (i == 1 || i == 0 && d.Help == ""))
		if i == 0 {
			p.patch(patches[0])
		}
	}
}

// note writes a paragraph behind an equals sign, apart from what is above it or
// not.
func (p *printer) note(kind, text string, apart bool) {
	if apart {
		p.line("", "|", "")
	}
	indent := len(kind) + len(": ")
	for i, line := range wrap(text, p.width-p.gutter-3-indent) {
		if i == 0 {
			p.line("", "=", p.style(strong, kind+":")+" "+line)
		} else {
			fmt.Fprintf(p.out, "%*s%s\n", p.gutter+3+indent, "", line)
		}
	}
}

// gutter is the width of the largest line number that will be shown.
func gutter(marks []mark, patches []patch) int {
	last := 0
	for _, m := range marks {
		last = max(last, m.last+1)
	}
	for _, patch := range patches {
		for _, l := range patch {
			last = max(last, l.number)
		}
	}
	return len(fmt.Sprint(last))
}
