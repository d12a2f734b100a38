package check

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// secretSpans finds the text that no output may show: fixed values of secret
// keywords, bare words that are more likely a PIN without its # than a field's
// name, and the same in lines that are not understood or commented out. They are in the order of
// the file.
func secretSpans(p *Program) []ast.Span {
	var spans []ast.Span
	look := func(kind schema.Section, k *schema.Keyword, l *ast.Line) {
		switch {
		case l.Kind == ast.Junk:
			if span, ok := junkSecret(p, l); ok {
				spans = append(spans, span)
			}
		case l.Kind == ast.Comment:
			if span, ok := commentSecret(p, kind, l); ok {
				spans = append(spans, span)
			}
		case l.Kind != ast.Entry || l.Value.Len() == 0 || k != nil && !k.Secret():
		case kind == schema.Fields:
			// Fixed text of a field that nothing gives another meaning may be a
			// PIN as well as anything else, and so may what cannot be read.
			f := p.fields[p.File.Slice(l.Name)]
			if f == nil || f.Secret() || f.Type == schema.None && (f.Binding == nil || f.quoted()) {
				spans = append(spans, l.Value)
			}
		case k != nil || p.maySecret(kind, p.File.Slice(l.Name)):
			if span, ok := valueSecret(p, l); ok {
				spans = append(spans, span)
			}
		}
	}
	for i := range p.File.Head {
		look(schema.Application, nil, &p.File.Head[i])
	}
	for i := range p.parts {
		part, lines := &p.parts[i], p.File.Sections[i].Lines
		for j := range lines {
			look(part.kind, part.keywords[j], &lines[j])
		}
	}
	return spans
}

// bySpan orders spans as they stand in the file.
func bySpan(a, b ast.Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

// valueSecret gives the part of a secret keyword's value that must not be shown.
func valueSecret(p *Program, l *ast.Line) (ast.Span, bool) {
	text := p.File.Slice(l.Value)
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

// maySecret tells whether a word that is no keyword of its section may have been
// meant to be one that takes a secret. Where there is no time to look it may.
func (p *Program) maySecret(kind schema.Section, name string) bool {
	if k := p.Table.Find(kind, name); k != nil {
		return k.Secret()
	}
	candidates := p.Table.Named(name)
	if len(candidates) == 0 {
		candidates = p.Table.Named(p.spell.nearest(name, p.Table.Names()))
	}
	for _, k := range candidates {
		if k.Secret() {
			return true
		}
	}
	return len(candidates) == 0 && (p.spell.tired() || fieldLike().MatchString(name))
}

// fieldLike is what the name of a field for a secret usually holds.
var fieldLike = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)pin|puk|key|field|pass|secret`) })

// readsAsField tells whether a word that names no field was meant to.
func readsAsField(p *Program, word string) bool {
	return fieldLike().MatchString(word) || p.spell.nearest(word, p.fieldNames()) != ""
}

// junkSecret hides what follows the first blank, # or : of a line that could be
// a secret keyword without its equals sign.
func junkSecret(p *Program, l *ast.Line) (ast.Span, bool) {
	text := p.File.Slice(l.Span)
	i := strings.IndexAny(strings.TrimLeft(text, " \t["), "# \t:=;,")
	if i < 0 {
		return ast.Span{}, false
	}
	i += len(text) - len(strings.TrimLeft(text, " \t["))
	return ast.Span{Start: l.Span.Start + i, End: l.Span.End}, true
}

// commentSecret gives what must not be shown of a line that was commented out.
func commentSecret(p *Program, section schema.Section, l *ast.Line) (ast.Span, bool) {
	name, _, entry := strings.Cut(p.File.Slice(l.Span), "=")
	at := ast.Span{Start: l.Span.Start + len(name) + 1, End: l.Span.End}
	name = strings.Trim(name, "#; \t")
	if !entry || strings.TrimSpace(p.File.Slice(at)) == "" {
		return at, false
	}
	for p.File.Text[at.Start] == ' ' || p.File.Text[at.Start] == '\t' {
		at.Start++
	}
	if section == schema.Fields {
		return at, fieldLike().MatchString(name) && !strings.Contains(name, ":") // of a suppression
	}
	secret := func(k *schema.Keyword) bool { return k.Secret() }
	if !slices.ContainsFunc(p.Table.Named(name), secret) {
		return at, false
	}
	return valueSecret(p, &ast.Line{Value: at})
}
