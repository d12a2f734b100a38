package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"inscribe/ast"
	"inscribe/check/mask"
)

// diffContext is the number of lines shown around a change.
const diffContext = 3

// WriteDiff renders what turns one text of a file into another, as a unified
// diff; the diagnostics of the two do not matter. Nothing is written where they
// are equal. The secrets of either are masked in both, so a line that differs
// in a secret only comes twice and looks the same. The error is that of w.
func WriteDiff(w io.Writer, before, after File, o Options) error {
	old, fresh := newSheet(before), newSheet(after)
	if old.text == fresh.text {
		return nil
	}
	both := old.mask.And(fresh.mask)
	usual := ast.LineEnd(fresh.text)
	a, b := old.diffLines(both, usual), fresh.diffLines(both, usual)
	var out bytes.Buffer
	p := newPrinter(&out, o)
	fmt.Fprintln(&out, p.style(strong, "--- "+clean(old.path)))
	fmt.Fprintln(&out, p.style(strong, "+++ "+clean(fresh.path)))
	list := changes(a.raw, b.raw)
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].a0-list[n-1].a1 <= 2*diffContext {
			n++
		}
		p.diffHunk(list[:n], a, b)
		list = list[n:]
	}
	_, err := w.Write(out.Bytes())
	return err
}

// diffLines are the lines of a text as they are and as they are shown.
type diffLines struct{ raw, shown []string }

// diffLines cuts the text into lines. A line end that is not the usual one is
// shown, since it may be all that differs.
func (s *sheet) diffLines(m mask.Masker, usual string) diffLines {
	hidden := mask.Merge(append(append([]ast.Span{}, s.hidden...), m.Find(s.text)...))
	var d diffLines
	for i := range s.table.Lines() {
		span, next := s.table.LineSpan(i), len(s.text)
		if i+1 < s.table.Lines() {
			next = s.table.Start(i + 1)
		}
		if next == span.Start {
			break // behind the last line end
		}
		shown := diffLine(s.text, span, hidden)
		switch e := s.text[span.End:next]; e {
		case "":
			shown += "\n\\ No newline at end of file"
		case usual:
		default:
			shown += fmt.Sprintf("%q", e)[1 : 1+2*len(e)]
		}
		d.raw = append(d.raw, s.text[span.Start:next])
		d.shown = append(d.shown, shown)
	}
	return d
}

// diffLine is a line as shown: blanks and tabs as they are, what a terminal
// would obey as an escape, secrets masked.
func diffLine(text string, line ast.Span, hidden []ast.Span) string {
	var b strings.Builder
	for at := line.Start; at < line.End; {
		for len(hidden) > 0 && hidden[0].End <= at {
			hidden = hidden[1:]
		}
		if len(hidden) > 0 && hidden[0].Start <= at {
			b.WriteString(mask.Mark)
			at = hidden[0].End
			continue
		}
		shown, _, size := visible(text[at:line.End])
		if text[at] == '\t' {
			shown = "\t"
		}
		b.WriteString(shown)
		at += size
	}
	return b.String()
}

func (p *printer) diffHunk(list []change, a, b diffLines) {
	first, last := list[0], list[len(list)-1]
	a0 := max(first.a0-diffContext, 0)
	b0 := first.b0 - (first.a0 - a0)
	a1 := min(last.a1+diffContext, len(a.raw))
	b1 := last.b1 + (a1 - last.a1)
	fmt.Fprintln(p.out, p.style(informing, fmt.Sprintf("@@ -%s +%s @@", diffRange(a0, a1), diffRange(b0, b1))))
	write := func(mark string, lines []string, look style) {
		for _, l := range lines {
			fmt.Fprintln(p.out, p.style(look, mark+l))
		}
	}
	for _, c := range list {
		write(" ", a.shown[a0:c.a0], plain)
		write("-", a.shown[c.a0:c.a1], alarming)
		write("+", b.shown[c.b0:c.b1], adding)
		a0 = c.a1
	}
	write(" ", a.shown[a0:a1], plain)
}

// diffRange is a range of lines in the notation of unified diffs.
func diffRange(from, to int) string {
	switch to - from {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}
