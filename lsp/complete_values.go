package lsp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// values offers what may stand behind the equals sign.
func (b *offers) values() {
	k := b.doc.keyword(b.at)
	if k == nil {
		if b.at.known && b.at.kind == schema.Fields {
			b.binding()
		}
		return
	}
	span := b.at.line.Value
	if span.Start > b.at.offset || span.Len() == 0 {
		span = ast.Span{Start: b.at.offset, End: max(b.at.offset, span.End)}
	}
	typed := b.doc.file().Text[min(span.Start, b.at.offset):b.at.offset]
	switch k.Kind {
	case schema.Bool:
		b.words(span, b.taken(k, schema.Value{Text: "true"}, schema.Value{Text: "false", Doc: "the same as leaving the keyword out"})...)
	case schema.Operand:
		b.operand(k, span)
	case schema.FieldName:
		b.fields(k, span, func(f *check.Field) bool { return true })
	case schema.FieldNames:
		b.fieldNames(k, span, typed)
	case schema.ApplicationOrder:
		b.letters(k)
	case schema.Expression:
		b.placeholders(k, typed)
	case schema.Attributes:
		b.attributes()
	case schema.Validation:
		b.addSnippet(protocol.CompletionItem{Label: "reg_exp(…)", FilterText: "reg_exp", Kind: protocol.FunctionItem, Detail: "the value must match as a whole"},
			span, "reg_exp(${1:[0-9]{6,\\}})", anyValidation)
	case schema.Path:
		b.libraries(k, span)
	default:
		b.words(span, b.taken(k, k.Values...)...)
		switch k.Meaning {
		case schema.MCertTempl:
			b.templates(k, span)
		case schema.MDevices:
			b.words(span, schema.Value{Text: "8710", Doc: "the one that the published templates use"})
		}
	}
}

// anyValidation is a validation to begin with.
const anyValidation = "reg_exp([0-9]{6,})"

func (b *offers) words(span ast.Span, values ...schema.Value) {
	for _, v := range values {
		b.add(protocol.CompletionItem{Label: v.Text, Kind: protocol.EnumMemberItem, Detail: v.Doc}, span, v.Text)
	}
}

func (b *offers) operand(k *schema.Keyword, span ast.Span) {
	if k.Type == schema.Location && k.Forms&schema.Literal != 0 && b.gap().TakesValue(k, "#"+check.Signature) {
		b.add(protocol.CompletionItem{Label: "#" + check.Signature, Kind: protocol.ConstantItem, Detail: "the signature slot"}, span, "#"+check.Signature)
	}
	if k.Forms&schema.Field != 0 {
		b.fields(k, span, func(f *check.Field) bool { return true })
	}
	if k.Forms&schema.Special != 0 {
		for _, v := range b.taken(k, schema.Specials...) {
			b.add(protocol.CompletionItem{Label: v.Text, Kind: protocol.KeywordItem, Detail: v.Doc}, span, v.Text)
		}
	}
	if k.Forms&schema.Literal != 0 && k.Type != schema.Location && !k.Secret() {
		b.addSnippet(protocol.CompletionItem{Label: "#…", FilterText: "#", Kind: protocol.ConstantItem, Detail: "a fixed value"}, span, "#${1:text}", "#")
	}
}

// fields offers those that the rules let the keyword name, the ones of its type
// first. What the line names now gives no field its type.
func (b *offers) fields(k *schema.Keyword, span ast.Span, wanted func(*check.Field) bool) {
	var typed, free []protocol.CompletionItem
	for _, f := range b.doc.program().Fields {
		have, ok := b.gap().Field(k, f)
		if !ok || b.doc.secret(f.Line.Name) || !wanted(f) {
			continue
		}
		item := protocol.CompletionItem{Label: f.Name, Kind: protocol.FieldItem, Detail: "field, " + typeWords(have)}
		if have == k.Type && have != schema.None {
			typed = append(typed, item)
		} else {
			free = append(free, item)
		}
	}
	for _, item := range append(typed, free...) {
		b.add(item, span, item.Label)
	}
}

// fieldNames offers the fields that a list does not have yet, secrets first.
func (b *offers) fieldNames(k *schema.Keyword, span ast.Span, typed string) {
	item := ast.Span{Start: span.Start + strings.LastIndexByte(typed, ',') + 1, End: span.End}
	if rest := b.doc.file().Slice(ast.Span{Start: b.at.offset, End: span.End}); strings.Contains(rest, ",") {
		item.End = b.at.offset + strings.IndexByte(rest, ',')
	}
	there := map[string]bool{}
	if s := b.doc.setting(b.at); s != nil {
		for _, n := range s.Value.Names {
			if !n.Span.Contains(b.at.offset) {
				there[n.Text] = true
			}
		}
	}
	for _, secrets := range []bool{true, false} {
		b.fields(k, item, func(f *check.Field) bool { return !there[f.Name] && f.Secret() == secrets && !f.Output() })
	}
}

