package lsp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/check"
	"inscribe/check/schema"
	"inscribe/docs"
	"inscribe/lsp/protocol"
)

// completion offers what may stand at the cursor and does not stand there yet.
func (c *call) completion(_ context.Context, p *protocol.CompletionParams) (any, error) {
	d := c.doc
	at := d.cursor(d.mapper.offset(p.Position))
	b := &offers{call: c, doc: d, at: at, items: []protocol.CompletionItem{}}
	before := d.file().Text[at.line.Span.Start:max(at.offset, at.line.Span.Start)]
	trimmed := strings.TrimLeft(before, blanks)
	switch {
	case at.line.Kind == ast.Encrypted:
	case p.Context.TriggerCharacter == " " && !strings.HasSuffix(before, ignoreMark+" "):
		// Only there does a blank begin something.
	case strings.HasPrefix(trimmed, "#"), strings.HasPrefix(trimmed, ";"):
		b.suppressions(before)
	case strings.HasPrefix(trimmed, "["):
		if span, rest := b.word(); rest.Len() == 0 {
			b.sections(span)
		}
	case strings.Contains(before, "="):
		b.values()
	case at.line.Kind == ast.Comment, at.line.Kind == ast.Header:
		// It stands behind the cursor and is not what is being written.
	default:
		b.keywords()
		if span, rest := b.word(); at.line.Kind != ast.Entry && rest.Len() == 0 {
			b.sections(ast.Span{Start: at.line.Span.Start, End: span.End})
		}
	}
	list := protocol.CompletionList{Items: b.items}
	can := c.client.TextDocument.Completion.CompletionList
	shareDefaults(&list, can.ItemDefaults, can.ApplyKindSupport)
	return list, nil
}

// offers collects completions.
type offers struct {
	*call
	doc   *document
	at    cursor
	items []protocol.CompletionItem
	asked *check.Gap
}

// blanks are what the grammar takes for one.
const blanks = " \t\v\f\u00a0"

// word is what is being written in front of a value or as a header: from the first
// character of the line to the end of the word at the cursor, or all of a header. rest is
// what else stands on the line, which no offer may take away.
func (b *offers) word() (word, rest ast.Span) {
	line := b.at.line.Span
	text, at := b.doc.file().Slice(line), min(b.at.offset, line.End)-line.Start
	start := len(text) - len(strings.TrimLeft(text, blanks))
	at = max(at, start)
	end := len(text)
	if i := strings.IndexAny(text[at:], blanks+"=#;[]"); i >= 0 && b.at.line.Kind != ast.Header {
		end = at + i
	}
	behind := len(text) - len(strings.TrimLeft(text[end:], blanks))
	word, rest = ast.Span{Start: start, End: end}, ast.Span{Start: behind, End: max(behind, len(strings.TrimRight(text, blanks)))}
	if rest.Len() == 0 {
		word.End = len(text)
	}
	for _, s := range []*ast.Span{&word, &rest} {
		s.Start, s.End = s.Start+line.Start, s.End+line.Start
	}
	return word, rest
}

// gap is the line of the cursor as if nothing stood on it; nil where no keyword can
// stand.
func (b *offers) gap() *check.Gap {
	if b.asked == nil {
		b.asked = b.doc.program().Gap(b.at.section, &b.at.line)
	}
	return b.asked
}

// add offers a text for a span. The order is that of the calls, not that of the
// alphabet.
func (b *offers) add(item protocol.CompletionItem, span ast.Span, text string) {
	if span.Start > b.at.offset {
		span.Start = b.at.offset
	}
	if span.End < b.at.offset {
		span.End = b.at.offset
	}
	item.TextEdit = &protocol.TextEdit{Range: b.doc.mapper.rng(span), NewText: text}
	item.SortText = fmt.Sprintf("%04d", len(b.items))
	b.items = append(b.items, item)
}

// addSnippet is add with a snippet where the client takes one, else with text.
func (b *offers) addSnippet(item protocol.CompletionItem, span ast.Span, snippet, text string) {
	if b.client.TextDocument.Completion.CompletionItem.SnippetSupport {
		item.InsertTextFormat, text = protocol.SnippetFormat, snippet
	}
	b.add(item, span, text)
}

