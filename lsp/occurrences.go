package lsp

import (
	"strings"

	"inscribe/ast"
	"inscribe/check"
	"inscribe/check/schema"
)

// kindOf says what a name names.
type kindOf uint8

// What can be named.
const (
	fieldName kindOf = iota
	applicationLetter
	templateName
	libraryName
)

// occurrence is a place where something is named.
type occurrence struct {
	kind kindOf
	// name is that of the field as declared, the letter in lower case, the
	// template or the library as written.
	name string
	span ast.Span
	// vague marks a place that has the name and may mean something else: a column of
	// an address line.
	vague bool
	// declares marks the entry in [Fields] and the header of an application.
	declares bool
}

func (o occurrence) same(p occurrence) bool { return o.kind == p.kind && o.name == p.name }

// occurrences lists all names of a description.
func (d *document) occurrences() []occurrence {
	p := d.program()
	var out []occurrence
	for _, f := range p.Fields {
		out = append(out, occurrence{kind: fieldName, name: f.Name, span: f.Line.Name, declares: true})
		for _, u := range f.Uses {
			out = append(out, occurrence{kind: fieldName, name: f.Name, span: u.Span})
		}
	}
	p.AddressColumns(func(f *check.Field, u check.Use) {
		out = append(out, occurrence{kind: fieldName, name: f.Name, span: u.Span, vague: true})
	})
	for _, a := range p.All {
		span := ast.Span{Start: a.Header.Name.End - len(a.Letter), End: a.Header.Name.End}
		out = append(out, occurrence{kind: applicationLetter, name: strings.ToLower(a.Letter), span: span, declares: true})
	}
	if list := p.Description.Get(schema.MApplicationList); list != nil {
		for _, letter := range list.Value.Names {
			out = append(out, occurrence{kind: applicationLetter, name: strings.ToLower(letter.Text), span: letter.Span})
		}
	}
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			switch {
			case s.Value.Text == "":
			case s.Keyword.Meaning == schema.MCertTempl:
				out = append(out, occurrence{kind: templateName, name: s.Value.Text, span: s.Line.Value})
			case s.Keyword.Kind == schema.Path:
				out = append(out, occurrence{kind: libraryName, name: s.Value.Text, span: s.Line.Value})
			}
		}
	}
	return out
}

// nameAt finds what is named at an offset. Between two letters it is the one behind: a
// cursor that is a block stands on it, and would never get to it otherwise. In the
// header of an application it is this one, wherever the cursor stands there.
func (d *document) nameAt(offset int) (before occurrence, ok bool) {
	for _, o := range d.index() {
		switch {
		case !o.span.Contains(offset):
		case offset < o.span.End:
			return o, true
		case !ok:
			before, ok = o, true
		}
	}
	if ok {
		return before, true
	}
	if l := d.cursor(offset).line; l.Kind == ast.Header && l.Name.Contains(offset) {
		for _, o := range d.index() {
			if o.kind == applicationLetter && o.declares && o.span.End == l.Name.End {
				return o, true
			}
		}
	}
	return occurrence{}, false
}

// all lists the places of the same thing.
func (d *document) all(o occurrence) []occurrence {
	var out []occurrence
	for _, p := range d.index() {
		if p.same(o) {
			out = append(out, p)
		}
	}
	return out
}
