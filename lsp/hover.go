package lsp

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/schema"
	"inscribe/docs"
	"inscribe/lsp/protocol"
)

// hover says what stands under the cursor and what the plan does with it.
func (c *call) hover(_ context.Context, p *protocol.TextDocumentPositionParams) (any, error) {
	d := c.doc
	at := d.cursor(d.mapper.offset(p.Position))
	text, span := d.explain(at)
	if text == "" {
		return nil, nil
	}
	r := d.mapper.rng(span)
	return protocol.Hover{Contents: c.markup(d.masker().Scrub(text), c.client.TextDocument.Hover.ContentFormat), Range: &r}, nil
}

// markup gives text in a form that the client takes.
func (s *state) markup(text string, takes []protocol.MarkupKind) protocol.MarkupContent {
	if takes != nil && !slices.Contains(takes, protocol.Markdown) {
		plain := strings.NewReplacer("```dsc\n", "", "```\n", "", "**", "", "`", "",
			`\\`, `\`, `\*`, "*", `\_`, "_", "\\`", "`", `\[`, "[", `\<`, "<").Replace(text)
		return protocol.MarkupContent{Kind: protocol.PlainText, Value: plain}
	}
	return protocol.MarkupContent{Kind: protocol.Markdown, Value: text}
}

func (d *document) explain(at cursor) (string, ast.Span) {
	l := at.line
	switch {
	case l.Kind == ast.Header && l.Span.Contains(at.offset):
		return d.explainSection(at), l.Span
	case l.Kind == ast.Comment:
		return explainSuppression(d.file(), l, at.offset)
	case l.Kind != ast.Entry:
		return "", ast.Span{}
	case at.known && at.kind == schema.Fields:
		if f := d.program().Field(d.file().Slice(l.Name)); f != nil {
			return d.explainField(f), at.part()
		}
		return "", ast.Span{}
	}
	k := d.keyword(at)
	if k == nil {
		return "", ast.Span{}
	}
	if s := d.setting(at); s != nil && l.Value.Contains(at.offset) {
		if text, span := d.explainValue(at, s); text != "" {
			return text, span
		}
	}
	return d.explainKeyword(at, k), at.part()
}

// part is the part of an entry at the cursor: its name, its value, or where the
// cursor is in neither the line.
func (c cursor) part() ast.Span {
	for _, part := range []ast.Span{c.line.Name, c.line.Value} {
		if part.Contains(c.offset) {
			return part
		}
	}
	return c.line.Span
}

func explainSuppression(f *ast.File, l ast.Line, offset int) (string, ast.Span) {
	codes, ok := check.Ignored(f, &l)
	if !ok || !l.Value.Contains(offset) {
		return "", ast.Span{}
	}
	var b strings.Builder
	for _, at := range codes {
		if r, ok := diag.Lookup(at.Code); ok {
			fmt.Fprintf(&b, "**%s** (%s): %s\n\n", r.Code, r.Severity, r.Title)
		}
	}
	return strings.TrimSpace(b.String()), l.Value
}

func (d *document) explainSection(at cursor) string {
	if !at.known {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "**[%s]**\n\n%s", at.kind, docs.Section(at.kind))
	a := d.application(at)
	if a == nil {
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s.\n", sentence(slotWords(a)))
	if slices.Contains(d.program().Unlisted, a) {
		b.WriteString("\nApplicationList does not name it, so it does not run.\n")
		return b.String()
	}
	if ops := d.opsOf(a.Letter); len(ops) > 0 {
		b.WriteString("\n**Plan**\n\n" + d.opList(ops))
	}
	return b.String()
}

// slotWords says where an application runs and why.
func slotWords(a *check.Application) string {
	slot, field := a.SlotOf()
	s := a.Get(schema.MLocation)
	switch {
	case field != nil:
		return fmt.Sprintf("the field `%s` decides at run time: `Signature` is the signature slot, everything else the default slot", field.Name)
	case slot == schema.SignatureSlot:
		return "runs in the signature slot"
	case slot == schema.NoSlot:
		return "runs in the slot that a field decides, which is not declared"
	case s == nil:
		return "runs in the default slot, since it has no Location"
	default:
		return "runs in the default slot, since its Location is not Signature"
	}
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// opsOf are the indexes of the ops of an application.
func (d *document) opsOf(letter string) []int {
	pl := d.plan()
	if pl.err != nil {
		return nil
	}
	var out []int
	for i := range pl.plan.Ops {
		if pl.plan.Ops[i].Application == letter {
			out = append(out, i)
		}
	}
	return out
}

const maxOps = 12

func (d *document) opList(ops []int) string {
	pl := d.plan()
	var b strings.Builder
	for n, i := range ops {
		if n == maxOps {
			fmt.Fprintf(&b, "* and %d more\n", len(ops)-n)
			break
		}
		op := &pl.plan.Ops[i]
		slot := ""
		if field := op.SlotField(); field != "" {
			slot = " (the slot that " + escape(field) + " decides)"
		} else if op.Slot != "" {
			slot = " (" + op.Slot + " slot)"
		}
		fmt.Fprintf(&b, "* %d. %s%s\n", i+1, escape(d.masker().Scrub(op.Words())), slot)
	}
	return b.String()
}

// escape keeps text of the description from being read as Markdown.
func escape(s string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "<", "\\<").Replace(s)
}

func (d *document) explainKeyword(at cursor, k *schema.Keyword) string {
	var b strings.Builder
	b.WriteString(keywordDoc(k, d.config))
	if k.Meaning == schema.MLocation {
		if a := d.application(at); a != nil {
			fmt.Fprintf(&b, "\n[%s] %s.\n", a.Name, slotWords(a))
		}
	}
	b.WriteString(d.planOf(at))
	return b.String()
}

// planOf says what the plan does with the line.
func (d *document) planOf(at cursor) string {
	pl := d.plan()
	if pl.err != nil {
		return "\n---\nNo plan: " + d.noPlan() + ".\n"
	}
	ops := pl.byLine[d.lineNumber(at.line.Span.Start)]
	if len(ops) == 0 {
		return ""
	}
	return "\n---\n**Plan: this line**\n\n" + d.opList(ops)
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// keywordDoc is the text on a keyword, the same in hover and completion.
func keywordDoc(k *schema.Keyword, cfg *configFile) string {
	if k.Evidence == schema.Project {
		origin := ""
		if cfg != nil {
			origin = path.Base(cfg.path)
		}
		return aboutKeyword(k, origin)
	}
	text, known := keywordDocs.Load(k)
	if !known {
		text, _ = keywordDocs.LoadOrStore(k, aboutKeyword(k, ""))
	}
	return text.(string)
}

// keywordDocs are the texts on keywords of the language, which never change: a client
// that does not ask for them later gets those of a whole section with each list.
var keywordDocs sync.Map

func aboutKeyword(k *schema.Keyword, origin string) string {
	return "**" + k.Name + "**\n\n" + docs.Keyword(k, origin)
}

func kindWords(k *schema.Keyword) string {
	if k.Kind != schema.Operand {
		return k.Kind.String()
	}
	var forms []string
	for _, f := range []struct {
		form schema.Forms
		word string
	}{{schema.Field, "field"}, {schema.Literal, "#literal"}, {schema.Special, "!special"}} {
		if k.Forms&f.form != 0 {
			forms = append(forms, f.word)
		}
	}
	return strings.Join(forms, ", ")
}

func (d *document) explainField(f *check.Field) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** · field · %s", escape(f.Name), fieldType(f))
	b.WriteString("\n\n")
	var uses []string
	line := func(s ast.Span, format string, args ...any) {
		uses = append(uses, fmt.Sprintf("* line %d: ", d.lineNumber(s.Start))+fmt.Sprintf(format, args...))
	}
	for _, u := range f.Uses {
		line(u.Span, "%s", u.Setting.Keyword.Name)
	}
	for _, t := range f.Templates {
		line(t.Line.Span, "%s, whose template %s takes it", t.Keyword.Name, escape(t.Value.Text))
	}
	d.program().AddressColumns(func(named *check.Field, u check.Use) {
		if named == f {
			line(u.Span, "%s has its name in a column", escape(d.file().Slice(u.Setting.Line.Name)))
		}
	})
	switch {
	case len(uses) == 0:
		b.WriteString("Nothing uses it.\n")
	case f.Output():
		b.WriteString("The run fills it.\n")
	case f.Secret():
		b.WriteString("Secret: its value comes at run time and is never shown.\n")
	default:
		b.WriteString("Its value comes at run time.\n")
	}
	for n, use := range uses {
		if n == maxOps {
			fmt.Fprintf(&b, "* and %d more\n", len(uses)-n)
			break
		}
		b.WriteString(use + "\n")
	}
	return b.String()
}

// fieldType says what a field is for.
func fieldType(f *check.Field) string { return typeWords(f.Type) }

func typeWords(t schema.Type) string {
	if t == schema.None {
		return "of no type yet"
	}
	return t.String()
}

// explainValue speaks of a value; "" where the keyword says all.
func (d *document) explainValue(at cursor, s *check.Setting) (string, ast.Span) {
	if o, ok := d.nameAt(at.offset); ok {
		switch o.kind {
		case fieldName:
			if f := d.program().Field(o.name); f != nil {
				return d.explainField(f) + d.planOf(at), o.span
			}
		case applicationLetter:
			for _, a := range d.program().Applications {
				if strings.EqualFold(a.Letter, o.name) {
					text := fmt.Sprintf("**[%s]**\n\n%s.\n", escape(a.Name), sentence(slotWords(a)))
					if ops := d.opsOf(a.Letter); len(ops) > 0 {
						text += "\n**Plan**\n\n" + d.opList(ops)
					}
					return text, o.span
				}
			}
		case templateName:
			return d.explainTemplate(o.name) + d.planOf(at), o.span
		case libraryName:
			p := d.program().ProfileOf(o.name)
			return fmt.Sprintf("**%s**\n\nProfile `%s`: %s.\n%s", escape(o.name), p.Name, p.Title, d.planOf(at)), o.span
		}
	}
	switch v := s.Value; v.Form {
	case check.FixedValue:
		if s.Keyword.Secret() {
			return fmt.Sprintf("A fixed %s, the same for every card, readable for all who have the file. It is not shown here.\n%s", s.Keyword.Name, d.planOf(at)), s.Line.Value
		}
		if s.Keyword.Meaning == schema.MLocation {
			return fmt.Sprintf("A fixed value: the %s slot.\n%s", check.LocationSlot(v.Text), d.planOf(at)), s.Line.Value
		}
	case check.Dialog, check.PINPad:
		for _, special := range schema.Specials {
			if strings.EqualFold(special.Text, d.file().Slice(s.Line.Value)) {
				return fmt.Sprintf("**%s**\n\n%s.\n%s", escape(special.Text), sentence(special.Doc), d.planOf(at)), s.Line.Value
			}
		}
	case check.Constant:
		for _, value := range s.Keyword.Values {
			if strings.EqualFold(value.Text, d.file().Slice(s.Line.Value)) {
				return fmt.Sprintf("`%s`: %s\n%s", value.Text, value.Doc, d.planOf(at)), s.Line.Value
			}
		}
	}
	return "", ast.Span{}
}

func (d *document) explainTemplate(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** · certificate template\n\n", escape(name))
	t, ok := d.config.settings().Certificates[name]
	if !ok {
		b.WriteString("The project has no `[certificate.…]` of this name; where it has others, `apply` refuses it.\n")
		for _, other := range d.config.settings().InOtherCase(name) {
			fmt.Fprintf(&b, "There is one of %s: the case of templates counts.\n", escape(other))
		}
		return b.String()
	}
	for _, row := range [][2]string{{"CA", t.CA}, {"Subject", t.Subject}, {"E-mail", t.EMail}, {"DNS", t.DNS}, {"UPN", t.UPN},
		{"Key usage", strings.Join(t.KeyUsage, ", ")}, {"Extended key usage", strings.Join(t.EKU, ", ")}, {"Policies", strings.Join(t.Policies, ", ")}} {
		if row[1] != "" {
			fmt.Fprintf(&b, "* %s: %s\n", row[0], escape(row[1]))
		}
	}
	if t.ValidityDays > 0 {
		fmt.Fprintf(&b, "* Valid for %d days\n", t.ValidityDays)
	}
	return b.String()
}
