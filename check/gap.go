package check

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// Gap is a line of a section as if nothing stood on it. What may be written there
// it does not know: it asks the rules, on a copy of the section with the line in
// question. So an editor offers nothing that the rules would call an error.
//
// What is still to be written, as a keyword that another one needs, is no error
// here.
type Gap struct {
	// p is a copy in which the values of the line are tried and fields note no
	// uses.
	p      *Program
	line   *ast.Line
	block  Block
	letter string
	// had is how many errors the section has without the line.
	had int
	// keyword is the one that values were tried for last, and most how many errors
	// the section has with it whatever its value.
	keyword *schema.Keyword
	most    int
	// answered is the keyword that fields were tried for last, and answers which types
	// it takes.
	answered *schema.Keyword
	answers  map[schema.Type]bool
	// trying ends that a field is tried as a value, which tries the field.
	trying bool
	// names are the keywords of the other lines, in lower case as written, and
	// meanings what they mean.
	names    map[string]bool
	meanings []string
}

// Gap gives the gap that a line leaves in a section of the file; nil where the
// section has no keywords. The line may also stand for one that is yet to come.
func (p *Program) Gap(section int, line *ast.Line) *Gap {
	if section < 0 || section >= len(p.parts) || !p.parts[section].known || p.parts[section].kind == schema.Fields {
		return nil
	}
	part, header, trial := &p.parts[section], p.File.Sections[section].Header, *p
	trial.trial = true
	g := &Gap{p: &trial, line: line, letter: part.letter, names: map[string]bool{},
		block: Block{Section: part.kind, Name: p.File.Slice(header.Name), Header: header, index: section}}
	understood := p.blockAt(section)
	for i, k := range part.keywords {
		l := &p.File.Sections[section].Lines[i]
		if l.Kind != ast.Entry || l.Span == line.Span {
			continue
		}
		g.names[strings.ToLower(p.File.Slice(l.Name))] = true
		if k == nil {
			continue
		}
		if k.Meaning != "" && !k.Numbered {
			g.meanings = append(g.meanings, k.Meaning)
		}
		if understood == nil && (k.Numbered || !g.block.has(k)) {
			// The section stands twice, and nobody has read it.
			s := &Setting{Keyword: k, Line: l}
			trial.read(s)
			g.block.add(s)
		}
	}
	if understood != nil {
		for _, s := range understood.Settings {
			if s.Line.Span != line.Span {
				g.block.add(s)
			}
		}
	}
	g.had = g.errors(nil)
	return g
}

// NewGap is the first line of a section that is yet to come.
func (p *Program) NewGap(kind schema.Section) *Gap {
	trial := *p
	trial.trial = true
	g := &Gap{p: &trial, line: &ast.Line{Kind: ast.Blank}, block: Block{Section: kind, index: -1}}
	g.had = g.errors(nil)
	return g
}

func (p *Program) blockAt(section int) *Block {
	for _, b := range p.Blocks {
		if b.index == section {
			return b
		}
	}
	return nil
}

func (b *Block) add(s *Setting) {
	b.Settings = append(b.Settings, s)
	b.meanings |= meaningBit(s.Keyword.Meaning)
}

// Name is how a keyword can still be written: with the first number that is free
// where it is a numbered one. It is "" where the keyword stands there already, or
// belongs to another technology.
func (g *Gap) Name(k *schema.Keyword) string {
	if g.p.foreign(k) || k.Meaning != "" && slices.Contains(g.meanings, k.Meaning) {
		return ""
	}
	for n := 0; ; n++ {
		name := k.Number(n)
		if name == "" || !g.names[strings.ToLower(name)] {
			return name
		}
	}
}

// Takes reports whether a keyword with a value may stand on the line; "" is a value
// that is still to be written. Whether the keyword stands there already is
// [Gap.Name]'s matter.
func (g *Gap) Takes(k *schema.Keyword, value string) bool {
	return g.takes(k, value, g.had)
}

// TakesValue reports whether a value may stand on the line behind a keyword that is
// taken for granted, also where it is at odds with others.
func (g *Gap) TakesValue(k *schema.Keyword, value string) bool {
	if g.keyword != k {
		g.keyword, g.most = k, max(g.had, g.errors(g.setting(k, "")))
	}
	return g.takes(k, value, g.most)
}

func (g *Gap) takes(k *schema.Keyword, value string, most int) bool {
	s := g.setting(k, value)
	return (value == "" || g.reads(s)) && g.errors(s) <= most
}

