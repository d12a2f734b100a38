package check

import (
	"fmt"
	"strings"
	"unicode"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// sectionRule looks at the headers: unknown, twice, missing.
var sectionRule = rule{[]diag.Code{diag.UnknownSection, diag.DuplicateSection, diag.MissingSection}, func(p *Program, r *report) {
	for i := range p.parts {
		h, part := p.File.Sections[i].Header, &p.parts[i]
		switch {
		case !part.known:
			unknownSection(p, r, h, p.File.Slice(h.Name))
		case part.first != h:
			d := r.Add(diag.DuplicateSection, h.Name, "section [%s] stands twice", p.File.Slice(h.Name))
			d.Help = "put its entries into the first one; the entries here are not read"
			d.Unnecessary = part.kind != schema.Fields
			if part.kind == schema.Fields {
				d.Help = "put its fields into the first one; another reader may look for them there alone"
			}
			d.Related = []diag.Label{{Span: part.first.Name, Message: "first here"}}
		}
	}
	if p.Description.Header == nil {
		end := len(p.File.Text)
		d := r.Add(diag.MissingSection, ast.Span{Start: end, End: end}, "there is no [Description] section")
		d.Help = "it names the library and the credentials"
	}
	if p.Encoding.Header == nil && p.Description.Header != nil {
		d := r.addAs(diag.Info, diag.MissingSection, p.Description.Header.Name, "there is no [Encoding] header; a smart card is assumed")
		nl := ast.LineEnd(p.File.Text)
		start := p.File.Before(0)
		d.Fixes = append(d.Fixes, replace("add the header for a smart card", ast.Span{Start: start, End: start}, "[Encoding]"+nl+strings.Join(schema.OfSmartCard(), nl)+nl+nl))
	}
}}

func unknownSection(p *Program, r *report, h *ast.Line, name string) {
	d := r.Add(diag.UnknownSection, h.Name, "there is no section [%s]", name)
	d.Help = "the sections are [Encoding], [Fields], [Description] and [Application_X]"
	candidates := schema.Sections[:schema.Application]
	near := diag.Nearest(name, candidates)
	if near == "" {
		near = nearApplication(name)
	}
	if near == "" {
		return
	}
	if there := p.section(near); there != nil {
		d.Help = fmt.Sprintf("put its entries into [%s]", p.File.Slice(there.Name))
		d.Related = []diag.Label{{Span: there.Name, Message: "which is here"}}
		return
	}
	d.Fixes = append(d.Fixes, replace(fmt.Sprintf("write [%s]", near), h.Name, near))
}

// section is the header that counts of a section; nil where there is none.
func (p *Program) section(name string) *ast.Line {
	kind, letter, known := schema.SectionOf(name)
	if known && kind == schema.Application {
		if a := p.letters.find(letter); a != nil {
			return a.Header
		}
		return nil
	}
	for i := range p.parts {
		if part := &p.parts[i]; known && part.known && part.kind == kind {
			return part.first
		}
	}
	return nil
}

// nearApplication takes a slip in "Application_" before its letter. Where no sign is
// between them, a small letter may be the word's own.
func nearApplication(name string) string {
	const word = "Application"
	letter := ""
	if i := strings.LastIndexAny(name, "_- "); i >= 0 && diag.Nearest(strings.TrimRight(name[:i], "_- "), []string{word}) != "" {
		letter = name[i+1:]
	} else if len(name) > len(word) && strings.EqualFold(name[:len(word)], word) && !unicode.IsLower([]rune(name[len(word):])[0]) {
		letter = name[len(word):]
	}
	if !Letter(letter) {
		return ""
	}
	return schema.Sections[schema.Application] + letter
}
