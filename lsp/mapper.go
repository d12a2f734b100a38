package lsp

import (
	"unicode/utf8"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/lsp/protocol"
)

// mapper is the one place where offsets and the client's positions meet.
type mapper struct {
	text  string
	table *ast.LineTable
	utf8  bool
}

func newMapper(f *ast.File, encoding protocol.PositionEncodingKind) mapper {
	return mapper{text: f.Text, table: f.Table(), utf8: encoding == protocol.UTF8}
}

// units is the width of a character as the client counts.
func (m mapper) units(r rune, size int) int {
	switch {
	case m.utf8:
		return size
	case r > 0xFFFF:
		return 2
	}
	return 1
}

// position gives the client's position of an offset, which is moved into the
// text where it lies outside.
func (m mapper) position(offset int) protocol.Position {
	offset = min(max(offset, 0), len(m.text))
	line := m.table.Line(offset)
	start := m.table.Start(line)
	return protocol.Position{Line: uint32(line), Character: uint32(m.width(start, offset))}
}

// width is how many characters the client counts from one offset to another.
func (m mapper) width(from, to int) int {
	if m.utf8 {
		return to - from
	}
	n := 0
	for _, r := range m.text[from:to] {
		n += m.units(r, 0)
	}
	return n
}

// offset gives the offset of a position. A character behind the end of its line
// is the end of the line, as the specification says; a line behind the last is
// the end of the text; a place inside a character is its start.
func (m mapper) offset(p protocol.Position) int {
	if int64(p.Line) >= int64(m.table.Lines()) {
		return len(m.text)
	}
	span := m.table.LineSpan(int(p.Line))
	left := int64(p.Character)
	for i := span.Start; i < span.End; {
		r, size := utf8.DecodeRuneInString(m.text[i:])
		left -= int64(m.units(r, size))
		if left < 0 {
			return i
		}
		i += size
	}
	return span.End
}

func (m mapper) rng(s ast.Span) protocol.Range {
	return protocol.Range{Start: m.position(s.Start), End: m.position(s.End)}
}

// span gives the span of a range; one that is the wrong way round is turned.
func (m mapper) span(r protocol.Range) ast.Span {
	a, b := m.offset(r.Start), m.offset(r.End)
	return ast.Span{Start: min(a, b), End: max(a, b)}
}

func (m mapper) edits(edits []diag.Edit) []protocol.TextEdit {
	out := make([]protocol.TextEdit, 0, len(edits))
	for _, e := range edits {
		out = append(out, protocol.TextEdit{Range: m.rng(e.Span), NewText: e.NewText})
	}
	return out
}
