package format

import (
	"errors"
	"fmt"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// Format gives the text of a description in canonical form. All lines get the
// line end of the first one.
func Format(f *ast.File, table *schema.Table) string {
	var b strings.Builder
	b.Grow(len(f.Text))
	pieces(f, table, func(_ ast.Span, text string) { b.WriteString(text) })
	return b.String()
}

// Edits are the changes that [Format] makes, in the order of the text; there
// are none where the text is in canonical form already.
func Edits(f *ast.File, table *schema.Table) []diag.Edit {
	return edits(f, table, func(ast.Span) bool { return true })
}

// FormatRange are those of [Edits] that lie in a part of the text or overlap
// it; an empty part means the line that it stands in. Each edit stands for
// itself, so any may be left out.
func FormatRange(f *ast.File, table *schema.Table, span ast.Span) []diag.Edit {
	return edits(f, table, func(place ast.Span) bool {
		if span.Len() == 0 || place.Len() == 0 {
			return place.Start <= span.End && span.Start <= place.End
		}
		return place.Start < span.End && span.Start < place.End
	})
}

func edits(f *ast.File, table *schema.Table, wanted func(ast.Span) bool) []diag.Edit {
	var list []diag.Edit
	pieces(f, table, func(place ast.Span, text string) {
		if wanted(place) && f.Slice(place) != text {
			list = append(list, diag.Edit{Span: place, NewText: text})
		}
	})
	return list
}

// Encode gives the bytes of a text in the encoding of the file that it came
// from. It fails where they would be read as another text: Windows-1252 lacks
// most characters, and without its one odd byte a file may look like UTF-8.
func Encode(text string, e ast.Encoding) ([]byte, error) {
	raw := ast.Encode(text, e)
	if again, _ := ast.Decode(raw); again != text {
		return nil, fmt.Errorf("%w %s", errEncoding, e)
	}
	return raw, nil
}

// errEncoding says that a text has no form in its file's encoding.
var errEncoding = errors.New("the result would be misread in the file's encoding,")

// pieces tiles the text: for each line that is not blank, and for what lies
// before, between and after these lines, it calls yield with the place and the
// canonical text. Line ends and blank lines belong to what lies between.
func pieces(f *ast.File, table *schema.Table, yield func(place ast.Span, text string)) {
	end := ast.LineEnd(f.Text)
	kept := attach(f)
	from := 0
	for i, k := range kept {
		between := end
		switch {
		case i == 0:
			between = ""
		case k.opens:
			between = end + end
		case kept[i-1].line.Kind == ast.Header:
		case k.apart:
			between = end + end
		}
		yield(ast.Span{Start: from, End: k.line.Span.Start}, between)
		yield(k.line.Span, line(f, table, k))
		from = k.line.Span.End
	}
	if kept == nil {
		end = ""
	}
	yield(ast.Span{Start: from, End: len(f.Text)}, end)
}

// keptLine is a line that is not blank.
type keptLine struct {
	line    *ast.Line
	section int
	// apart says that a blank line stands before it; opens that it is a header
	// or the first comment of the block directly above one.
	apart, opens bool
}

func attach(f *ast.File) []keptLine {
	var kept []keptLine
	apart := false
	f.Lines(func(section int, l *ast.Line) bool {
		if l.Kind == ast.Blank {
			apart = true
			return true
		}
		kept = append(kept, keptLine{line: l, section: section, apart: apart})
		if l.Kind == ast.Header {
			first := len(kept) - 1
			for first > 0 && !kept[first].apart && kept[first-1].line.Kind == ast.Comment {
				first--
			}
			kept[first].opens = true
		}
		apart = false
		return true
	})
	return kept
}

// line is the canonical text of a line.
func line(f *ast.File, table *schema.Table, k keptLine) string {
	l := k.line
	name := f.Slice(l.Name)
	switch l.Kind {
	case ast.Comment:
		text := f.Slice(l.Span)
		mark := strings.IndexAny(text, "#;")
		end := mark + 1
		if l.Value.Len() > 0 {
			end = l.Value.End - l.Span.Start
		}
		return "#" + text[mark+1:end]
	case ast.Header:
		return "[" + header(name) + "]"
	case ast.Entry:
		return indent(name) + keyword(f, table, k.section, name) + "=" + f.Slice(l.Value)
	default:
		return f.Slice(l.Span)
	}
}

// indent keeps a name that starts with ^ from the start of its line, where it
// would make an encrypted one.
func indent(name string) string {
	if strings.HasPrefix(name, "^") {
		return " "
	}
	return ""
}

func header(name string) string {
	kind, letter, ok := schema.SectionOf(name)
	if !ok {
		return name
	}
	return schema.Sections[kind] + letter
}

func keyword(f *ast.File, table *schema.Table, section int, name string) string {
	if section < 0 {
		return name
	}
	kind, _, ok := schema.SectionOf(f.Slice(f.Sections[section].Header.Name))
	if !ok || kind == schema.Fields {
		return name
	}
	if k := table.Find(kind, name); k != nil {
		return k.Spelling(name)
	}
	return name
}
