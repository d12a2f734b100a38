package lsp

import (
	"inscribe/ast"
	"inscribe/check"
	"inscribe/check/schema"
)

// cursor is a place in a description and what stands there.
type cursor struct {
	offset int
	// line is the line of the place; an empty one stands for that behind a line
	// end at the end of the text.
	line ast.Line
	// section is the index of the section in the file, -1 before the first;
	// kind and letter say which it is, known whether it is one.
	section int
	kind    schema.Section
	letter  string
	known   bool
}

func (d *document) cursor(offset int) cursor {
	c := cursor{offset: offset, line: ast.Line{Span: ast.Span{Start: offset, End: offset}, End: offset}}
	if len(d.tree.lines) > 0 {
		l := d.tree.lines[d.tree.lineAt(offset)]
		if offset <= l.Span.End || offset < l.End {
			c.line = l
		}
	}
	c.section = d.tree.sectionAt(offset)
	if c.section >= 0 {
		name := d.file().Slice(d.file().Sections[c.section].Header.Name)
		c.kind, c.letter, c.known = schema.SectionOf(name)
	}
	return c
}

// own are the lines of a section below its header, without blank ones and comments at
// the end that belong to the next one.
func (d *document) own(section int) []ast.Line {
	sections := d.file().Sections
	lines := sections[section].Lines
	if section+1 < len(sections) {
		lines = lines[:len(lines)-len(d.file().Above(section+1))]
	}
	for len(lines) > 0 && lines[len(lines)-1].Kind == ast.Blank {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// sectionSpan is a section with the comments above it.
func (d *document) sectionSpan(section int) ast.Span {
	span := d.file().Sections[section].Header.Span
	span.Start = d.file().Before(section)
	if lines := d.own(section); len(lines) > 0 {
		span.End = lines[len(lines)-1].Span.End
	}
	return span
}

// block is the section of the cursor with its keywords; nil where there is
// none, as for a section that stands twice.
func (d *document) block(c cursor) *check.Block {
	if !c.known || c.kind == schema.Fields {
		return nil
	}
	header := d.file().Sections[c.section].Header.Span
	for _, b := range d.program().Blocks {
		if b.Header.Span == header {
			return b
		}
	}
	return nil
}

// keyword is the keyword of the cursor's line, nil where it has none.
func (d *document) keyword(c cursor) *schema.Keyword {
	if !c.known || c.kind == schema.Fields || c.line.Kind != ast.Entry {
		return nil
	}
	return d.program().Table.Find(c.kind, d.file().Slice(c.line.Name))
}

// setting is the setting of the cursor's line, nil where the keyword is unknown
// or repeated.
func (d *document) setting(c cursor) *check.Setting {
	if !c.known || c.line.Kind != ast.Entry {
		return nil
	}
	return d.settings()[c.line.Span.Start]
}

func (d *document) byLine() map[int]*check.Setting {
	out := map[int]*check.Setting{}
	for _, b := range d.program().Blocks {
		for _, s := range b.Settings {
			out[s.Line.Span.Start] = s
		}
	}
	return out
}

// application is the application of the cursor's section, or nil.
func (d *document) application(c cursor) *check.Application {
	if !c.known || c.kind != schema.Application {
		return nil
	}
	header := d.file().Sections[c.section].Header.Span
	for _, a := range d.program().All {
		if a.Header.Span == header {
			return a
		}
	}
	return nil
}

// lineNumber counts from 1.
func (d *document) lineNumber(offset int) int { return d.file().Table().Line(offset) + 1 }
