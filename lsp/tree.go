package lsp

import (
	"sort"

	"inscribe/ast"
	"inscribe/grammar"
)

// tree is a file with its lines side by side: the sections of the file are
// parts of lines. That makes an edit cheap, since only the lines that it
// touches are read again.
type tree struct {
	file  *ast.File
	lines []ast.Line
}

func parse(name, text string) *tree {
	return assemble(name, text, flatten(grammar.ParseText(name, text)), nil)
}

func flatten(f *ast.File) []ast.Line {
	n := len(f.Head)
	for i := range f.Sections {
		n += 1 + len(f.Sections[i].Lines)
	}
	lines := make([]ast.Line, 0, n)
	lines = append(lines, f.Head...)
	for i := range f.Sections {
		lines = append(lines, *f.Sections[i].Header)
		lines = append(lines, f.Sections[i].Lines...)
	}
	return lines
}

// assemble makes the tree that the grammar would make of these lines, in the memory
// of an old file.
func assemble(name, text string, lines []ast.Line, old *ast.File) *tree {
	return &tree{file: ast.FromLines(name, text, lines, old), lines: lines}
}

// replace gives the tree after the span was replaced by new text. It takes the memory
// of an old tree that nobody looks at any more; an empty one has none.
func (t *tree) replace(span ast.Span, newText string, old tree) *tree {
	was := t.file.Text
	text := was[:span.Start] + newText + was[span.End:]
	if len(t.lines) == 0 {
		return parse(t.file.Name, text)
	}
	// The line before may end with a CR to which a LF is added now.
	first := max(t.lineAt(span.Start)-1, 0)
	last := t.lineAt(span.End)
	from, to, delta := t.lines[first].Span.Start, t.lines[last].End, len(text)-len(was)
	fresh := flatten(grammar.ParseText(t.file.Name, text[from:to+delta]))
	lines := old.lines[:0]
	if n := first + len(fresh) + len(t.lines) - last - 1; cap(lines) < n {
		lines = make([]ast.Line, 0, n+n/16)
	}
	lines = append(lines, t.lines[:first]...)
	lines = append(lines, fresh...)
	move(lines[first:], from)
	tail := len(lines)
	lines = append(lines, t.lines[last+1:]...)
	move(lines[tail:], delta)
	return assemble(t.file.Name, text, lines, old.file)
}

// leave gives the memory of the tree away; who still looks at it finds it empty.
func (t *tree) leave() tree {
	old := *t
	clear(old.lines)
	*t = tree{file: &ast.File{}}
	return old
}

// move shifts lines; parts that a line does not have stay as they are.
func move(lines []ast.Line, by int) {
	shift := func(s *ast.Span) { s.Start, s.End = s.Start+by, s.End+by }
	for i := range lines {
		l := &lines[i]
		shift(&l.Span)
		l.End += by
		switch l.Kind {
		case ast.Entry:
			shift(&l.Name)
			shift(&l.Value)
		case ast.Header:
			shift(&l.Name)
		case ast.Comment:
			shift(&l.Value)
		}
	}
}

// lineAt is the index of the line that holds the offset; of the last one at the
// end of the text. There must be lines.
func (t *tree) lineAt(offset int) int {
	return max(sort.Search(len(t.lines), func(i int) bool { return t.lines[i].Span.Start > offset })-1, 0)
}

// sectionAt is the index of the section of an offset, -1 before the first.
func (t *tree) sectionAt(offset int) int {
	s := t.file.Sections
	return sort.Search(len(s), func(i int) bool { return s[i].Header.Span.Start > offset }) - 1
}
