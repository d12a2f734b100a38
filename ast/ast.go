package ast

import "strings"

// LineKind is what a line is.
type LineKind uint8

// The kinds of line.
const (
	Blank     LineKind = iota // nothing but blanks
	Comment                   // starts with # or ;
	Header                    // [Section]
	Entry                     // keyword=value
	Encrypted                 // starts with ^: kept byte for byte, never read
	Junk                      // nothing of these
)

// String names the kind.
func (k LineKind) String() string {
	return [...]string{"blank line", "comment", "section header", "entry", "encrypted line", "unreadable line"}[k]
}

// Line is one physical line.
type Line struct {
	Kind LineKind
	// Span is the line without its end; End is the offset after the line end,
	// which is the next line's start.
	Span Span
	End  int
	// Name is the name of a section in a header, the keyword of an entry,
	// without the blanks around it.
	Name Span
	// Value is the value of an entry without the blanks around it, or the text
	// of a comment behind its mark.
	Value Span
}

// Lines are the lines between two headers.
type Lines []Line

// Section is a header with the lines up to the next one.
type Section struct {
	Header *Line
	Lines  Lines
}

// Archive names an archive with a description in it.
type Archive struct {
	Name   string
	SHA256 string // of its bytes, lower-case hexadecimal
}

// File is one description.
type File struct {
	// Name is what messages call the file.
	Name string
	// Text is the decoded text, which all spans refer to.
	Text     string
	Encoding Encoding
	// Archive is the file that the description was read out of, where it came
	// packed in one.
	Archive Archive
	// Head is what stands before the first header.
	Head     Lines
	Sections []Section

	table *LineTable
}

// FromLines makes the file of lines that stand side by side and tile the text. Its
// sections are parts of them. The memory of an old file of this kind, that nobody
// looks at any more, is used for it; nil is none.
func FromLines(name, text string, lines []Line, old *File) *File {
	f := &File{Name: name, Text: text, table: &LineTable{text: text}}
	if old != nil {
		f.Sections, f.table.starts = old.Sections, old.table.starts
		*old = File{}
	}
	f.table.startsOf(lines)
	headers := 0
	for i := range lines {
		if lines[i].Kind == Header {
			headers++
		}
	}
	part := func(from, to int) Lines {
		if from == to {
			return nil
		}
		return lines[from:to:to]
	}
	// Backwards, since a section ends where the next one begins.
	if cap(f.Sections) < headers {
		f.Sections = make([]Section, headers+headers/16)
	}
	f.Sections = f.Sections[:headers]
	if headers == 0 {
		f.Sections = []Section{}
	}
	end := len(lines)
	for i := end - 1; i >= 0; i-- {
		if lines[i].Kind == Header {
			headers--
			f.Sections[headers] = Section{Header: &lines[i], Lines: part(i+1, end)}
			end = i
		}
	}
	f.Head = part(0, end)
	return f
}

// Table gives the line table, made at first need. It is not safe for a first
// use by two goroutines.
func (f *File) Table() *LineTable {
	if f.table == nil {
		f.table = NewLineTable(f.Text)
	}
	return f.table
}

// Slice is the text of a span.
func (f *File) Slice(s Span) string { return f.Text[s.Start:s.End] }

// Above are the comments directly above a section: they speak of it.
func (f *File) Above(section int) Lines {
	lines := f.Head
	if section > 0 {
		lines = f.Sections[section-1].Lines
	}
	first := len(lines)
	for first > 0 && lines[first-1].Kind == Comment {
		first--
	}
	return lines[first:]
}

// Before is where another section goes that is to stand before this one: above the
// comments that speak of this one.
func (f *File) Before(section int) int {
	if above := f.Above(section); len(above) > 0 {
		return above[0].Span.Start
	}
	return f.Sections[section].Header.Span.Start
}

// Position is the place of an offset.
func (f *File) Position(offset int) Position { return f.Table().Position(offset) }

// Lines calls yield for every line in order; i is the index of its section, -1
// for the head. A header comes with the section that it opens.
func (f *File) Lines(yield func(section int, line *Line) bool) {
	for i := range f.Head {
		if !yield(-1, &f.Head[i]) {
			return
		}
	}
	for s := range f.Sections {
		if !yield(s, f.Sections[s].Header) {
			return
		}
		for i := range f.Sections[s].Lines {
			if !yield(s, &f.Sections[s].Lines[i]) {
				return
			}
		}
	}
}

// Print gives the bytes that the file was read from, made from its lines.
func (f *File) Print() []byte {
	var b strings.Builder
	b.Grow(len(f.Text))
	f.Lines(func(_ int, l *Line) bool {
		b.WriteString(f.Text[l.Span.Start:l.End])
		return true
	})
	return Encode(b.String(), f.Encoding)
}
