package check

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"inscribe/ast"
	"inscribe/check/config"
	"inscribe/check/profile"
	"inscribe/check/schema"
	"inscribe/grammar"
)

// build understands what it can and reports nothing; of what stands twice, the
// first counts.
func build(f *ast.File, cfg *config.Config, room *Room) *Program {
	p := &Program{
		File: f, Table: cfg.Table(), Config: cfg, Technology: schema.SmartCard,
		Encoding:    &Block{Section: schema.Encoding, index: -1},
		Description: &Block{Section: schema.Description, index: -1},
		letters:     takeMap(&room.letters, len(f.Sections)),
		spell:       speller{left: mostCompared},
		room:        room,
	}
	p.readParts()
	p.declare()
	applications := p.findBlocks()
	p.readSettings()
	jobs := take(&room.jobs, len(applications))[:0] // mostly one each
	for _, a := range applications {
		n := len(jobs)
		jobs = a.appendJobs(jobs)
		a.jobs = jobs[n:len(jobs):len(jobs)]
	}
	if t := p.Encoding.Get(schema.MType); t != nil && t.Value.Problem == "" {
		p.Technology = t.Value.Number
	}
	p.Profile = p.findProfile()
	p.order(applications)
	p.templateFields()
	p.inferTypes()
	p.Secrets = secretSpans(p)
	return p
}

// findBlocks takes the sections with keywords and gives the applications among
// them. Here as below, what there is one of for each section or line is asked for
// at once: in an editor all this runs at each keystroke.
func (p *Program) findBlocks() []*Application {
	blocks, all := take(&p.room.blocks, len(p.parts)), take(&p.room.applications, len(p.parts))
	p.Blocks = take(&p.room.blockList, len(p.parts))[:0]
	applications := take(&p.room.applicationList, len(p.parts))[:0]
	var first [schema.Application]*ast.Line
	for i := range p.parts {
		part, header, b := &p.parts[i], p.File.Sections[i].Header, &blocks[i]
		if !part.known {
			continue
		}
		*b = Block{Section: part.kind, Name: p.File.Slice(header.Name), Header: header, index: i}
		if part.kind == schema.Application {
			a := &all[i]
			*a = Application{Letter: part.letter, Block: b}
			part.first = p.letters.add(a).Header
			if part.first == header {
				applications = append(applications, a)
			}
		} else {
			part.first = cmp.Or(first[part.kind], header)
			first[part.kind] = part.first
		}
		if part.first != header {
			continue
		}
		switch part.kind {
		case schema.Fields:
			continue
		case schema.Encoding:
			p.Encoding = b
		case schema.Description:
			p.Description = b
		}
		p.Blocks = append(p.Blocks, b)
	}
	return applications
}

// readParts looks up what every header and every entry names, once for all
// rules.
func (p *Program) readParts() {
	n := 0
	for i := range p.File.Sections {
		n += len(p.File.Sections[i].Lines)
	}
	keywords := take(&p.room.keywords, n)
	p.parts = take(&p.room.parts, len(p.File.Sections))
	for i := range p.parts {
		s, part := &p.File.Sections[i], &p.parts[i]
		part.kind, part.letter, part.known = schema.SectionOf(p.File.Slice(s.Header.Name))
		part.keywords, keywords = keywords[:len(s.Lines)], keywords[len(s.Lines):]
		if !part.known || part.kind == schema.Fields {
			continue
		}
		for j := range s.Lines {
			if l := &s.Lines[j]; l.Kind == ast.Entry {
				part.keywords[j] = p.Table.Find(part.kind, p.File.Slice(l.Name))
			}
		}
	}
}

// findProfile tells the kind of token from what is reviewed.
func (p *Program) findProfile() *profile.Profile {
	if lib := p.Library(); lib != nil {
		return p.ProfileOf(lib.Value.Text)
	}
	return profile.Generic()
}

// ProfileOf is the kind of token of a library: the project's word for it goes first.
func (p *Program) ProfileOf(library string) *profile.Profile {
	return cmp.Or(p.Config.Lookup(p.Config.ProfileFor(library)), profile.ForLibrary(library), profile.Generic())
}

// letters finds applications by their letter, case aside.
type letters map[string]*Application

