package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// applicationListRule holds ApplicationList against the sections.
var applicationListRule = rule{[]diag.Code{diag.MissingApplication, diag.UnlistedApplication, diag.DuplicateApplication}, func(p *Program, r *report) {
	list := p.Description.Get(schema.MApplicationList)
	if list != nil {
		listedApplications(p, r, list)
	}
	for _, a := range p.Unlisted {
		d := r.Add(diag.UnlistedApplication, a.Header.Name, "ApplicationList does not name %s, so [%s] never runs", a.Letter, a.Name)
		d.Unnecessary = true
		switch {
		case !Letter(a.Letter):
			d.Help = "an application has one character after Application_, and none that parts letters"
		case list != nil:
			end := ast.Span{Start: list.Line.Value.End, End: list.Line.Value.End}
			d.Fixes = append(d.Fixes, replace("add "+a.Letter+" to the list", end, a.Letter))
		case p.Description.Header != nil:
			line := schema.MApplicationList + "=" + a.Letter
			d.Fixes = append(d.Fixes, diag.Fix{Title: "add " + line, Edits: []diag.Edit{p.InsertAfter(p.lastEntry(p.Description), line)}})
		}
	}
}}

// misspeltApplications are the letters, in lower case, of applications that
// unknown sections were likely meant to be; their own findings say so.
func (p *Program) misspeltApplications() map[string]bool {
	found := map[string]bool{}
	for i := range p.parts {
		if p.parts[i].known {
			continue
		}
		if near := nearApplication(p.File.Slice(p.File.Sections[i].Header.Name)); near != "" {
			found[strings.ToLower(strings.TrimPrefix(near, schema.Sections[schema.Application]))] = true
		}
	}
	return found
}

func listedApplications(p *Program, r *report, list *Setting) {
	misspelt := p.misspeltApplications()
	unknown := map[string]bool{}
	runs := p.Applications
	for i, name := range list.Value.Names {
		letter, span, a := name.Text, name.Span, p.named[i]
		if a != nil && len(runs) > 0 && a == runs[0] {
			runs = runs[1:]
			continue
		}
		key := strings.ToLower(letter)
		switch {
		case a != nil || unknown[key]:
			d := r.Add(diag.DuplicateApplication, span, "%s stands twice in ApplicationList", letter)
			d.Fixes = append(d.Fixes, replace("remove the repetition", span, ""))
		case misspelt[key]:
		default:
			d := r.Add(diag.MissingApplication, span, "there is no section [Application_%s]", letter)
			if !Letter(letter) {
				d.Help = "ApplicationList has one character an application and nothing between them"
			}
			d.Fixes = append(d.Fixes, replace("remove "+letter+" from the list", span, ""))
		}
		unknown[key] = true
	}
}
