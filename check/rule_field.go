package check

import (
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
	"inscribe/check/template"
)

// mostPerLine is how many undefined fields of one line are reported.
const mostPerLine = 20

// Undeclared is a name that something takes for a field and that [Fields] does not
// declare.
type Undeclared struct {
	Name string
	// Setting is what names the field; CertTempl where its template in inscribe.toml
	// does.
	Setting *Setting
	// Span is the bare name, or that of the template.
	Span ast.Span
	// whole says that the name is all of the value.
	whole bool
}

// Template reports whether a template of inscribe.toml takes the field.
func (u Undeclared) Template() bool { return u.Setting.Keyword.Meaning == schema.MCertTempl }

// fieldRule finds names of fields that are not declared.
var fieldRule = rule{[]diag.Code{diag.UndefinedField}, func(p *Program, r *report) {
	p.Undeclared(func(u Undeclared) {
		if u.Template() {
			undefinedInTemplate(p, r, u)
		} else {
			undefinedField(p, r, u.Setting, u.Name, u.Span, u.whole)
		}
	})
}}

// Undeclared tells of each name of a field that is not declared: first those of the
// templates, then as they stand in the file.
func (p *Program) Undeclared(tell func(Undeclared)) {
	p.undeclaredInTemplates(tell)
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			v, left := s.Value, mostPerLine
			if v.Form == FieldRef && v.Field == nil {
				tell(Undeclared{v.Text, s, s.Line.Value, true})
			}
			for _, n := range v.Names {
				if left > 0 && s.Keyword.Kind == schema.FieldNames && n.Field == nil && n.Text != "" {
					left--
					tell(Undeclared{n.Text, s, n.Span, false})
				}
			}
			for _, piece := range v.Parts {
				if left > 0 && piece.Name != "" && piece.Field == nil {
					left--
					tell(Undeclared{piece.Name, s, piece.NameSpan, false})
				}
			}
		}
	}
}

func (p *Program) undeclaredInTemplates(tell func(Undeclared)) {
	if len(p.Config.Certificates) == 0 {
		return
	}
	for _, a := range p.Applications {
		t := a.Get(schema.MCertTempl)
		if t == nil {
			continue
		}
		for _, name := range p.UndeclaredOf(t.Value.Text) {
			tell(Undeclared{name, t, t.Line.Value, false})
		}
	}
}

// Declarable is [Program.Undeclared] of the names that can be declared on a line: one
// value can serve for all that take them, in any case.
func (p *Program) Declarable(line *ast.Line, tell func(Undeclared)) {
	var there Field
	for _, f := range p.Fields {
		if f.Line.Span == line.Span {
			there.Binding, there.sharesSecret = f.Binding, f.sharesSecret
		}
	}
	fields := map[string]*Field{}
	p.Undeclared(func(u Undeclared) {
		f := fields[fold(u.Name)]
		if f == nil {
			f = &Field{Name: u.Name, Line: line, Binding: there.Binding, sharesSecret: there.sharesSecret}
			fields[fold(u.Name)] = f
		}
		if u.Template() {
			f.Templates = append(f.Templates, u.Setting)
			return
		}
		clears := u.Setting.Keyword.Kind == schema.FieldNames
		f.Uses = append(f.Uses, Use{Setting: u.Setting, Span: u.Span, Type: u.Setting.Keyword.Type, Clears: clears})
	})
	serve := map[*Field]bool{}
	for _, f := range fields {
		f.infer()
		serve[f] = sound(f)
	}
	p.Undeclared(func(u Undeclared) {
		if serve[fields[fold(u.Name)]] {
			tell(u)
		}
	})
}

func undefinedInTemplate(p *Program, r *report, u Undeclared) {
	d := r.Add(diag.UndefinedField, u.Span, "the template %s of inscribe.toml takes {%s}, and [Fields] does not declare it", u.Setting.Value.Text, u.Name)
	if near := p.spell.nearest(u.Name, p.fieldNames()); near != "" {
		d.Help = "the nearest field is " + near + ": mend the template, or declare the field"
	}
	declare(p, d, u.Name)
}

// serves reports whether a setting could name a field, too, beside what names it already.
func serves(f *Field, s *Setting) bool {
	if s.Keyword.Kind == schema.FieldNames {
		return true
	}
	with := *f
	with.Uses = append(slices.Clip(f.Uses), Use{Setting: s, Span: s.Line.Value, Type: s.Keyword.Type})
	with.infer()
	return sound(&with)
}

// declare offers to declare a field. A name that [Fields] cannot hold has to be changed
// where it stands.
func declare(p *Program, d *diag.Diagnostic, name string) {
	if FieldName(name) {
		d.Fixes = append(d.Fixes, diag.Fix{Title: "declare the field " + name, Edits: []diag.Edit{p.DeclareField(name)}})
	} else if d.Help == "" {
		d.Help = "[Fields] cannot declare this name; use another one"
	}
}

// UndeclaredOf are the fields that a template of inscribe.toml takes and [Fields] does
// not declare.
func (p *Program) UndeclaredOf(name string) []string {
	c := p.Config.Certificates[name]
	return slices.DeleteFunc(c.Fields(), func(f string) bool {
		return p.TemplateField(f) != nil || slices.Contains(template.Given, f)
	})
}

func undefinedField(p *Program, r *report, s *Setting, name string, span ast.Span, whole bool) {
	k := s.Keyword
	if _, secret := slices.BinarySearchFunc(p.Secrets, span, bySpan); secret {
		// The text is more likely a PIN without its # than a name, so it is
		// neither shown nor declared.
		d := r.Add(diag.UndefinedField, span, "what %s names is no field", k.Name)
		d.Help = "declare the field in [Fields]; a fixed value begins with #"
		if f := p.Field(k.Name); f != nil && whole {
			d.Fixes = append(d.Fixes, replace("use the field "+f.Name, span, f.Name))
		}
		if whole && k.Forms&schema.Literal != 0 {
			d.Fixes = append(d.Fixes, replace("make it a fixed value", ast.Span{Start: span.Start, End: span.Start}, "#"))
		}
		return
	}
	d := r.Add(diag.UndefinedField, span, "there is no field %s", name)
	d.Label = "is not declared in [Fields]"
	literal := whole && k.Forms&schema.Literal != 0
	if literal && k.Type == schema.Location && (LocationSlot(name) == schema.SignatureSlot || NearSignature(name)) {
		d.Help = "a bare word is the name of a field; the fixed value begins with #"
		d.Fixes = append(d.Fixes, replace("write #"+Signature, span, "#"+Signature))
	}
	if near := p.spell.nearest(name, p.fieldNames()); near != "" && FieldName(near) && serves(p.fields[near], s) {
		d.Fixes = append(d.Fixes, replace(fmt.Sprintf("use the field %s", near), span, near))
	}
	text := literal && strings.Contains(name, " ") && !k.Secret()
	if text {
		d.Fixes = append(d.Fixes, replace("write #"+name, ast.Span{Start: span.Start, End: span.Start}, "#"))
	}
	declare(p, d, name)
	if !text && literal && len(d.Fixes) < 3 && !k.Secret() && k.Type != schema.Location {
		d.Fixes = append(d.Fixes, replace("make it a fixed value", ast.Span{Start: span.Start, End: span.Start}, "#"))
	}
}
