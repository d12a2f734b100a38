package lsp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/config"
	"inscribe/check/schema"
	"inscribe/check/template"
	"inscribe/lsp/protocol"
)

// missing offers what a finding asks for and has no fix of its own for, because
// there is a choice: a keyword, or a section.
func (d *document) missing(f *diag.Diagnostic) []action {
	if len(f.Fixes) > 0 && f.Code != diag.MissingApplication {
		return nil
	}
	p := d.program()
	at := d.cursor(f.Span.Start)
	add := func(title string, edits ...diag.Edit) action {
		return action{title: title, kind: protocol.QuickFix, about: f, edits: func() []diag.Edit { return edits }}
	}
	switch f.Code {
	case diag.MissingSection:
		return []action{add("Add [Description]", d.addDescription())}
	case diag.MissingApplication:
		letter := d.file().Slice(f.Span)
		if !check.Letter(letter) {
			return nil
		}
		name := schema.Sections[schema.Application] + letter
		lines, declare := d.keyAndCertificate(nil)
		return []action{add("Add the section ["+name+"]", append(declare, d.append(append([]string{"[" + name + "]"}, lines...)...))...)}
	case diag.MisplacedKeyword:
		return d.move(&at, add)
	case diag.PINMissing, diag.SignaturePINMissing:
		meaning := schema.MPIN
		if f.Code == diag.SignaturePINMissing {
			meaning = schema.MSignPIN
		}
		return d.addKeywords(p.Description, meaning, add)
	case diag.MissingKeyword:
		b := d.block(at)
		if b == nil {
			return nil
		}
		a := d.application(at)
		if b.Section == schema.Description && p.Library() == nil && at.line.Kind == ast.Header {
			return []action{add("Add "+schema.MLibrary, p.InsertAfter(&at.line, schema.MLibrary+"="+d.library()))}
		}
		if a != nil && at.line.Kind == ast.Header {
			lines, declare := d.keyAndCertificate(a)
			return []action{add("Add a key and a certificate", append(declare, p.InsertAfter(&at.line, lines...))...)}
		}
		if k := d.keyword(at); k != nil {
			return d.addRequired(b, a, k, &at.line, add)
		}
	}
	return nil
}

// mostHomes is how many places are offered for a line.
const mostHomes = 8

// move offers the sections to which a keyword may be moved.
func (d *document) move(at *cursor, add func(string, ...diag.Edit) action) []action {
	p := d.program()
	named := p.Table.Named(d.file().Slice(at.line.Name))
	if at.line.Kind != ast.Entry || d.keyword(*at) != nil || len(named) == 0 {
		return nil
	}
	var out []action
	homes := p.Homes(named[0])
	for _, b := range homes[:min(len(homes), mostHomes)] {
		if edits := p.MoveLine(&at.line, b); edits != nil {
			out = append(out, add("Move the line to ["+b.Name+"]", edits...))
		}
	}
	return out
}

// addRequired offers the keywords one of which another one needs beside it.
func (d *document) addRequired(b *check.Block, a *check.Application, k *schema.Keyword, behind *ast.Line, add func(string, ...diag.Edit) action) []action {
	p := d.program()
	var out []action
	for _, group := range k.Requires {
		if slices.ContainsFunc(group, b.Has) {
			continue
		}
		for _, name := range group {
			other := p.Table.Find(b.Section, name)
			if other == nil || slices.ContainsFunc(b.Settings, func(s *check.Setting) bool { return s.Keyword == other }) {
				continue
			}
			if value, declare := d.starter(other, a); value != "" {
				out = append(out, add("Add "+name, append(declare, p.InsertAfter(behind, name+"="+value))...))
			}
		}
	}
	return out
}

// addKeywords offers a keyword of [Description] with a field of its own.
func (d *document) addKeywords(b *check.Block, meaning string, add func(string, ...diag.Edit) action) []action {
	if b.Header == nil || b.Has(meaning) {
		return nil
	}
	k := d.program().Table.Find(b.Section, meaning)
	if k == nil {
		return nil
	}
	last := b.Header
	for _, s := range b.Settings {
		last = s.Line
	}
	value, declare := d.starter(k, nil)
	return []action{add("Add "+k.Name+" with a field of its own", append(declare, d.program().InsertAfter(last, k.Name+"="+value))...)}
}

