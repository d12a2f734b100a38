package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
)

const (
	// longestSpan is the number of lines from which on the middle of a span is
	// left out.
	longestSpan = 6
	// mostRails is the number of spans over several lines that are drawn.
	mostRails = 3
	// leastLabel is the number of columns below which a label is not squeezed.
	leastLabel = 24
)

// mark is a place in a snippet with its label.
type mark struct {
	span        ast.Span
	first, last int // lines, from 0
	label       string
	primary     bool
	rail        int // the number of its rail, -1 for a mark within a line
}

func (m mark) symbol() string {
	if m.primary {
		return "^"
	}
	return "-"
}

// marks gives the places that a diagnostic is about, the primary one first.
func (s *sheet) marks(d diag.Diagnostic) []mark {
	if s.bare {
		return nil
	}
	marks := []mark{s.mark(d.Span, d.Label)}
	marks[0].primary = true
	for _, l := range d.Related {
		marks = append(marks, s.mark(l.Span, l.Message))
	}
	for i := range marks {
		m := &marks[i]
		m.rail = -1
		if m.first == m.last {
			continue
		}
		m.rail = freeRail(marks[:i], *m)
		if m.rail == mostRails {
			m.rail = -1
			m.last = m.first
			m.span.End = s.table.LineSpan(m.first).End
		}
	}
	return marks
}

// freeRail is the first rail that no other mark uses beside m.
func freeRail(others []mark, m mark) int {
	rail := 0
	for slices.ContainsFunc(others, func(o mark) bool {
		return o.rail == rail && o.first <= m.last && m.first <= o.last
	}) {
		rail++
	}
	return rail
}

// mark keeps line ends out of a span: a span that ends with one ends in its
// line, not at the start of the next.
func (s *sheet) mark(span ast.Span, label string) mark {
	m := mark{span: span, first: s.table.Line(span.Start), last: s.table.Line(span.End), label: clean(label)}
	if m.last > m.first && span.End == s.table.Start(m.last) {
		m.last--
	}
	m.span.Start = min(span.Start, s.table.LineSpan(m.first).End)
	m.span.End = max(m.span.Start, min(span.End, s.table.LineSpan(m.last).End))
	return m
}

// snippet writes the lines of the marks, and under each what is marked.
func (p *printer) snippet(s *sheet, marks []mark, look style) {
	var lines []int
	rails := 0
	for _, m := range marks {
		rails = max(rails, m.rail+1)
		if m.last-m.first < longestSpan {
			for l := m.first; l <= m.last; l++ {
				lines = append(lines, l)
			}
			continue
		}
		lines = append(lines, m.first, m.first+1, m.last-1, m.last)
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)

	d := drawing{printer: p, sheet: s, marks: marks, look: look, rails: make([]*mark, rails)}
	for i, line := range lines {
		if i > 0 {
			switch line - lines[i-1] {
			case 1:
			case 2: // the dots would take as much room
				d.line(line - 1)
			default:
				d.gap()
			}
		}
		d.line(line)
	}
}

// drawing is a snippet on its way. Its rails are the lines at the left that tie
// the ends of a mark over several lines together.
type drawing struct {
	*printer
	sheet *sheet
	marks []mark
	look  style
	rails []*mark // those that are open, by their number
}

// margin is the number of columns that the rails take.
func (d *drawing) margin() int { return 2 * len(d.rails) }

func (d *drawing) ink(m mark) style {
	if m.primary {
		return d.look
	}
	return secondary
}

// canvas begins a row with the open rails on it.
func (d *drawing) canvas() canvas {
	var c canvas
	for i, m := range d.rails {
		if m != nil {
			c.put(2*i, "|", d.ink(*m))
		}
	}
	return c
}

func (d *drawing) draw(c canvas) { d.printer.line("", "|", c.render(d.paint)) }

func (d *drawing) gap() {
	rest := d.canvas().render(d.paint)
	if rest != "" {
		rest = strings.Repeat(" ", max(d.gutter, 1)) + rest
	}
	fmt.Fprintln(d.out, strings.TrimRight(d.style(secondary, "...")+rest, " "))
}

func (d *drawing) line(line int) {
	r := d.sheet.layout(d.sheet.table.LineSpan(line))
	available := d.width - d.gutter - 3 - d.margin()
	v := d.view(r, line, available)

	c := d.canvas()
	for i, m := range d.marks {
		if m.rail >= 0 && m.first == line && r.start(m.span.Start) <= r.indent() {
			c.put(2*m.rail, "/", d.ink(m))
			d.rails[m.rail] = &d.marks[i]
		}
	}
	margin := c.render(d.paint)
	if d.margin() > 0 {
		margin += strings.Repeat(" ", d.margin()-len(c))
	}
	d.printer.line(fmt.Sprint(line+1), "|", margin+v.text)

	d.underline(r, v, line)
	for i, m := range d.marks {
		if m.rail >= 0 && m.first == line && d.rails[m.rail] == nil {
			c := d.canvas()
			col := d.margin() + v.at(r.start(m.span.Start))
			c.rule(2*m.rail+1, col, d.ink(m))
			c.put(col, m.symbol(), d.ink(m))
			d.draw(c)
			d.rails[m.rail] = &d.marks[i]
		}
	}
	for _, m := range d.marks {
		if m.rail >= 0 && m.last == line {
			d.closeRail(m, d.margin()+max(v.at(r.end(m.span.End))-1, 0))
		}
	}
}

