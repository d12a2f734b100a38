package check

import (
	"regexp"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// secretSpans finds the text that no output may show: fixed values of secret
// keywords, bare words that are more likely a PIN without its # than a field's
// name, and the same in lines that are not understood.
func secretSpans(p *Program) []ast.Span {
	var spans []ast.Span
	p.File.Lines(func(section int, l *ast.Line) bool {
		var kind schema.Section = schema.Application
		if section >= 0 {
			kind, _, _ = sectionKind(p.File.Slice(p.File.Sections[section].Header.Name))
		}
		switch {
		case l.Kind == ast.Junk:
			spans = append(spans, junkSecret(p, l)...)
		case l.Kind != ast.Entry || l.Value.Len() == 0:
		case kind == schema.Fields:
			// Fixed text of a field that nothing gives another meaning may be a
			// PIN as well as anything else, and so may what cannot be read.
			f := p.fields[p.File.Slice(l.Name)]
			if f == nil || f.Secret() || f.Type == schema.None && (f.Binding == nil || f.quoted()) {
				spans = append(spans, l.Value)
			}
		default:
			if span, ok := entrySecret(p, kind, l); ok {
				spans = append(spans, span)
			}
		}
		return true
	})
	return spans
}

func entrySecret(p *Program, kind schema.Section, l *ast.Line) (ast.Span, bool) {
	name, text := p.File.Slice(l.Name), p.File.Slice(l.Value)
	if !meansSecret(p, kind, name) {
		return ast.Span{}, false
	}
	if strings.HasPrefix(text, "!") {
		return l.Value, diag.Nearest(text, specialNames()) == ""
	}
	if strings.HasPrefix(text, "#") {
		return ast.Span{Start: l.Value.Start + 1, End: l.Value.End}, true
	}
	return l.Value, p.Field(text) == nil && !readsAsField(p, text)
}

func specialNames() []string {
	var names []string
	for _, v := range schema.Specials {
		names = append(names, v.Text)
	}
	return names
}

// meansSecret tells whether a keyword, or what it was likely meant to be, takes
// a secret.
func meansSecret(p *Program, kind schema.Section, name string) bool {
	if k := p.Table.Find(kind, name); k != nil {
		return k.Secret()
	}
	candidates := p.Table.Named(name)
	if len(candidates) == 0 {
		var names []string
		for _, k := range p.Table.All() {
			names = append(names, k.Name)
		}
		candidates = p.Table.Named(diag.Nearest(name, names))
	}
	for _, k := range candidates {
		if k.Secret() {
			return true
		}
	}
	return len(candidates) == 0 && fieldLike.MatchString(name)
}

// fieldLike is what the name of a field for a secret usually holds.
var fieldLike = regexp.MustCompile(`(?i)pin|puk|key|field|pass|secret`)

// readsAsField tells whether a word that names no field was meant to.
func readsAsField(p *Program, word string) bool {
	var names []string
	for _, f := range p.Fields {
		names = append(names, f.Name)
	}
	return fieldLike.MatchString(word) || diag.Nearest(word, names) != ""
}

// junkSecret hides what follows the first blank, # or : of a line that could be
// a secret keyword without its equals sign.
func junkSecret(p *Program, l *ast.Line) []ast.Span {
	text := p.File.Slice(l.Span)
	i := strings.IndexAny(strings.TrimLeft(text, " \t["), "# \t:=;,")
	if i < 0 {
		return nil
	}
	i += len(text) - len(strings.TrimLeft(text, " \t["))
	return []ast.Span{{Start: l.Span.Start + i, End: l.Span.End}}
}