// append is an edit that adds a section at the end.
func (d *document) append(lines ...string) diag.Edit {
	text, nl := d.file().Text, ast.LineEnd(d.file().Text)
	added := strings.Join(lines, nl) + nl
	if text != "" {
		added = nl + added
	}
	if text != "" && !strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\r") {
		added = nl + added
	}
	return diag.Edit{Span: ast.Span{Start: len(text), End: len(text)}, NewText: added}
}

// addDescription is an edit that adds the section before the applications.
func (d *document) addDescription() diag.Edit {
	lines := []string{"[" + schema.Sections[schema.Description] + "]", schema.MLibrary + "=" + d.library()}
	if all := d.program().All; len(all) > 0 {
		first := func(s ast.Section) bool { return s.Header.Span == all[0].Header.Span }
		start, nl := d.file().Before(slices.IndexFunc(d.file().Sections, first)), ast.LineEnd(d.file().Text)
		return diag.Edit{Span: ast.Span{Start: start, End: start}, NewText: strings.Join(lines, nl) + nl + nl}
	}
	return d.append(lines...)
}

// keyAndCertificate are the lines of an application to begin with, and the fields that
// they take. a is nil for one that is not there yet, and in the default slot.
func (d *document) keyAndCertificate(a *check.Application) ([]string, []diag.Edit) {
	name, declare := d.template(a)
	return []string{fmt.Sprintf("%s=%d", schema.MKeySize, d.program().NewKeySize()), schema.MCertTempl + "=" + name}, declare
}

// starter is a value to begin with, with the field that it declares; "" where there
// is none that the policy allows. a is the application of the keyword.
func (d *document) starter(k *schema.Keyword, a *check.Application) (string, []diag.Edit) {
	switch {
	case k.Meaning == schema.MCertTempl:
		return d.template(a)
	case k.Meaning == schema.MKeySize:
		return fmt.Sprint(d.program().NewKeySize()), nil
	case k.Meaning == schema.MECCurve:
		for _, v := range k.Values {
			if config.Allows(d.config.settings().Policy.Curves, v.Text) {
				return v.Text, nil
			}
		}
		return "", nil
	case k.Kind == schema.Operand && k.Forms&schema.Field != 0, k.Kind == schema.FieldName:
		name := d.freeField(k)
		return name, []diag.Edit{d.program().DeclareField(name)}
	case len(k.Values) > 0:
		return k.Values[0].Text, nil
	case onlyValue(k) != "":
		return onlyValue(k), nil
	case k.Kind == schema.Validation:
		return "reg_exp([0-9]{6,})", nil
	case k.Kind == schema.Number:
		return fmt.Sprint(k.Min), nil
	}
	return strings.ToLower(k.Name), nil
}

// template is a certificate template for an application, with the fields that it
// takes: the first of the project's that the policy allows, in the signature slot one
// for signatures rather; "template" where the project has none.
func (d *document) template(a *check.Application) (string, []diag.Edit) {
	project := d.config.settings()
	slot, field := schema.DefaultSlot, (*check.Field)(nil)
	if a != nil {
		slot, field = a.SlotOf()
	}
	signs := field == nil && slot == schema.SignatureSlot
	var names []string
	for _, name := range slices.Sorted(maps.Keys(project.Certificates)) {
		if !config.Allows(project.Policy.Templates, name) || signs && !config.Allows(project.Policy.SignatureTemplates, name) {
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "template", nil
	}
	fits := func(name string) bool {
		return template.CommitmentOnly(project.Certificates[name].KeyUsage) == signs
	}
	name := names[max(slices.IndexFunc(names, fits), 0)]
	declare := d.program().UndeclaredOf(name)
	if len(declare) == 0 {
		return name, nil
	}
	return name, []diag.Edit{d.program().DeclareField(declare...)}
}

// library is that of a description to begin with: the project's first that the
// policy allows.
func (d *document) library() string {
	project := d.config.settings()
	for _, name := range slices.Sorted(maps.Keys(project.Middleware)) {
		if config.Allows(project.Policy.Libraries, name) {
			return name
		}
	}
	return "yourMiddleware.dll"
}

// freeField is the name of a field for a keyword that is not declared yet.
func (d *document) freeField(k *schema.Keyword) string {
	base := strings.ToUpper(k.Name) + "_FIELD"
	name := base
	for n := 2; d.program().Field(name) != nil; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}
