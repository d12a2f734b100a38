package lsp

import (
	"context"
	"strings"

	"inscribe/ast"
	"inscribe/check"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// The types of semantic token, as indexes of the legend.
const (
	tokNamespace = iota
	tokProperty
	tokVariable
	tokString
	tokKeyword
	tokNumber
	tokEnumMember
	tokComment
	tokRegexp
	tokMacro
	tokType
)

// The modifiers, as bits.
const (
	modDeclaration = 1 << iota
	modDeprecated
	modReadonly
)

var legend = protocol.SemanticTokensLegend{
	TokenTypes:     []string{"namespace", "property", "variable", "string", "keyword", "number", "enumMember", "comment", "regexp", "macro", "type"},
	TokenModifiers: []string{"declaration", "deprecated", "readonly"},
}

type token struct {
	span      ast.Span
	kind      int
	modifiers int
}

// semanticTokens gives those of the whole description.
func (c *call) semanticTokens(context.Context, *protocol.TextDocumentParams) (any, error) {
	return c.doc.encode(c.doc.tokens(ast.Span{Start: 0, End: len(c.doc.file().Text)})), nil
}

// semanticTokensRange gives those of the lines of a range.
func (c *call) semanticTokensRange(_ context.Context, p *protocol.RangeParams) (any, error) {
	return c.doc.encode(c.doc.tokens(c.doc.mapper.span(p.Range))), nil
}

// tokens lists the tokens of the lines that a span touches, in order.
func (d *document) tokens(span ast.Span) []token {
	var out []token
	if len(d.tree.lines) == 0 {
		return out
	}
	settings := d.settings()
	first := d.tree.lineAt(span.Start)
	kind, known := schema.Section(0), false
	if at := d.tree.sectionAt(d.tree.lines[first].Span.Start); at >= 0 {
		kind, _, known = schema.SectionOf(d.file().Slice(d.file().Sections[at].Header.Name))
	}
	for i := first; i < len(d.tree.lines); i++ {
		l := &d.tree.lines[i]
		if l.Span.Start > span.End {
			break
		}
		if l.Kind == ast.Header {
			kind, _, known = schema.SectionOf(d.file().Slice(l.Name))
		}
		if l.Span.End < span.Start {
			continue // the empty last line is none of the tree
		}
		switch l.Kind {
		case ast.Comment:
			out = append(out, token{span: l.Span, kind: tokComment})
		case ast.Header:
			t := token{span: l.Name, kind: tokNamespace}
			if !known {
				t.modifiers = modDeprecated
			}
			out = append(out, t)
		case ast.Entry:
			out = append(out, d.entryTokens(l, settings[l.Span.Start], known && kind == schema.Fields)...)
		}
	}
	return out
}

func (d *document) entryTokens(l *ast.Line, s *check.Setting, field bool) []token {
	switch {
	case field:
		return append([]token{{span: l.Name, kind: tokVariable, modifiers: modDeclaration}}, token{span: l.Value, kind: tokString})
	case s == nil:
		return []token{{span: l.Name, kind: tokProperty, modifiers: modDeprecated}}
	}
	return append([]token{{span: l.Name, kind: tokProperty}}, d.valueTokens(s)...)
}

func (d *document) valueTokens(s *check.Setting) []token {
	v := s.Line.Value
	one := func(kind int) []token { return []token{{span: v, kind: kind}} }
	switch s.Keyword.Kind {
	case schema.Bool:
		return one(tokKeyword)
	case schema.Number:
		return one(tokNumber)
	case schema.Enum:
		return one(tokEnumMember)
	case schema.Validation:
		return one(tokRegexp)
	case schema.ApplicationOrder:
		return one(tokNamespace)
	case schema.TypeID, schema.Numbers:
		return one(tokNumber)
	case schema.FieldName:
		return one(tokVariable)
	case schema.FieldNames:
		var out []token
		for _, n := range s.Value.Names {
			out = append(out, token{span: n.Span, kind: tokVariable})
		}
		return out
	case schema.Expression:
		var out []token
		for _, p := range s.Value.Parts {
			kind := tokString
			if p.Name != "" {
				kind = tokVariable
			}
			out = append(out, token{span: p.Span, kind: kind})
		}
		return out
	case schema.Attributes:
		var out []token
		for _, a := range s.Value.Attributes {
			name := ast.Span{Start: a.Span.Start, End: a.Span.Start + strings.IndexByte(d.file().Slice(a.Span)+"=", '=')}
			value := ast.Span{Start: min(name.End+1, a.Span.End), End: a.Span.End}
			out = append(out, token{span: d.bare(name), kind: tokType}, token{span: d.bare(value), kind: tokString})
		}
		return out
	}
	if s.Keyword.Meaning == schema.MCertTempl {
		return one(tokType)
	}
	switch s.Value.Form {
	case check.FieldRef:
		return one(tokVariable)
	case check.Dialog, check.PINPad:
		return one(tokMacro)
	case check.FixedValue:
		return []token{{span: v, kind: tokString, modifiers: modReadonly}}
	}
	return one(tokString)
}

// bare is a span without the blanks around it.
func (d *document) bare(s ast.Span) ast.Span {
	text := d.file().Slice(s)
	left := len(text) - len(strings.TrimLeft(text, " \t"))
	return ast.Span{Start: s.Start + left, End: s.Start + left + len(strings.Trim(text, " \t"))}
}

// encode writes tokens as the protocol has them: five numbers each, places
// relative to the token before.
func (d *document) encode(tokens []token) protocol.SemanticTokens {
	data := make([]uint32, 0, 5*len(tokens))
	table := d.file().Table()
	var line, char uint32
	at, end := 0, 0 // the line, and what is covered
	for _, t := range tokens {
		if t.span.Len() <= 0 || t.span.Start < end {
			continue
		}
		// Tokens come in order, so the line is found by going on.
		for at+1 < table.Lines() && table.Start(at+1) <= t.span.Start {
			at++
		}
		end = t.span.End
		start := uint32(d.mapper.width(table.Start(at), t.span.Start))
		length := uint32(d.mapper.width(t.span.Start, t.span.End))
		if uint32(at) != line {
			char = 0
		}
		data = append(data, uint32(at)-line, start-char, length, uint32(t.kind), uint32(t.modifiers))
		line, char = uint32(at), start
	}
	return protocol.SemanticTokens{Data: data}
}
