package check

import (
	"fmt"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// keywordRule looks at the names of entries: unknown, or in the wrong section.
var keywordRule = rule{[]diag.Code{diag.UnknownKeyword, diag.MisplacedKeyword}, func(p *Program, r *report) {
	for i := range p.parts {
		part, s := &p.parts[i], &p.File.Sections[i]
		if !part.known || part.kind == schema.Fields {
			continue
		}
		for j := range s.Lines {
			l := &s.Lines[j]
			switch k := part.keywords[j]; {
			case l.Kind != ast.Entry:
			case k == nil:
				withoutMeaning(p, r, part.kind, p.File.Slice(s.Header.Name), l)
			case k.Meaning == schema.MSubtype && p.Technology == schema.SmartCard && p.Encoding.Has(schema.MType):
				// The page says "currently", so another release may take it.
				d := r.addAs(diag.Warning, diag.MisplacedKeyword, l.Name, "%s is not for smart cards, and this description is for one", k.Name)
				d.Help = "name the device type with Devices"
				d.Fixes = append(d.Fixes, diag.Fix{Title: "remove the line", Edits: []diag.Edit{removeLine(l)}})
			case p.foreign(k):
				severity, of, is := diag.Error, "magnetic stripes", "a smart card"
				if p.Technology != schema.SmartCard {
					// No page says that an encoder of stripes minds.
					severity, of, is = diag.Warning, "smart cards", "a magnetic stripe"
				}
				d := r.addAs(severity, diag.MisplacedKeyword, l.Name, "%s belongs to %s, and this description is for %s", k.Name, of, is)
				d.Help = "see Type in [Encoding]"
			}
		}
	}
}}

// foreign reports whether a keyword belongs to another technology.
func (p *Program) foreign(k *schema.Keyword) bool {
	switch {
	case k.Section != schema.Application:
		return false
	case k.Technology == schema.MagneticStripe:
		return p.Technology == schema.SmartCard
	}
	return k.Meaning != "" && p.Technology == schema.MagneticStripe
}

func withoutMeaning(p *Program, r *report, section schema.Section, header string, l *ast.Line) {
	name := p.File.Slice(l.Name)
	if elsewhere := p.Table.Named(name); len(elsewhere) > 0 {
		d := r.Add(diag.MisplacedKeyword, l.Name, "%s belongs in [%s], not in [%s]", elsewhere[0].Name, elsewhere[0].Section, header)
		d.Help = fmt.Sprintf("move the line to [%s]; here it has no effect", elsewhere[0].Section)
		if to := p.Homes(elsewhere[0]); len(to) == 1 {
			if edits := p.MoveLine(l, to[0]); edits != nil {
				d.Fixes = append(d.Fixes, diag.Fix{Title: fmt.Sprintf("move the line to [%s]", to[0].Name), Edits: edits})
			}
		}
		return
	}
	if near := p.nearKeyword(section, name); near != "" {
		d := r.Add(diag.UnknownKeyword, l.Name, "there is no keyword %s in [%s]", name, header)
		d.Label = fmt.Sprintf("did you mean %s?", near)
		d.Fixes = append(d.Fixes, replace("write "+near, l.Name, near))
		return
	}
	d := r.addAs(diag.Warning, diag.UnknownKeyword, l.Name, "%s is not known in [%s]; it is not checked and does nothing here", name, header)
	d.Help = "if it is a word of your vendor, declare it with [[keyword]] in inscribe.toml"
}

// Homes are the sections that may take a keyword and do not have it.
func (p *Program) Homes(k *schema.Keyword) []*Block {
	var out []*Block
	for _, b := range p.Blocks {
		if b.Section == k.Section && !b.has(k) && (k.Meaning == "" || !b.Has(k.Meaning)) {
			out = append(out, b)
		}
	}
	return out
}

// nearKeyword is the keyword of a section that an unknown name was likely meant
// to be, or "".
func (p *Program) nearKeyword(section schema.Section, name string) string {
	var names []string
	for _, k := range p.Table.In(section) {
		names = append(names, k.Name)
	}
	return p.spell.nearest(name, names)
}
