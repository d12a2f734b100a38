package report

import (
	"sort"
	"strings"

	"inscribe/ast"
	"inscribe/check/mask"
)

// tabStop is the distance of the columns that a tab jumps to.
const tabStop = 4

// glyph is what one character, or one masked secret, of a line looks like.
type glyph struct {
	text  string
	span  ast.Span
	col   int // of its left edge; a combining character has that of its base
	width int // a combining character has that of its base
}

// row is a line as shown.
type row struct {
	glyphs []glyph
	width  int
}

func (s *sheet) layout(line ast.Span) row { return layout(s.text, line, s.hidden) }

// layout lays a line of text out, with the hidden parts masked.
func layout(text string, line ast.Span, hidden []ast.Span) row {
	next := sort.Search(len(hidden), func(i int) bool { return hidden[i].End > line.Start })
	var r row
	for at := line.Start; at < line.End; {
		g := glyph{col: r.width}
		size := 0
		switch {
		case next < len(hidden) && hidden[next].Start <= at:
			g.text, g.width = mask.Mark, columns(mask.Mark)
			size = min(hidden[next].End, line.End) - at
			next++
		case text[at] == '\t':
			g.width = tabStop - r.width%tabStop
			g.text = strings.Repeat(" ", g.width)
			size = 1
		default:
			g.text, g.width, size = visible(text[at:line.End])
		}
		if g.width == 0 && len(r.glyphs) > 0 {
			base := r.glyphs[len(r.glyphs)-1]
			g.col, g.width = base.col, base.width
		}
		g.span = ast.Span{Start: at, End: at + size}
		at += size
		r.glyphs = append(r.glyphs, g)
		r.width = g.col + g.width
	}
	return r
}

// String is the whole row.
func (r row) String() string {
	var b strings.Builder
	for _, g := range r.glyphs {
		b.WriteString(g.text)
	}
	return b.String()
}

// start is the column where the character at the offset begins.
func (r row) start(offset int) int {
	i := sort.Search(len(r.glyphs), func(i int) bool { return r.glyphs[i].span.End > offset })
	if i == len(r.glyphs) {
		return r.width
	}
	return r.glyphs[i].col
}

// end is the column where what stands before the offset ends.
func (r row) end(offset int) int {
	i := sort.Search(len(r.glyphs), func(i int) bool { return r.glyphs[i].span.Start >= offset })
	if i == 0 {
		return 0
	}
	return r.glyphs[i-1].col + r.glyphs[i-1].width
}

// indent is the column of the first character that is no blank.
func (r row) indent() int {
	for _, g := range r.glyphs {
		if strings.TrimSpace(g.text) != "" {
			return g.col
		}
	}
	return r.width
}

// view is the part of a row that fits.
type view struct {
	text string
	from int // the column of the row at the view's left edge
	size int // where the view is cut at its right, else 0
}

// view cuts the row to the available columns around those from lo to hi, which
// may lie behind its end.
func (r row) view(available, lo, hi int) view {
	need := max(r.width, hi)
	if need <= available {
		return view{text: r.String()}
	}
	inner := available - 2 // an ellipsis at each side
	left := lo - max(inner-(hi-lo), 0)/2
	left = max(min(left, need-inner), 0)

	var b strings.Builder
	v := view{}
	first := sort.Search(len(r.glyphs), func(i int) bool { return r.glyphs[i].col >= left })
	if first > 0 {
		b.WriteRune('…')
		if first < len(r.glyphs) {
			left = r.glyphs[first].col
		}
		v.from = left - 1
	}
	for _, g := range r.glyphs[first:] {
		if g.col+g.width > left+inner {
			b.WriteRune('…')
			v.size = columns(b.String())
			break
		}
		b.WriteString(g.text)
	}
	v.text = b.String()
	return v
}

// at is where a column of the row is in the view; what is cut off is at the
// ellipsis.
func (v view) at(col int) int {
	col = max(col-v.from, 0)
	if v.size > 0 {
		col = min(col, v.size)
	}
	return col
}