// letters offers the applications that the list does not have yet.
func (b *offers) letters(k *schema.Keyword) {
	here, f, value := ast.Span{Start: b.at.offset, End: b.at.offset}, b.doc.file(), b.valueSpan()
	// What else is wrong with the list is no reason to offer nothing.
	known := func(list string) (out string) {
		for _, r := range strings.ToLower(list) {
			if !strings.ContainsRune(out, r) && slices.ContainsFunc(b.doc.program().All, func(a *check.Application) bool { return strings.ToLower(a.Letter) == string(r) }) {
				out += string(r)
			}
		}
		return out
	}
	fits := func(letters string) bool {
		return b.gap().TakesValue(k, known(f.Text[value.Start:here.Start]+letters+f.Text[here.End:value.End]))
	}
	var all strings.Builder
	for _, a := range b.doc.program().Unlisted {
		if !check.Letter(a.Letter) {
			continue
		}
		all.WriteString(a.Letter)
		if !fits(a.Letter) {
			continue
		}
		b.add(protocol.CompletionItem{Label: a.Letter, Kind: protocol.ModuleItem, Detail: "[" + a.Name + "]"}, here, a.Letter)
	}
	if list := all.String(); len([]rune(list)) > 1 && fits(list) {
		b.add(protocol.CompletionItem{Label: list, Kind: protocol.ModuleItem, Detail: "all applications in the order of the file"}, here, list)
	}
}

// placeholders offers fields inside and outside of !{ }.
func (b *offers) placeholders(k *schema.Keyword, typed string) {
	start, inside := b.at.offset, false
	if i := strings.LastIndex(typed, "!{"); i >= 0 && !strings.Contains(typed[i:], "}") {
		start, inside = b.at.offset-len(typed)+i, true
	} else if strings.HasSuffix(typed, "!") {
		start--
	}
	end := b.at.offset
	if rest := b.doc.file().Text[b.at.offset:b.at.line.Span.End]; inside {
		if i := strings.IndexByte(rest, '}'); i >= 0 && !strings.Contains(rest[:i], "!{") {
			end += i + 1
		}
	}
	for _, f := range b.doc.program().Fields {
		have, ok := b.gap().Field(k, f)
		if !ok || f.Secret() || strings.Contains(f.Name, "}") {
			continue
		}
		text := "!{" + f.Name + "}"
		b.add(protocol.CompletionItem{Label: text, Kind: protocol.FieldItem, Detail: "field, " + typeWords(have)}, ast.Span{Start: start, End: end}, text)
	}
}

// templates offers those of the project, then those that the description uses
// already.
func (b *offers) templates(k *schema.Keyword, span ast.Span) {
	known := b.doc.config.settings().Certificates
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !b.gap().TakesValue(k, name) {
			continue
		}
		detail := "template of inscribe.toml"
		if ca := known[name].CA; ca != "" {
			detail += ", CA " + ca
		}
		b.add(protocol.CompletionItem{Label: name, Kind: protocol.ConstantItem, Detail: detail}, span, name)
	}
	seen := map[string]bool{}
	for _, o := range b.doc.index() {
		if _, own := known[o.name]; o.kind == templateName && !own && !seen[o.name] && !o.span.Contains(b.at.offset) && b.gap().TakesValue(k, o.name) {
			seen[o.name] = true
			b.add(protocol.CompletionItem{Label: o.name, Kind: protocol.ConstantItem, Detail: "used in this description"}, span, o.name)
		}
	}
}

// libraries offers those of the project, then those of the built-in profiles.
func (b *offers) libraries(k *schema.Keyword, span ast.Span) {
	known := b.doc.config.settings().Middleware
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !b.gap().TakesValue(k, name) {
			continue
		}
		b.add(protocol.CompletionItem{Label: name, Kind: protocol.ModuleItem, Detail: fmt.Sprintf("of inscribe.toml, profile %s", known[name].Profile)}, span, name)
	}
	for _, name := range profile.Names() {
		for _, library := range profile.Lookup(name).Libraries {
			if _, own := known[library]; !own && b.gap().TakesValue(k, library) {
				b.add(protocol.CompletionItem{Label: library, Kind: protocol.ModuleItem, Detail: profile.Lookup(name).Title}, span, library)
			}
		}
	}
}
