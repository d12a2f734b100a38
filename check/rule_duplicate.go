package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// duplicateRule finds what stands twice in a section.
var duplicateRule = Rule{[]diag.Code{diag.DuplicateKeyword, diag.DuplicateField}, func(p *Program, r *Report) {
	for i := range p.File.Sections {
		s := &p.File.Sections[i]
		kind, _, ok := sectionKind(p.File.Slice(s.Header.Name))
		if !ok {
			continue
		}
		code, what := diag.DuplicateKeyword, "keyword"
		if kind == schema.Fields {
			code, what = diag.DuplicateField, "field"
		}
		first := map[string]*ast.Line{}
		for j := range s.Lines {
			l := &s.Lines[j]
			if l.Kind != ast.Entry {
				continue
			}
			name := p.File.Slice(l.Name)
			key := name
			if kind != schema.Fields {
				key = strings.ToLower(name)
				// Two spellings of one meaning are one keyword.
				if k := p.Table.Find(kind, name); k != nil && k.Meaning != "" {
					key = strings.ToLower(k.Meaning)
				}
			}
			before := first[key]
			if before == nil {
				first[key] = l
				continue
			}
			d := r.Add(code, l.Name, "%s %s stands twice", what, name)
			d.Help = "only the first one counts; remove one of them"
			d.Related = []diag.Label{{Span: before.Name, Message: "first here"}}
			if p.File.Slice(before.Value) == p.File.Slice(l.Value) {
				d.Fixes = append(d.Fixes, diag.Fix{Title: "remove the repetition", Edits: []diag.Edit{removeLine(l)}, Safe: true})
			}
		}
	}
}}