// snippetText keeps text from being read as a snippet's signs.
func snippetText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "$", `\$`, "}", `\}`).Replace(s)
}

// below are the names of the entries that a header at the cursor would take along.
func (b *offers) below() (names []string) {
	lines := b.doc.file().Head
	if b.at.section >= 0 {
		lines = b.doc.file().Sections[b.at.section].Lines
	}
	for _, l := range lines {
		if l.Kind == ast.Entry && l.Span.Start > b.at.line.Span.Start {
			names = append(names, b.doc.file().Slice(l.Name))
		}
	}
	return names
}

// sections offers the headers that are not there yet, and of these only such as the
// entries below belong to: else they were taken from their own section. Where a
// header is unknown, all may be what was meant.
func (b *offers) sections(span ast.Span) {
	header, below := b.at.line.Kind == ast.Header, b.below()
	fits := func(kind schema.Section) bool {
		switch {
		case len(below) == 0 || header && (!b.at.known || b.at.kind == kind):
			return true
		case header || b.at.known && b.at.kind == kind:
			return false
		}
		return !slices.ContainsFunc(below, func(name string) bool { return b.doc.program().Table.Find(kind, name) == nil })
	}
	there := map[string]bool{}
	for i := range b.doc.file().Sections {
		header := b.doc.file().Sections[i].Header
		if header.Span != b.at.line.Span {
			there[strings.ToLower(b.doc.file().Slice(header.Name))] = true
		}
	}
	for _, kind := range []schema.Section{schema.Encoding, schema.Fields, schema.Description} {
		if name := schema.Sections[kind]; fits(kind) && !there[strings.ToLower(name)] {
			b.section(span, name, docs.Section(kind), b.body(kind), len(below) > 0)
		}
	}
	if !fits(schema.Application) {
		return
	}
	body := b.body(schema.Application)
	for _, letter := range b.freeLetters(there) {
		b.section(span, schema.Sections[schema.Application]+letter, docs.Section(schema.Application), body, len(below) > 0)
	}
}

// body is what a section begins with, as a snippet. Of the values it has those that the
// policy allows.
func (b *offers) body(kind schema.Section) string {
	p := b.doc.program()
	switch {
	case kind == schema.Encoding:
		return strings.Join(schema.OfSmartCard(), "\n") + "\n"
	case kind == schema.Fields:
		return "${1:PIN_FIELD}=\n"
	case kind == schema.Application && p.Technology == schema.MagneticStripe:
		return b.stripe()
	}
	gap, stop := p.NewGap(kind), 0
	line := func(meaning string, values ...string) string {
		stop++
		k := p.Table.Find(kind, meaning)
		values = slices.DeleteFunc(values, func(v string) bool { return !gap.TakesValue(k, v) })
		return fmt.Sprintf("%s=%s\n", k.Name, choiceSnippet(stop, values))
	}
	if kind == schema.Description {
		return line(schema.MLibrary, "yourMiddleware.dll")
	}
	names := slices.Sorted(maps.Keys(b.doc.config.settings().Certificates))
	if len(names) == 0 {
		names = []string{"template"}
	}
	return line(schema.MKeySize, "3072", "2048", "4096") + line(schema.MCertTempl, names...)
}

// stripe is what an application of a magnetic stripe begins with: the first number of
// its own that it has.
func (b *offers) stripe() string {
	for _, k := range b.doc.program().Table.In(schema.Application) {
		if k.Technology != schema.MagneticStripe || k.Kind != schema.Number {
			continue
		}
		var values []string
		for n := k.Min; n <= k.Max; n++ {
			values = append(values, fmt.Sprint(n))
		}
		return fmt.Sprintf("%s=%s\n", k.Name, choiceSnippet(1, values))
	}
	return ""
}