func (g *Gap) setting(k *schema.Keyword, value string) *Setting {
	at := ast.Span{Start: g.line.Span.Start, End: g.line.Span.End}
	s := &Setting{Keyword: k, Line: &ast.Line{Kind: ast.Entry, Span: g.line.Span, Name: at, Value: at}}
	g.p.readAs(s, value)
	return s
}

// reads reports whether the value is one of the keyword, with fields that are there
// and serve for it.
func (g *Gap) reads(s *Setting) bool {
	v, k := s.Value, s.Keyword
	takes := func(f *Field) bool {
		_, ok := g.Field(k, f)
		return f != nil && ok
	}
	switch {
	case v.Problem != "", v.Form == FieldRef && !takes(v.Field):
		return false
	case k.Meaning == schema.MCertTempl:
		return !g.leaksInto(s)
	}
	for _, piece := range v.Parts {
		if piece.Name != "" && !takes(piece.Field) {
			return false
		}
	}
	for i, n := range v.Names {
		switch {
		case k.Kind == schema.FieldNames && !takes(n.Field):
			return false
		case k.Kind != schema.ApplicationOrder:
		case g.p.letters.find(n.Text) == nil,
			slices.ContainsFunc(v.Names[:i], func(o NameAt) bool { return strings.EqualFold(o.Text, n.Text) }):
			return false
		}
	}
	return true
}

// leaksInto reports whether the template of inscribe.toml that a setting names puts a
// secret into the certificate.
func (g *Gap) leaksInto(s *Setting) bool {
	r := report{trial: true}
	for _, name := range g.p.Config.Certificates[s.Value.Text].Fields() {
		if f := g.p.TemplateField(name); f != nil {
			with := *f
			with.Uses, with.Templates = g.others(f), []*Setting{s}
			with.infer()
			leaksOf(&r, &with)
		}
	}
	return len(r.found) > 0
}

// others are the uses of a field on other lines.
func (g *Gap) others(f *Field) []Use {
	on := func(u Use) bool { return u.Setting.Line.Span == g.line.Span }
	if !slices.ContainsFunc(f.Uses, on) {
		return f.Uses
	}
	return slices.DeleteFunc(slices.Clone(f.Uses), on)
}

// Field reports whether a field may be named by a keyword on the line, and the type
// that it has elsewhere.
func (g *Gap) Field(k *schema.Keyword, f *Field) (schema.Type, bool) {
	if f == nil {
		return schema.None, false
	}
	if k.Kind == schema.FieldNames {
		return f.Type, true
	}
	t, one := g.oneType(f)
	if !one {
		t, ok := g.fits(k, f)
		return t, ok && g.otherPIN(k, f)
	}
	// Most fields are of this kind, and all of one type have one answer.
	if g.answered != k {
		g.answered, g.answers = k, map[schema.Type]bool{}
	}
	ok, known := g.answers[t]
	if !known {
		_, ok = g.fits(k, f)
		g.answers[t] = ok
	}
	return t, ok && g.otherPIN(k, f)
}

// oneType tells that all other lines use a field for one thing, and what that is.
func (g *Gap) oneType(f *Field) (t schema.Type, ok bool) {
	if f.Binding != nil || len(f.Templates) > 0 {
		return schema.None, false
	}
	for _, u := range f.Uses {
		switch {
		case u.Clears || u.Setting.Line.Span == g.line.Span:
		case t != schema.None && u.Type != t:
			return schema.None, false
		default:
			t = u.Type
		}
	}
	return t, true
}

func (g *Gap) fits(k *schema.Keyword, f *Field) (schema.Type, bool) {
	without := *f
	without.Uses = g.others(f)
	if i := slices.IndexFunc(f.Templates, func(s *Setting) bool { return s.Line.Span == g.line.Span }); i >= 0 {
		without.Templates = slices.Delete(slices.Clone(f.Templates), i, i+1)
	}
	without.infer()
	with := without
	line := *g.line
	use := Use{Setting: &Setting{Keyword: k, Line: &line}, Span: line.Span, Type: k.Type}
	at := slices.IndexFunc(without.Uses, func(u Use) bool { return u.Span.Start > line.Span.Start })
	if at < 0 {
		at = len(without.Uses)
	}
	with.Uses = slices.Insert(slices.Clone(without.Uses), at, use)
	with.infer()
	with.sharesSecret = f.sharesSecret && !with.Type.Secret()
	exposed := with.Type.Secret() && !without.Type.Secret() && g.exposed(f)
	return without.Type, !exposed && sound(&with)
}

