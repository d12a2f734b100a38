package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// applicationListRule holds ApplicationList against the sections.
var applicationListRule = Rule{[]diag.Code{diag.MissingApplication, diag.UnlistedApplication, diag.DuplicateApplication}, func(p *Program, r *Report) {
	list := p.Description.Get(schema.MApplicationList)
	if list != nil {
		listedApplications(p, r, list)
	}
	for _, a := range p.Unlisted {
		d := r.Add(diag.UnlistedApplication, a.Header.Name, "ApplicationList does not name %s, so [%s] never runs", a.Letter, a.Name)
		d.Unnecessary = true
		switch {
		case len([]rune(a.Letter)) != 1:
			d.Help = "an application has one character after Application_"
		case list != nil:
			end := ast.Span{Start: list.Line.Value.End, End: list.Line.Value.End}
			d.Fixes = append(d.Fixes, replace("add "+a.Letter+" to the list", end, a.Letter))
		case p.Description.Header != nil:
			d.Fixes = append(d.Fixes, diag.Fix{Title: "add ApplicationList=" + a.Letter,
				Edits: []diag.Edit{p.InsertAfter(p.lastEntry(p.Description), "ApplicationList="+a.Letter)}})
		}
	}
}}

// misspeltApplication reports whether an unknown section was likely meant to be
// the application; its own finding says so.
func (p *Program) misspeltApplication(letter string) bool {
	for i := range p.File.Sections {
		name := p.File.Slice(p.File.Sections[i].Header.Name)
		if _, _, ok := sectionKind(name); !ok && strings.EqualFold(nearApplication(name), schema.Sections[schema.Application]+letter) {
			return true
		}
	}
	return false
}

func listedApplications(p *Program, r *Report, list *Setting) {
	seen, running := map[string]bool{}, letters{}
	for _, a := range p.Applications {
		running.add(a)
	}
	at := list.Line.Value.Start
	for _, c := range list.Value.Text {
		letter := string(c)
		span := ast.Span{Start: at, End: at + len(letter)}
		at = span.End
		key := strings.ToLower(letter)
		switch {
		case seen[key]:
			d := r.Add(diag.DuplicateApplication, span, "%s stands twice in ApplicationList", letter)
			d.Fixes = append(d.Fixes, replace("remove the repetition", span, ""))
		case running.find(letter) == nil && p.misspeltApplication(letter):
		case running.find(letter) == nil:
			d := r.Add(diag.MissingApplication, span, "there is no section [Application_%s]", letter)
			if strings.ContainsRune(", ;\t", c) {
				d.Help = "ApplicationList has one character an application and nothing between them"
			}
			d.Fixes = append(d.Fixes, replace("remove "+letter+" from the list", span, ""))
		}
		seen[key] = true
	}
}