// choiceSnippet is a tab stop of a snippet for values of which one is to be chosen.
func choiceSnippet(stop int, values []string) string {
	switch len(values) {
	case 0:
		return fmt.Sprintf("$%d", stop)
	case 1:
		return fmt.Sprintf("${%d:%s}", stop, snippetText(values[0]))
	}
	escape := strings.NewReplacer(`\`, `\\`, ",", `\,`, "|", `\|`, "$", `\$`, "}", `\}`)
	for i, v := range values {
		values[i] = escape.Replace(v)
	}
	return fmt.Sprintf("${%d|%s|}", stop, strings.Join(values, ","))
}

// section offers a header; it brings a body along where there is none.
func (b *offers) section(span ast.Span, name, doc, body string, has bool) {
	header := "[" + name + "]"
	item := protocol.CompletionItem{Label: header, Kind: protocol.ModuleItem, Detail: "section",
		Documentation: &protocol.MarkupContent{Kind: protocol.PlainText, Value: doc}}
	if has || b.at.line.Kind == ast.Header {
		b.add(item, span, header)
		return
	}
	b.addSnippet(item, span, snippetText(header)+"\n"+body, header)
}

// freeLetters are those that ApplicationList names without a section, and the
// next one of the alphabet.
func (b *offers) freeLetters(there map[string]bool) []string {
	var out []string
	prefix := strings.ToLower(schema.Sections[schema.Application])
	if list := b.doc.program().Description.Get(schema.MApplicationList); list != nil {
		for _, c := range list.Value.Text {
			letter := string(c)
			if key := prefix + strings.ToLower(letter); check.Letter(letter) && !there[key] {
				there[key] = true
				out = append(out, letter)
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		if letter := string(c); !there[prefix+strings.ToLower(letter)] {
			return append(out, letter)
		}
	}
	return out
}

// slot is where a keyword goes: what it takes the place of, the value that stands there
// already, and the sign that is missing between them. whole says that there is neither.
type slot struct {
	span  ast.Span
	value string
	sign  string
	whole bool
}

// slot is that of the cursor's line. There is none where an offer would swallow what
// stands behind the word.
func (b *offers) slot() (slot, bool) {
	word, rest := b.word()
	f, name := b.doc.file(), b.at.line.Name
	switch {
	case b.at.line.Kind == ast.Entry:
		return slot{span: name, value: f.Slice(b.at.line.Value)}, word.End >= name.End || b.at.kind == schema.Fields
	case rest.Len() == 0:
		return slot{span: word, whole: true}, true
	}
	value := f.Slice(rest)
	return slot{span: ast.Span{Start: word.Start, End: rest.Start}, value: value, sign: "="},
		b.at.kind != schema.Fields && !strings.ContainsAny(value[:1], "=#;[]")
}

// keywords offers the keywords that are legal in the section and not there yet;
// in [Fields], the names that are used and not declared.
func (b *offers) keywords() {
	slot, ok := b.slot()
	if !b.at.known || !ok {
		return
	}
	if b.at.kind == schema.Fields {
		b.undeclared(slot)
		return
	}
	for _, k := range b.doc.program().Table.In(b.at.kind) {
		if name := b.gap().Name(k); name != "" {
			b.keyword(k, name, slot)
		}
	}
}

// keyword offers a keyword by a name. Where there is a value already it has to serve.
func (b *offers) keyword(k *schema.Keyword, name string, at slot) {
	choices, ok := b.choices(k, cmp.Or(at.value, onlyValue(k)))
	if !ok {
		return
	}
	item := protocol.CompletionItem{Label: name, Kind: protocol.PropertyItem, Detail: kindWords(k), Data: b.keywordData(k)}
	if !b.resolves() {
		doc := b.markup(keywordDoc(k, b.doc.config), b.client.TextDocument.Completion.CompletionItem.DocumentationFormat)
		item.Documentation = &doc
	}
	if at.whole {
		b.addSnippet(item, at.span, snippetText(name)+"="+b.valueSnippet(k, choices), name+"="+onlyValue(k))
		return
	}
	b.add(item, at.span, name+at.sign)
}

// choices are the values that the table lists and that may stand here. A keyword may
// not where it is at odds with the section whatever its value.
func (b *offers) choices(k *schema.Keyword, value string) (values []schema.Value, ok bool) {
	switch {
	case !b.gap().Takes(k, value):
		return nil, false
	case value != "":
		return nil, true
	}
	values = b.taken(k, k.Values...)
	return values, len(values) > 0 || k.Kind != schema.Enum
}

// taken are those of the values that may stand here.
func (b *offers) taken(k *schema.Keyword, values ...schema.Value) (out []schema.Value) {
	for _, v := range values {
		if b.gap().TakesValue(k, v.Text) {
			out = append(out, v)
		}
	}
	return out
}

// onlyValue is the value of a keyword that has just one.
func onlyValue(k *schema.Keyword) string {
	switch {
	case k.Kind == schema.Bool:
		return "true"
	case k.Kind == schema.Enum && len(k.Values) == 1:
		return k.Values[0].Text
	}
	return ""
}

// valueSnippet is what follows the equals sign.
func (b *offers) valueSnippet(k *schema.Keyword, values []schema.Value) string {
	var choices []string
	for _, v := range values {
		choices = append(choices, v.Text)
	}
	switch {
	case k.Kind == schema.Validation && b.gap().TakesValue(k, anyValidation):
		return "reg_exp(${1:[0-9]{6,\\}})"
	case k.Meaning == schema.MLocation && b.gap().TakesValue(k, "#"+check.Signature):
		return "${1:#Signature}"
	case onlyValue(k) != "":
		return onlyValue(k)
	case len(choices) == 1:
		return snippetText(values[0].Text)
	case len(choices) > 1:
		return choiceSnippet(1, choices)
	default:
		return "$0"
	}
}

func (b *offers) resolves() bool {
	r := b.client.TextDocument.Completion.CompletionItem.ResolveSupport
	return r != nil && slices.Contains(r.Properties, "documentation")
}

// undeclared offers names that are used and not declared, unless they are used as
// things that no one field can be. What is more likely a secret than a name is not
// offered.
func (b *offers) undeclared(at slot) {
	seen := map[string]bool{}
	b.doc.program().Declarable(&b.at.line, func(u check.Undeclared) {
		if !check.FieldName(u.Name) || seen[u.Name] || b.doc.secret(u.Span) {
			return
		}
		seen[u.Name] = true
		text, detail := u.Name, "used and not declared"
		if at.whole {
			text += "="
		}
		if u.Template() {
			detail = "the template " + u.Setting.Value.Text + " takes it"
		}
		b.add(protocol.CompletionItem{Label: u.Name, Kind: protocol.FieldItem, Detail: detail}, at.span, text)
	})
}

// keywordRef is what a completion keeps for being resolved; its label is the name
// of the keyword. It is the same for all keywords of a section that are of the
// language, so that a list may say it once.
type keywordRef struct {
	Section schema.Section `json:"section"`
	// Config is the file that declares a keyword of a project.
	Config string `json:"config,omitempty"`
}

func (b *offers) keywordData(k *schema.Keyword) json.RawMessage {
	ref := keywordRef{Section: k.Section}
	if k.Evidence == schema.Project && b.doc.config != nil {
		ref.Config = b.doc.config.path
	}
	raw, _ := json.Marshal(ref)
	return raw
}

// resolveCompletion adds the text on a keyword.
func (c *call) resolveCompletion(_ context.Context, item *protocol.CompletionItem) (any, error) {
	var ref keywordRef
	if len(item.Data) == 0 || json.Unmarshal(item.Data, &ref) != nil {
		return item, nil
	}
	var cfg *configFile
	for _, d := range c.docs {
		if ref.Config != "" && d.config != nil && d.config.path == ref.Config {
			cfg = d.config
		}
	}
	if k := cfg.settings().Table().Find(ref.Section, item.Label); k != nil {
		doc := c.markup(keywordDoc(k, cfg), c.client.TextDocument.Completion.CompletionItem.DocumentationFormat)
		item.Documentation = &doc
	}
	return item, nil
}
