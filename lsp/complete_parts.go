package lsp

import (
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/check"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// formatCall is the one function of the right-hand side of a field.
const formatCall = "Format"

// binding offers the form of a field's right-hand side for the term at the cursor.
func (b *offers) binding() {
	value := b.valueSpan()
	text := b.doc.file().Slice(value)
	at := argumentAt(text, b.at.offset-value.Start)
	if at.call != "" || at.quoted {
		return
	}
	end := len(text)
	if i := strings.IndexAny(text[at.term:], `+(`); i >= 0 {
		end = at.term + i
	}
	if strings.Contains(text[at.term:end], `"`) || value.Start+end < b.at.offset {
		return
	}
	span := trimmed(text, ast.Span{Start: at.term, End: end}, value.Start)
	if span.Len() == 0 {
		span = ast.Span{Start: b.at.offset, End: b.at.offset}
	}
	item := protocol.CompletionItem{Label: formatCall + "(…)", FilterText: formatCall, Kind: protocol.FunctionItem, Detail: "a database field with leading characters (Card SDK)"}
	if strings.HasPrefix(text[end:], "(") {
		b.add(item, span, formatCall)
		return
	}
	b.addSnippet(item, span, formatCall+`(${1:Field21},"${2:000000}")`, formatCall+"(")
}

// valueSpan is the value of the cursor's line; where it is empty, the cursor.
func (b *offers) valueSpan() ast.Span {
	span := b.at.line.Value
	if span.Len() == 0 || span.Start > b.at.offset {
		return ast.Span{Start: b.at.offset, End: max(b.at.offset, span.End)}
	}
	return ast.Span{Start: span.Start, End: max(span.End, b.at.offset)}
}

// trimmed is a part of a text without the blanks around it, as a span of the file.
func trimmed(text string, part ast.Span, start int) ast.Span {
	s := text[part.Start:part.End]
	lead := len(s) - len(strings.TrimLeft(s, " \t"))
	return ast.Span{Start: start + part.Start + lead, End: start + part.Start + max(lead, len(strings.TrimRight(s, " \t")))}
}

// argument is a place in a value that may have calls in it.
type argument struct {
	// term is where the term begins that the place is in.
	term int
	// call is the name of the call that is open there, and n which of its arguments.
	call string
	n    int
	// quoted says that the place is inside of quotation marks.
	quoted bool
}

// argumentAt says where an offset is in terms joined by +, some of them calls.
func argumentAt(text string, offset int) argument {
	var at argument
	for i := range offset {
		switch c := text[i]; {
		case c == '"':
			at.quoted = !at.quoted
		case at.quoted:
		case c == '(' && at.call == "":
			at.call, at.n = strings.TrimSpace(text[at.term:i]), 0
		case c == ')':
			at.call = ""
		case c == ',' && at.call != "":
			at.n++
		case c == '+' && at.call == "":
			at.term = i + 1
		}
	}
	return at
}

// attributePart is one item of a list of attributes, which may be half written.
type attributePart struct {
	item, name, value ast.Span
	// named says that an equals sign follows the name.
	named bool
}

// attributeParts cuts a list at its commas, but not at those of a quoted text.
func attributeParts(text string, start int) []attributePart {
	var out []attributePart
	from, quoted := 0, false
	for i := 0; i <= len(text); i++ {
		if i < len(text) {
			if text[i] == '"' {
				quoted = !quoted
			}
			if quoted || text[i] != ',' {
				continue
			}
		}
		part := attributePart{item: ast.Span{Start: start + from, End: start + i}}
		if name, _, named := strings.Cut(text[from:i], "="); named {
			part.named = true
			part.name = trimmed(text, ast.Span{Start: from, End: from + len(name)}, start)
			part.value = trimmed(text, ast.Span{Start: from + len(name) + 1, End: i}, start)
		} else {
			part.name = trimmed(text, ast.Span{Start: from, End: i}, start)
		}
		out = append(out, part)
		from = i + 1
	}
	return out
}

// attributes offers the names that the list does not have yet and whose kind takes
// the value that is there, or the values of the name before the cursor.
func (b *offers) attributes() {
	f, value := b.doc.file(), b.valueSpan()
	parts := attributeParts(f.Slice(value), value.Start)
	i := slices.IndexFunc(parts, func(p attributePart) bool { return b.at.offset <= p.item.End })
	here := parts[max(i, 0)]
	if here.named && b.at.offset > here.name.End && b.at.offset >= here.value.Start {
		b.attributeValues(strings.ToUpper(f.Slice(here.name)), here.value)
		return
	}
	there := map[string]bool{}
	for n, p := range parts {
		there[strings.ToUpper(f.Slice(p.name))] = n != i
	}
	for _, a := range check.DataAttributes {
		if there[a.Name] || here.value.Len() > 0 && !a.Takes(f.Slice(here.value)) {
			continue
		}
		if here.name.Len() == 0 {
			here.name = ast.Span{Start: b.at.offset, End: b.at.offset}
		}
		item := protocol.CompletionItem{Label: a.Name + "=", Kind: protocol.EnumMemberItem, Detail: attributeWords(a)}
		if here.named {
			b.add(item, here.name, a.Name)
		} else {
			b.addSnippet(item, here.name, a.Name+"="+attributeSnippet(a), a.Name+"=")
		}
	}
}

func (b *offers) attributeValues(name string, span ast.Span) {
	i := slices.IndexFunc(check.DataAttributes, func(a check.DataAttribute) bool { return a.Name == name })
	if i < 0 || strings.HasPrefix(b.doc.file().Slice(span), `"`) {
		return
	}
	a := check.DataAttributes[i]
	for _, v := range a.Values {
		b.words(span, schema.Value{Text: v})
	}
	if len(a.Values) == 0 && strings.HasPrefix(a.Example, `"`) {
		b.addSnippet(protocol.CompletionItem{Label: `"…"`, FilterText: `"`, Kind: protocol.ValueItem, Detail: "quoted text"}, span, attributeSnippet(a), `""`)
	}
}

func attributeWords(a check.DataAttribute) string {
	if len(a.Values) > 0 {
		return strings.Join(a.Values, " or ")
	}
	return "for example " + a.Example
}

func attributeSnippet(a check.DataAttribute) string {
	bare := strings.Trim(a.Example, `"`)
	switch {
	case len(a.Values) > 0:
		return "${1|" + strings.Join(a.Values, ",") + "|}"
	case bare != a.Example:
		return `"${1:` + bare + `}"`
	}
	return "${1:" + bare + "}"
}