// otherPIN holds a field against the PIN of the other slot.
func (g *Gap) otherPIN(k *schema.Keyword, f *Field) bool {
	if k.Meaning != schema.MPIN && k.Meaning != schema.MSignPIN || g.trying {
		return true
	}
	g.trying = true
	defer func() { g.trying = false }()
	return g.TakesValue(k, f.Name)
}

// sound reports whether one value can serve for all uses of a field.
func sound(f *Field) bool {
	r := report{trial: true}
	typesOf(&r, f)
	leaksOf(&r, f)
	outputsOf(&r, f)
	return len(r.found) == 0
}

// exposed reports whether another field over the same database field is shown in
// clear.
func (g *Gap) exposed(f *Field) bool {
	columns := f.Columns()
	for _, o := range g.p.Fields {
		if o == f || !slices.ContainsFunc(o.Columns(), func(c string) bool { return slices.Contains(columns, c) }) {
			continue
		}
		r := report{trial: true}
		shares := *o
		shares.sharesSecret = true
		if leaksOf(&r, &shares); len(r.found) > 0 {
			return true
		}
	}
	return false
}

// errors counts what the rules that look at one section find in it with one more
// setting. What a keyword that is still to be written will mend is left out, and what
// another line has its fix for.
func (g *Gap) errors(s *Setting) int {
	b, p, r, n := g.block, *g.p, &report{trial: true}, 0
	b.Settings = slices.Clip(b.Settings)
	if s != nil {
		b.add(s)
	}
	conflictsIn(r, &b)
	switch b.Section {
	case schema.Application:
		a := &Application{Letter: g.letter, Block: &b}
		a.jobs = a.appendJobs(nil)
		jobsIn(r, a)
		applicationPolicy(p.Config.Policy, r, a)
		importsOf(&p, r, a)
		n = max(0, len(a.jobs)-2) // the rule names two of them
		if s != nil && (s.Keyword.Meaning == schema.MBlockCard || s.Keyword.Meaning == schema.MLocation) {
			n += g.blocked(g.with(a))
		}
	case schema.Description:
		p.Description = &b
		if s != nil && s.Keyword.Kind == schema.Path {
			p.Profile = p.findProfile()
			for _, a := range p.Applications {
				importsOf(&p, r, a)
			}
		}
		retrieveAlone(&p, r)
		descriptionPolicy(&p, r)
		if s != nil && s.Keyword.Kind == schema.ApplicationOrder {
			var order []*Application
			for _, name := range s.Value.Names {
				if a := p.letters.find(name.Text); a != nil {
					order = append(order, a)
				}
			}
			n += g.blocked(order)
		}
		pinsRule.Run(&p, r)
		if s != nil && (s.Keyword.Kind == schema.Validation || s.Value.Form == FixedValue && s.Keyword.Secret()) {
			validationRule.Run(&p, r)
		}
		libraryRule.Run(&p, r)
		if p.Technology == schema.SmartCard {
			credentialsIn(&p, r)
		}
	}
	for _, d := range r.found {
		own := s != nil && d.Span.Start >= s.Line.Span.Start && d.Span.End <= s.Line.Span.End
		switch {
		case d.Severity != diag.Error, d.Code == diag.MissingKeyword, !own && len(d.Fixes) > 0:
		case own && s.Value.Form == Missing && d.Code == diag.PolicyViolation:
			// It speaks of the value.
		default:
			n++
		}
	}
	return n
}

// with are the applications that run, one of them as it is here.
func (g *Gap) with(a *Application) []*Application {
	order := slices.Clone(g.p.Applications)
	if i := slices.IndexFunc(order, func(o *Application) bool { return o.index == a.index }); i >= 0 {
		order[i] = a
	}
	return order
}

// blocked counts the applications that would run after their PIN is blocked and do not
// yet.
func (g *Gap) blocked(order []*Application) int {
	late := func(order []*Application) int {
		r, p := report{trial: true}, *g.p
		p.Applications = order
		blockRule.Run(&p, &r)
		return len(r.found)
	}
	return max(0, late(order)-late(g.p.Applications))
}

// Letter reports whether a text can stand for an application in ApplicationList: one
// character that shows, that is not what people put between letters, and that a header
// takes.
func Letter(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	return text != "" && size == len(text) && unicode.IsPrint(r) && !strings.ContainsRune(notLetters, r)
}

// notLetters are never the letter of an application.
const notLetters = ", ;[]#"
