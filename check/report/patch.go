package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/mask"
)

// longestPatch is the number of lines from which on a patch is cut.
const longestPatch = 12

// patch shows a fix as lines that go and lines that come.
type patch []patchLine

type patchLine struct {
	op     byte // '-', '+', or ' ' for a line that stays
	number int  // 0 for lines left out
	row    row
	at     int // the column of interest, where the line is too long
}

// patch works out what a fix does. It gives nothing where the edits overlap or
// change nothing that can be seen.
func (s *sheet) patch(f diag.Fix) patch {
	if s.bare {
		return nil
	}
	edits := slices.Clone(f.Edits)
	slices.SortStableFunc(edits, func(a, b diag.Edit) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
	})
	var p patch
	shift := 0 // lines that came before, less those that went
	above := 0 // the line before which the last hunk ended
	for len(edits) > 0 {
		first, last := s.table.Line(edits[0].Span.Start), s.table.Line(edits[0].Span.End)
		n := 1
		for n < len(edits) && s.table.Line(edits[n].Span.Start) <= last {
			if edits[n].Span.Start < edits[n-1].Span.End {
				return nil
			}
			last = max(last, s.table.Line(edits[n].Span.End))
			n++
		}
		var hunk patch
		hunk, shift = s.hunk(edits[:n], first, last, shift)
		if len(p) > 0 && len(hunk) > 0 && first > above {
			p = append(p, patchLine{})
		}
		p = append(p, hunk...)
		above = last + 1
		edits = edits[n:]
	}
	if len(p) > longestPatch {
		p = append(p[:longestPatch-1], patchLine{})
	}
	return p
}

// hunk shows what edits do to the lines from first to last.
func (s *sheet) hunk(edits []diag.Edit, first, last, shift int) (patch, int) {
	whole := ast.Span{Start: s.table.Start(first), End: len(s.text)}
	if last+1 < s.table.Lines() {
		whole.End = s.table.Start(last + 1)
	}

	var old, fresh passage
	old.keep(s, whole)
	from := whole.Start
	for _, e := range edits {
		fresh.keep(s, ast.Span{Start: from, End: e.Span.Start})
		fresh.text += e.NewText
		from = e.Span.End
	}
	fresh.keep(s, ast.Span{Start: from, End: whole.End})
	// A value may come together from what stays and what is new.
	fresh.hidden = mask.Merge(append(fresh.hidden, s.mask.Find(fresh.text)...))

	before, after := old.rows(), fresh.rows()
	grown := len(after) - len(before)

	for len(before) > 0 && len(after) > 0 && before[0].String() == after[0].String() {
		before, after = before[1:], after[1:]
		first++
	}
	for len(before) > 0 && len(after) > 0 && before[len(before)-1].String() == after[len(after)-1].String() {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}

	var p patch
	if len(before) == 0 && len(after) > 0 && first > 0 {
		context := s.layout(s.table.LineSpan(first - 1))
		p = append(p, patchLine{op: ' ', number: first + shift, row: context})
	}
	for i, r := range before {
		p = append(p, patchLine{'-', first + 1 + i, r, difference(r, after, i)})
	}
	for i, r := range after {
		p = append(p, patchLine{'+', first + 1 + shift + i, r, difference(r, before, i)})
	}
	return p, shift + grown
}

// passage is a piece of text with the parts of it that are hidden.
type passage struct {
	text   string
	hidden []ast.Span
}

// keep appends a part of the source.
func (p *passage) keep(s *sheet, span ast.Span) {
	move := len(p.text) - span.Start
	for _, h := range s.hidden {
		part := ast.Span{Start: max(h.Start, span.Start) + move, End: min(h.End, span.End) + move}
		if part.Len() > 0 {
			p.hidden = append(p.hidden, part)
		}
	}
	p.text += s.text[span.Start:span.End]
}

// rows lays the lines out. The blanks at the end of a line, which are often
// what a fix is about, become visible.
func (p *passage) rows() []row {
	table := ast.NewLineTable(p.text)
	var rows []row
	for i := range table.Lines() {
		span := table.LineSpan(i)
		if i+1 == table.Lines() && span.Len() == 0 {
			break // behind the last line end
		}
		r := layout(p.text, span, p.hidden)
		for j := len(r.glyphs) - 1; j >= 0 && strings.TrimSpace(r.glyphs[j].text) == ""; j-- {
			r.glyphs[j].text = strings.Repeat("·", r.glyphs[j].width)
		}
		rows = append(rows, r)
	}
	return rows
}

// difference is the column where a row parts from its counterpart.
func difference(r row, others []row, i int) int {
	if i >= len(others) {
		return 0
	}
	other := others[i].glyphs
	for j, g := range r.glyphs {
		if j >= len(other) || other[j].text != g.text {
			return g.col
		}
	}
	return r.width
}

func (p *printer) patch(lines patch) {
	if len(lines) == 0 {
		return
	}
	p.line("", "|", "")
	for _, l := range lines {
		if l.number == 0 {
			fmt.Fprintln(p.out, p.style(secondary, "..."))
			continue
		}
		number := fmt.Sprintf("%*d ", p.gutter, l.number)
		text := strings.TrimRight(string(l.op)+" "+l.row.view(p.width-p.gutter-3, l.at, l.at).text, " ")
		look := plain
		switch l.op {
		case '-':
			look = alarming
		case '+':
			look = adding
		}
		fmt.Fprintln(p.out, p.style(secondary, number)+p.style(look, text))
	}
}
