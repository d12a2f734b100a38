package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"inscribe/ast"
	"inscribe/check/config"
	"inscribe/check/profile"
	"inscribe/check/schema"
	"inscribe/grammar"
)

// sectionKind reads a header's name. letter is what follows Application_.
func sectionKind(name string) (kind schema.Section, letter string, ok bool) {
	return schema.SectionOf(name)
}

// build understands what it can and reports nothing; of what stands twice, the
// first counts.
func build(f *ast.File, cfg *config.Config) *Program {
	p := &Program{
		File: f, Table: cfg.Table(), Config: cfg, Technology: schema.SmartCard,
		Encoding:    &Block{Section: schema.Encoding, index: -1},
		Description: &Block{Section: schema.Description, index: -1},
		fields:      map[string]*Field{},
	}
	var applications []*Application
	byLetter := letters{}
	for i := range f.Sections {
		s := &f.Sections[i]
		name := f.Slice(s.Header.Name)
		kind, letter, ok := sectionKind(name)
		if !ok {
			continue
		}
		if kind == schema.Fields {
			p.declare(s.Lines)
			continue
		}
		b := &Block{Section: kind, Name: name, Header: &s.Header, index: i}
		switch kind {
		case schema.Encoding:
			if p.Encoding.Header != nil {
				continue
			}
			p.Encoding = b
		case schema.Description:
			if p.Description.Header != nil {
				continue
			}
			p.Description = b
		case schema.Application:
			if byLetter.find(letter) != nil {
				continue
			}
			a := &Application{Letter: letter, Block: b}
			byLetter.add(a)
			applications = append(applications, a)
		}
		p.blocks = append(p.blocks, b)
	}
	for _, b := range p.blocks {
		p.settings(b)
	}
	if t := p.Encoding.Get(schema.MType); t != nil && t.Problem == "" {
		p.Technology = t.Value.Number
	}
	p.Profile = p.findProfile()
	p.order(applications, byLetter)
	p.templateFields()
	p.inferTypes()
	p.Secrets = secretSpans(p)
	return p
}

// findProfile tells the kind of token from what is reviewed: the project's word
// for the library first.
func (p *Program) findProfile() *profile.Profile {
	lib := p.Library()
	if lib == nil {
		return profile.Generic()
	}
	if found := p.Config.Lookup(p.Config.ProfileFor(lib.Value.Text)); found != nil {
		return found
	}
	if found := profile.ForLibrary(lib.Value.Text); found != nil {
		return found
	}
	return profile.Generic()
}

// letters finds applications by their letter, case aside.
type letters map[string]*Application

func (l letters) find(letter string) *Application { return l[strings.ToLower(letter)] }

func (l letters) add(a *Application) { l[strings.ToLower(a.Letter)] = a }

func (p *Program) declare(lines ast.Lines) {
	for i := range lines {
		l := &lines[i]
		if l.Kind != ast.Entry {
			continue
		}
		name := p.File.Slice(l.Name)
		if p.fields[name] == nil {
			field := &Field{Name: name, Line: l}
			if l.Value.Len() > 0 {
				field.Binding, _ = grammar.ParseBinding(p.File.Slice(l.Value))
			}
			p.fields[name] = field
			p.Fields = append(p.Fields, field)
		}
	}
}

// foldedField gives the only field whose name differs in case at most.
func (p *Program) foldedField(name string) *Field {
	if p.folded == nil {
		p.folded = map[string][]*Field{}
		for _, f := range p.Fields {
			key := strings.ToLower(f.Name)
			p.folded[key] = append(p.folded[key], f)
		}
	}
	if found := p.folded[strings.ToLower(name)]; len(found) == 1 {
		return found[0]
	}
	return nil
}

func (p *Program) settings(b *Block) {
	lines := p.File.Sections[b.index].Lines
	for i := range lines {
		l := &lines[i]
		if l.Kind != ast.Entry {
			continue
		}
		k := p.Table.Find(b.Section, p.File.Slice(l.Name))
		if k == nil || (b.byName(k.Name) != nil && !k.Numbered) {
			continue
		}
		s := &Setting{Keyword: k, Line: l, Place: l.Value}
		p.read(s)
		b.Settings = append(b.Settings, s)
	}
}

// order puts the applications in the order of ApplicationList.
func (p *Program) order(all []*Application, byLetter letters) {
	listed := map[*Application]bool{}
	if list := p.Description.Get(schema.MApplicationList); list != nil {
		for _, c := range list.Value.Text {
			if a := byLetter.find(string(c)); a != nil && !listed[a] {
				listed[a] = true
				p.Applications = append(p.Applications, a)
			}
		}
	}
	for _, a := range all {
		if !listed[a] {
			p.Unlisted = append(p.Unlisted, a)
		}
	}
}

// templateFields notes which fields the templates of inscribe.toml take.
func (p *Program) templateFields() {
	if len(p.Config.Certificates) == 0 {
		return
	}
	for _, a := range p.Applications {
		t := a.Get(schema.MCertTempl)
		if t == nil {
			continue
		}
		c, known := p.Config.Certificates[t.Value.Text]
		if !known {
			continue
		}
		for _, f := range p.Fields {
			if mentions(c.Subject+c.EMail+c.DNS+c.UPN, f.Name) {
				f.Templates = append(f.Templates, t)
			}
		}
	}
}

// patternFields lists what the braces of a pattern name. \{ is a brace.
func patternFields(pattern string) []string {
	var names []string
	for _, part := range strings.Split(strings.ReplaceAll(pattern, `\{`, ""), "{")[1:] {
		if name, _, closed := strings.Cut(part, "}"); closed {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// mentions reports whether a pattern takes the value of a field, however its name
// is spaced and cased in the braces.
func mentions(pattern, field string) bool {
	return slices.ContainsFunc(patternFields(pattern), func(name string) bool { return strings.EqualFold(name, field) })
}

// inferTypes gives each field the first type that its uses ask for, in the
// order of the file; what is at odds with it is the field-type rules' matter. A
// secret use counts more than one in clear, so that a value which is secret
// somewhere is secret everywhere.
func (p *Program) inferTypes() {
	for _, f := range p.Fields {
		for _, u := range f.Uses {
			if f.Type == schema.None || u.Type.Secret() && !f.Type.Secret() {
				f.Type = u.Type
			}
		}
		if f.Type == schema.None && len(f.Templates) > 0 {
			f.Type = schema.PlainText
		}
	}
	p.sharedColumns()
}

// sharedColumns marks the fields over a database field that is secret elsewhere:
// the value is the same one.
func (p *Program) sharedColumns() {
	secret := map[string]bool{}
	for _, f := range p.Fields {
		for _, c := range f.Columns() {
			secret[c] = secret[c] || f.Type.Secret()
		}
	}
	for _, f := range p.Fields {
		for _, c := range f.Columns() {
			f.sharesSecret = f.sharesSecret || secret[c] && !f.Type.Secret()
		}
	}
}

var typeID = regexp.MustCompile(`^(\d+)\s*,\s*(\S.*)$`)

func parseNumber(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}
