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

// fieldRule finds names of fields that are not declared.
var fieldRule = Rule{[]diag.Code{diag.UndefinedField}, func(p *Program, r *Report) {
	templateFieldsDeclared(p, r)
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			v := s.Value
			before := len(r.found)
			if v.Form == FieldRef && v.Field == nil {
				undefinedField(p, r, s, v.Text, s.Line.Value, true)
			}
			for _, n := range v.Names {
				if len(r.found)-before >= mostPerLine {
					break
				}
				if s.Keyword.Kind == schema.FieldNames && n.Field == nil && n.Text != "" {
					undefinedField(p, r, s, n.Text, n.Span, false)
				}
			}
			for _, piece := range v.Parts {
				if len(r.found)-before >= mostPerLine {
					break
				}
				if piece.Name != "" && piece.Field == nil {
					undefinedField(p, r, s, piece.Name, piece.NameSpan, false)
				}
			}
		}
	}
}}

// templateFieldsDeclared finds fields that a template of inscribe.toml takes and
// [Fields] does not declare.
func templateFieldsDeclared(p *Program, r *Report) {
	if len(p.Config.Certificates) == 0 {
		return
	}
	for _, a := range p.Applications {
		t := a.Get(schema.MCertTempl)
		if t == nil {
			continue
		}
		c := p.Config.Certificates[t.Value.Text]
		for _, name := range c.Fields() {
			if p.TemplateField(name) != nil || slices.Contains(template.Given, name) {
				continue
			}
			d := r.Add(diag.UndefinedField, t.Line.Value, "the template %s of inscribe.toml takes {%s}, and [Fields] does not declare it", t.Value.Text, name)
			if near := p.spell.nearest(name, p.fieldNames()); near != "" {
				d.Help = "the nearest field is " + near + ": mend the template, or declare the field"
			}
			d.Fixes = append(d.Fixes, diag.Fix{Title: "declare the field " + name, Edits: []diag.Edit{p.DeclareField(name)}})
		}
	}
}

func undefinedField(p *Program, r *Report, s *Setting, name string, span ast.Span, whole bool) {
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
	if near := p.spell.nearest(name, p.fieldNames()); near != "" {
		d.Fixes = append(d.Fixes, replace(fmt.Sprintf("use the field %s", near), span, near))
	}
	text := literal && strings.Contains(name, " ") && !k.Secret()
	if text {
		d.Fixes = append(d.Fixes, replace("write #"+name, ast.Span{Start: span.Start, End: span.Start}, "#"))
	}
	d.Fixes = append(d.Fixes, diag.Fix{Title: fmt.Sprintf("declare the field %s", name), Edits: []diag.Edit{p.DeclareField(name)}})
	if !text && literal && len(d.Fixes) < 3 && !k.Secret() && k.Type != schema.Location {
		d.Fixes = append(d.Fixes, replace("make it a fixed value", ast.Span{Start: span.Start, End: span.Start}, "#"))
	}
}
