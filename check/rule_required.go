package check

import (
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// requiredRule finds what is missing beside a keyword or in a section.
var requiredRule = rule{[]diag.Code{diag.MissingKeyword}, func(p *Program, r *report) {
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			if s.Keyword.Kind == schema.Bool && !s.Value.Bool {
				continue
			}
			for _, group := range s.Keyword.Requires {
				switch {
				case slices.ContainsFunc(group, b.Has):
				case p.misspelt(b, group):
					r.block(diag.MissingKeyword, s.Line.Name, "%s needs %s beside it", s.Keyword.Name, strings.Join(group, " or "))
				default:
					missingBeside(p, r, b, s, group)
				}
			}
		}
	}
	if p.Technology != schema.SmartCard {
		return
	}
	if h := p.Encoding.Header; h != nil && p.Encoding.Get(schema.MType) == nil {
		d := r.Add(diag.MissingKeyword, h.Name, "[Encoding] does not say its Type")
		line := schema.OfSmartCard()[0]
		d.Fixes = append(d.Fixes, diag.Fix{Title: "add " + line, Edits: []diag.Edit{p.InsertAfter(h, line)}})
	}
	if h := p.Description.Header; h != nil && p.Library() == nil {
		d := r.Add(diag.MissingKeyword, h.Name, "[Description] names no library")
		d.Help = "name the PKCS#11 module with PKCS11Library"
	}
	for _, a := range p.All {
		if len(a.Jobs()) == 0 {
			d := r.Add(diag.MissingKeyword, a.Header.Name, "[%s] does nothing", a.Name)
			d.Help = "an application makes a key and certificate (KeySize or ECCurve, with CertTempl), writes a certificate, a list or a data object, or blocks the card"
		}
	}
}}

// misspelt reports whether an unknown entry of the block was likely meant to be
// one of the keywords; its own finding says so already.
func (p *Program) misspelt(b *Block, keywords []string) bool {
	for i, l := range p.File.Sections[b.index].Lines {
		if l.Kind != ast.Entry || p.parts[b.index].keywords[i] != nil {
			continue
		}
		name := p.File.Slice(l.Name)
		if p.Table.Named(name) == nil && slices.Contains(keywords, p.nearKeyword(b.Section, name)) {
			return true
		}
	}
	return false
}

func missingBeside(p *Program, r *report, b *Block, s *Setting, group []string) {
	d := r.Add(diag.MissingKeyword, s.Line.Name, "%s needs %s beside it", s.Keyword.Name, strings.Join(group, " or "))
	k := p.Table.Find(b.Section, group[0])
	if k == nil || len(group) > 1 {
		return
	}
	if s := b.byName(k.Name); s != nil {
		d.Related = []diag.Label{{Span: s.Line.Span, Message: "switched off here"}}
		return
	}
	switch {
	case k.Kind == schema.Bool:
		d.Fixes = append(d.Fixes, diag.Fix{Title: fmt.Sprintf("add %s=true", k.Name), Edits: []diag.Edit{p.InsertAfter(s.Line, k.Name+"=true")}})
	case k.Kind == schema.Operand && k.Forms&schema.Field != 0:
		field := strings.ToUpper(k.Name) + "_FIELD"
		edits := []diag.Edit{p.InsertAfter(s.Line, k.Name+"="+field)}
		if p.fields[field] == nil {
			edits = append(edits, p.DeclareField(field))
		}
		d.Fixes = append(d.Fixes, diag.Fix{Title: fmt.Sprintf("add %s with a field of its own", k.Name), Edits: edits})
	}
}

// Library is the setting that names the module: the name for Linux, where tokens are
// written, goes before the general one, and that before the names for other platforms. So
// the plan is the same wherever it is made.
func (p *Program) Library() *Setting {
	for _, m := range []string{schema.MLibraryLinux, schema.MLibrary, schema.MLibraryWin64, schema.MLibraryWin32, schema.MLibraryMac, schema.MMiniDriver} {
		if s := p.Description.Get(m); s != nil {
			return s
		}
	}
	return nil
}

// Jobs are the settings that make an application do something. The slice is the
// application's.
func (a *Application) Jobs() []*Setting { return a.jobs }

// appendJobs finds them. What makes a key is a job of its own only where nothing
// else takes the key.
func (a *Application) appendJobs(jobs []*Setting) []*Setting {
	n := len(jobs)
	for _, m := range []string{schema.MCertTempl, schema.MWriteCertificate, schema.MWriteKeyList, schema.MDataObject, schema.MBlockCard} {
		if s := a.Get(m); s != nil {
			jobs = append(jobs, s)
		}
	}
	for _, m := range []string{schema.MKeySize, schema.MECCurve} {
		if s := a.Get(m); s != nil && len(jobs) == n {
			jobs = append(jobs, s)
		}
	}
	return jobs
}
