package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// completion offers what may stand at the cursor and does not stand there yet.
func (c *call) completion(_ context.Context, p *protocol.CompletionParams) (any, error) {
	d := c.doc
	at := d.cursor(d.mapper.offset(p.Position))
	b := &offers{call: c, doc: d, at: at, items: []protocol.CompletionItem{}}
	before := d.file().Text[at.line.Span.Start:max(at.offset, at.line.Span.Start)]
	trimmed := strings.TrimLeft(before, " \t")
	switch {
	case strings.HasPrefix(before, "^"):
	case p.Context.TriggerCharacter == " " && !strings.HasSuffix(before, ignoreMark+" "):
		// Only there does a blank begin something.
	case strings.HasPrefix(trimmed, "#"), strings.HasPrefix(trimmed, ";"):
		b.suppressions(before)
	case strings.HasPrefix(trimmed, "["):
		b.sections(ast.Span{Start: at.line.Span.End - len(strings.TrimLeft(d.file().Slice(at.line.Span), " \t")), End: at.line.Span.End})
	case strings.Contains(before, "="):
		b.values()
	default:
		b.keywords()
		if at.line.Kind != ast.Entry {
			b.sections(ast.Span{Start: at.line.Span.Start, End: at.line.Span.End})
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

// sections offers the headers that are not there yet.
func (b *offers) sections(span ast.Span) {
	there := map[string]bool{}
	for i := range b.doc.file().Sections {
		header := b.doc.file().Sections[i].Header
		if header.Span != b.at.line.Span {
			there[strings.ToLower(b.doc.file().Slice(header.Name))] = true
		}
	}
	for _, kind := range []schema.Section{schema.Encoding, schema.Fields, schema.Description} {
		if name := schema.Sections[kind]; !there[strings.ToLower(name)] {
			b.section(span, name, sectionDocs[kind], sectionSnippets[kind])
		}
	}
	for _, letter := range b.freeLetters(there) {
		b.section(span, schema.Sections[schema.Application]+letter, sectionDocs[schema.Application], sectionSnippets[schema.Application])
	}
}

var sectionSnippets = map[schema.Section]string{
	schema.Encoding:    "Type=1024,Chip\nDevices=8710\n",
	schema.Fields:      "${1:PIN_FIELD}=\n",
	schema.Description: "PKCS11Library=${1:yourMiddleware.dll}\n",
	schema.Application: "KeySize=${1|3072,2048,4096|}\nCertTempl=${2:template}\n",
}

func (b *offers) section(span ast.Span, name, doc, body string) {
	header := "[" + name + "]"
	item := protocol.CompletionItem{Label: header, Kind: protocol.ModuleItem, Detail: "section",
		Documentation: &protocol.MarkupContent{Kind: protocol.PlainText, Value: doc}}
	if b.at.line.Kind == ast.Header {
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
			if letter := string(c); !there[prefix+strings.ToLower(letter)] && !slices.Contains(out, letter) {
				out = append(out, letter)
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		if letter := string(c); !there[prefix+strings.ToLower(letter)] && !slices.Contains(out, letter) {
			return append(out, letter)
		}
	}
	return out
}

// keywords offers the keywords that are legal in the section and not there yet;
// in [Fields], the names that are used and not declared.
func (b *offers) keywords() {
	if !b.at.known {
		return
	}
	span := b.at.line.Name
	whole := b.at.line.Kind != ast.Entry
	if whole {
		text := b.doc.file().Slice(b.at.line.Span)
		span = ast.Span{Start: b.at.line.Span.End - len(strings.TrimLeft(text, " \t")), End: b.at.line.Span.End}
	}
	if b.at.kind == schema.Fields {
		b.undeclared(span, whole)
		return
	}
	there := map[string]bool{}
	for _, l := range b.doc.file().Sections[b.at.section].Lines {
		if l.Kind == ast.Entry && l.Span != b.at.line.Span {
			if k := b.doc.program().Table.Find(b.at.kind, b.doc.file().Slice(l.Name)); k != nil {
				there[k.Name] = true
			}
		}
	}
	for _, k := range b.doc.program().Table.In(b.at.kind) {
		if b.legal(k, there) {
			b.keyword(k, span, whole)
		}
	}
}

func (b *offers) legal(k *schema.Keyword, there map[string]bool) bool {
	if there[k.Name] && !k.Numbered {
		return false
	}
	if k.Technology != 0 && k.Technology != b.doc.program().Technology {
		return false
	}
	for _, other := range k.Conflicts {
		if there[other] {
			return false
		}
	}
	// The other side may be the one that says it.
	for name := range there {
		if o := b.doc.program().Table.Find(b.at.kind, name); o != nil && slices.Contains(o.Conflicts, k.Name) {
			return false
		}
	}
	return true
}

func (b *offers) keyword(k *schema.Keyword, span ast.Span, whole bool) {
	item := protocol.CompletionItem{Label: k.Name, Kind: protocol.PropertyItem, Detail: kindWords(k), Data: b.keywordData(k)}
	if !b.resolves() {
		doc := b.markup(keywordDoc(k, b.doc.config), b.client.TextDocument.Completion.CompletionItem.DocumentationFormat)
		item.Documentation = &doc
	}
	if whole {
		b.addSnippet(item, span, snippetText(k.Name)+"="+valueSnippet(k), k.Name+"="+onlyValue(k))
		return
	}
	b.add(item, span, k.Name)
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
func valueSnippet(k *schema.Keyword) string {
	var choices []string
	for _, v := range k.Values {
		choices = append(choices, strings.NewReplacer(`\`, `\\`, ",", `\,`, "|", `\|`).Replace(v.Text))
	}
	switch {
	case k.Kind == schema.Validation:
		return "reg_exp(${1:[0-9]{6,\\}})"
	case k.Meaning == schema.MLocation:
		return "${1:#Signature}"
	case onlyValue(k) != "":
		return onlyValue(k)
	case len(choices) > 1:
		return "${1|" + strings.Join(choices, ",") + "|}"
	default:
		return "$0"
	}
}

func (b *offers) resolves() bool {
	r := b.client.TextDocument.Completion.CompletionItem.ResolveSupport
	return r != nil && slices.Contains(r.Properties, "documentation")
}

// undeclared offers names that are used and not declared. What is more likely
// a secret than a name is not offered.
func (b *offers) undeclared(span ast.Span, whole bool) {
	p := b.doc.program()
	seen := map[string]bool{}
	offer := func(name string, at ast.Span) {
		if name == "" || seen[name] || b.doc.secret(at) {
			return
		}
		seen[name] = true
		text := name
		if whole {
			text += "="
		}
		b.add(protocol.CompletionItem{Label: name, Kind: protocol.FieldItem, Detail: "used and not declared"}, span, text)
	}
	for _, f := range p.Diagnostics {
		if f.Code == diag.UndefinedField {
			offer(b.doc.file().Slice(f.Span), f.Span)
		}
	}
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