func (l letters) find(letter string) *Application { return l[strings.ToLower(letter)] }

// add gives the application of the letter: a itself where the letter is free.
func (l letters) add(a *Application) *Application {
	key := strings.ToLower(a.Letter)
	if before := l[key]; before != nil {
		return before
	}
	l[key] = a
	return a
}

// declare takes the entries of [Fields]. A second section adds to the first: it is an
// error of its own, and none of each field that is declared there.
func (p *Program) declare() {
	n := 0
	for i := range p.parts {
		if p.parts[i].known && p.parts[i].kind == schema.Fields {
			n += len(p.File.Sections[i].Lines)
		}
	}
	p.fields, p.folded = takeMap(&p.room.byName, n), takeMap(&p.room.folded, 0)
	p.Fields = take(&p.room.fieldList, n)[:0]
	all := take(&p.room.fields, n)
	for i := range p.parts {
		if !p.parts[i].known || p.parts[i].kind != schema.Fields {
			continue
		}
		lines := p.File.Sections[i].Lines
		for j := range lines {
			l := &lines[j]
			if l.Kind != ast.Entry {
				continue
			}
			name := p.File.Slice(l.Name)
			if p.fields[name] != nil {
				continue
			}
			field := &all[len(p.Fields)]
			*field = Field{Name: name, Line: l, Uses: field.Uses}
			if l.Value.Len() > 0 {
				field.Binding, _ = grammar.ParseBinding(p.File.Slice(l.Value))
			}
			p.fields[name] = field
			p.Fields = append(p.Fields, field)
			if key := fold(name); key != name {
				same := p.folded[key]
				p.folded[key] = folded{cmp.Or(same.first, field), same.first != nil}
			}
		}
	}
}

// readSettings reads the keywords of all blocks.
func (p *Program) readSettings() {
	n := 0
	for _, b := range p.Blocks {
		for _, k := range p.parts[b.index].keywords {
			if k != nil {
				n++
			}
		}
	}
	all, list := take(&p.room.settings, n)[:0], take(&p.room.settingList, n)[:0]
	for _, b := range p.Blocks {
		lines, first := p.File.Sections[b.index].Lines, len(list)
		for i, k := range p.parts[b.index].keywords {
			if k == nil || !k.Numbered && b.has(k) {
				continue
			}
			all = append(all, Setting{Keyword: k, Line: &lines[i]})
			s := &all[len(all)-1]
			p.read(s)
			list = append(list, s)
			b.Settings = list[first:len(list):len(list)]
			b.meanings |= meaningBit(k.Meaning)
		}
	}
}

// order puts the applications in the order of ApplicationList.
func (p *Program) order(all []*Application) {
	p.All = take(&p.room.all, len(all))[:0]
	if list := p.Description.Get(schema.MApplicationList); list != nil {
		p.named = take(&p.room.named, len(list.Value.Names))
		for i, name := range list.Value.Names {
			a := p.letters.find(name.Text)
			p.named[i] = a
			if a != nil && !a.listed {
				a.listed = true
				p.All = append(p.All, a)
			}
		}
	}
	listed := len(p.All)
	for _, a := range all {
		if !a.listed {
			p.All = append(p.All, a)
		}
	}
	p.Applications, p.Unlisted = p.All[:listed:listed], p.All[listed:]
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
		for _, name := range c.Fields() {
			if f := p.TemplateField(name); f != nil && !slices.Contains(f.Templates, t) {
				f.Templates = append(f.Templates, t)
			}
		}
	}
}

// inferTypes gives each field the first type that its uses ask for, in the
// order of the file; what is at odds with it is the field-type rules' matter. A
// secret use counts more than one in clear, so that a value which is secret
// somewhere is secret everywhere.
func (p *Program) inferTypes() {
	for _, f := range p.Fields {
		f.infer()
	}
	p.sharedColumns()
}

func (f *Field) infer() {
	f.Type = schema.None
	for _, u := range f.Uses {
		if f.Type == schema.None || u.Type.Secret() && !f.Type.Secret() {
			f.Type = u.Type
		}
	}
	if f.Type == schema.None && len(f.Templates) > 0 {
		f.Type = schema.PlainText
	}
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

var typeID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+)\s*,\s*(\S.*)$`) })

func parseNumber(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}
