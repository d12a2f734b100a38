package ast

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Span is a part of a text, in bytes of its UTF-8 form. End is exclusive.
type Span struct {
	Start, End int
}

// Contains reports whether the offset lies in the span or at its end, as a
// cursor does that stands behind the last character.
func (s Span) Contains(offset int) bool { return s.Start <= offset && offset <= s.End }

// Len is the length in bytes.
func (s Span) Len() int { return s.End - s.Start }

// Position is a place for people: line and column count from 1, the column in
// Unicode characters.
type Position struct {
	Line, Column int
}

// LineEnd is the first line end of a text: the one that the text is taken to use.
// Without any it is LF.
func LineEnd(text string) string {
	i := strings.IndexAny(text, "\r\n")
	switch {
	case i < 0:
		return "\n"
	case strings.HasPrefix(text[i:], "\r\n"):
		return "\r\n"
	}
	return text[i : i+1]
}

// LineTable finds lines by offset. Lines end with LF, CR or CRLF.
type LineTable struct {
	text   string
	starts []int
}

// NewLineTable indexes text.
func NewLineTable(text string) *LineTable {
	t := &LineTable{text: text, starts: make([]int, 1, 2+strings.Count(text, "\n"))}
	if strings.IndexByte(text, '\r') < 0 {
		// The usual case, and several times faster.
		for i := strings.IndexByte(text, '\n'); i >= 0; i = strings.IndexByte(text[t.starts[len(t.starts)-1]:], '\n') {
			t.starts = append(t.starts, t.starts[len(t.starts)-1]+i+1)
		}
		return t
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n':
			t.starts = append(t.starts, i+1)
		case '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			t.starts = append(t.starts, i+1)
		}
	}
	return t
}

// startsOf makes the table that of lines which are known already.
func (t *LineTable) startsOf(lines []Line) {
	if n := len(lines) + 1; cap(t.starts) < n {
		t.starts = make([]int, 0, n+n/16)
	}
	t.starts = t.starts[:0]
	for i := range lines {
		t.starts = append(t.starts, lines[i].Span.Start)
	}
	if last := len(lines) - 1; last < 0 || lines[last].End > lines[last].Span.End {
		t.starts = append(t.starts, len(t.text))
	}
}

// Lines is the number of lines; a text that ends with a line end has an empty
// one behind it.
func (t *LineTable) Lines() int { return len(t.starts) }

// Line is the number of the line, from 0, that holds the offset.
func (t *LineTable) Line(offset int) int {
	return sort.SearchInts(t.starts, offset+1) - 1
}

// Start is the offset of the first byte of the line with the number, from 0.
func (t *LineTable) Start(line int) int { return t.starts[line] }

// LineSpan is the line with the number, from 0, without its end.
func (t *LineTable) LineSpan(line int) Span {
	start, end := t.starts[line], len(t.text)
	if line+1 < len(t.starts) {
		end = t.starts[line+1]
	}
	for end > start && (t.text[end-1] == '\n' || t.text[end-1] == '\r') {
		end--
	}
	return Span{start, end}
}

// Position is the place of the offset, which is moved into the text where it
// lies outside.
func (t *LineTable) Position(offset int) Position {
	offset = min(max(offset, 0), len(t.text))
	line := t.Line(offset)
	return Position{line + 1, utf8.RuneCountInString(t.text[t.starts[line]:offset]) + 1}
}

// Offset is the inverse of Position: the nearest offset within the line.
func (t *LineTable) Offset(p Position) int {
	if p.Line < 1 {
		return 0
	}
	if p.Line > len(t.starts) {
		return len(t.text)
	}
	span := t.LineSpan(p.Line - 1)
	offset := span.Start
	for column := 1; column < p.Column && offset < span.End; column++ {
		_, size := utf8.DecodeRuneInString(t.text[offset:])
		offset += size
	}
	return offset
}