func (d *drawing) closeRail(m mark, col int) {
	c := d.canvas()
	c.rule(2*m.rail+1, col, d.ink(m))
	c.put(col, m.symbol(), d.ink(m))
	d.rails[m.rail] = nil
	room := d.width - d.gutter - 3
	if col+2+columns(m.label) <= room {
		c.put(col+2, m.label, d.ink(m))
		d.draw(c)
		return
	}
	d.draw(c)
	for _, text := range wrap(m.label, room-d.margin()) {
		c := d.canvas()
		c.put(d.margin(), text, d.ink(m))
		d.draw(c)
	}
}

// view cuts a row so that its marks, the primary one above all, can be seen and
// their labels have room.
func (d *drawing) view(r row, line, available int) view {
	lo, hi := -1, 0
	for _, m := range d.marks {
		if m.first != line && m.last != line {
			continue
		}
		from, to := r.start(m.span.Start), r.end(m.span.End)
		switch {
		case m.rail < 0:
		case m.last == line:
			from = to
		default:
			to = from
		}
		if n := columns(m.label); n > 0 && m.last == line {
			to = max(to, min(max(to, from+1)+1+n, from+min(n, leastLabel)))
		}
		switch {
		case lo < 0:
			lo, hi = from, to
		case max(hi, to)-min(lo, from) <= available-2:
			lo, hi = min(lo, from), max(hi, to)
		}
	}
	return r.view(available, max(lo, 0), hi)
}

// stroke is a mark within a line, by the columns of the view.
type stroke struct {
	mark
	from, to int
}

// underline marks the places within a line. One label goes beside the marks,
// the others hang below.
func (d *drawing) underline(r row, v view, line int) {
	var strokes []stroke
	end := 0
	for _, m := range d.marks {
		if m.rail < 0 && m.first == line {
			from := d.margin() + v.at(r.start(m.span.Start))
			to := max(d.margin()+v.at(r.end(m.span.End)), from+1)
			strokes = append(strokes, stroke{m, from, to})
			end = max(end, to)
		}
	}
	if len(strokes) == 0 {
		return
	}
	c := d.canvas()
	for _, s := range slices.Backward(strokes) { // the primary one on top
		c.put(s.from, strings.Repeat(s.symbol(), s.to-s.from), d.ink(s.mark))
	}
	strokes = slices.DeleteFunc(strokes, func(s stroke) bool { return s.label == "" })
	slices.SortStableFunc(strokes, func(a, b stroke) int { return cmp.Compare(a.from, b.from) })

	room := d.width - d.gutter - 3
	for i, s := range slices.Backward(strokes) {
		if s.to == end && end+1+columns(s.label) <= room {
			c.put(end+1, s.label, d.ink(s.mark))
			strokes = slices.Delete(strokes, i, i+1)
			break
		}
	}
	d.draw(c)
	if len(strokes) == 0 {
		return
	}
	d.draw(d.hangers(strokes))
	for i, s := range slices.Backward(strokes) {
		for _, text := range wrap(s.label, max(room-s.from, leastLabel)) {
			c := d.hangers(strokes[:i])
			c.put(s.from, text, d.ink(s.mark))
			d.draw(c)
		}
	}
}

// hangers draws what ties labels to the marks above.
func (d *drawing) hangers(strokes []stroke) canvas {
	c := d.canvas()
	for _, s := range strokes {
		c.put(s.from, "|", d.ink(s.mark))
	}
	return c
}

// canvas is a row of cells, one a column.
type canvas []cell

type cell struct {
	text  string
	style style
}

// put writes a clean text from a column on, over what is there.
func (c *canvas) put(col int, text string, s style) {
	for _, r := range text {
		width := runeWidth(r)
		if width == 0 {
			if col > 0 && col <= len(*c) {
				(*c)[col-1].text += string(r)
			}
			continue
		}
		for len(*c) < col+width {
			*c = append(*c, cell{text: " "})
		}
		(*c)[col] = cell{string(r), s}
		for i := 1; i < width; i++ {
			(*c)[col+i] = cell{"", s}
		}
		col += width
	}
}

// rule draws a line between two columns that leaves rails alone.
func (c *canvas) rule(from, to int, s style) {
	for col := from; col < to; col++ {
		if col >= len(*c) || (*c)[col].text == " " {
			c.put(col, "_", s)
		}
	}
}

func (c canvas) render(p paint) string {
	var b strings.Builder
	for len(c) > 0 {
		n := 1
		for n < len(c) && c[n].style == c[0].style {
			n++
		}
		var run strings.Builder
		for _, cell := range c[:n] {
			run.WriteString(cell.text)
		}
		b.WriteString(p.style(c[0].style, run.String()))
		c = c[n:]
	}
	return b.String()
}
