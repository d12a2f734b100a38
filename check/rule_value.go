package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// valueRule reports values that do not fit their keyword.
var valueRule = rule{[]diag.Code{diag.InvalidValue}, func(p *Program, r *report) {
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			if s.Value.Problem == "" || s.Keyword.Kind == schema.Validation && s.Value.Form != Missing {
				continue
			}
			d := r.Add(diag.InvalidValue, s.place(), "the value of %s %s", s.Keyword.Name, s.Value.Problem)
			d.Help = "for example: " + s.Keyword.Example
			suggestValue(p, s, d)
		}
	}
	unclosed(p, r)
	if s := p.Encoding.Get(schema.MType); s != nil && s.Value.Problem == "" && s.Value.Number != schema.SmartCard && s.Value.Number != schema.MagneticStripe {
		d := r.addAs(diag.Info, diag.InvalidValue, s.Line.Value, "encoding type %d is not one that Inscribe knows", s.Value.Number)
		d.Help = "it knows 1024 (smart card) and 2 (magnetic stripe); the file is checked as far as it goes"
	}
	if s := p.Encoding.Get(schema.MDevices); s != nil && s.Value.Problem == "" && p.Technology == schema.SmartCard && len(s.Value.Names) > 1 {
		d := r.Add(diag.InvalidValue, s.Line.Value, "a description for a smart card names one device type, and here are %d", len(s.Value.Names))
		d.Help = "leave the one that the cards are encoded on"
		for i, n := range s.Value.Names[:min(len(s.Value.Names), 3)] {
			if !slices.ContainsFunc(s.Value.Names[:i], func(o NameAt) bool { return o.Text == n.Text }) {
				d.Fixes = append(d.Fixes, replace("leave "+n.Text, s.Line.Value, n.Text))
			}
		}
	}
	sizes := schema.Builtin.Find(schema.Application, schema.MKeySize)
	for _, a := range p.All {
		s := a.Get(schema.MKeySize)
		if s != nil && s.Value.Problem == "" && s.Value.Number%8 != 0 {
			r.Add(diag.InvalidValue, s.Line.Value, "no RSA key has %d bits; the size is a multiple of 8", s.Value.Number).Help = "for example: " + sizes.Example
		}
		if s := a.Get(schema.MCertTempl); s != nil && len(s.Value.Text) > 1 && s.Value.Text[0] == '#' {
			d := r.addAs(diag.Warning, diag.InvalidValue, s.Line.Value, "the name of a template is written without #, which would be part of it")
			d.Fixes = append(d.Fixes, replace("write "+s.Value.Text[1:], s.Line.Value, s.Value.Text[1:]))
		}
	}
	if s := p.Description.Get(schema.MInitialLabel); s != nil && s.Value.Form == FixedValue {
		if problem := LabelProblem(s.Value.Text); problem != "" {
			r.Add(diag.InvalidValue, s.Line.Value, "%s", problem).Help = "PKCS#11 pads a token's label with blanks to 32 bytes and cuts what is longer"
		}
	}
}}

// unclosed finds !{ that begins no field, and so stays in the text as it is.
func unclosed(p *Program, r *report) {
	for _, a := range p.All {
		s := a.Get(schema.MDataLabel)
		if s == nil {
			continue
		}
		open := strings.Count(p.File.Slice(s.Line.Value), "!{")
		for _, piece := range s.Value.Parts {
			if piece.Name != "" {
				open--
			}
		}
		if open > 0 && s.Value.Problem == "" {
			r.addAs(diag.Warning, diag.InvalidValue, s.Line.Value, "a !{ is followed by no name and }, so it stays in the text as it is").Help = "for example: " + s.Keyword.Example
		}
	}
}

// LabelProblem says why a token cannot have a label, which would read back otherwise;
// "" where it can.
func LabelProblem(label string) string {
	switch {
	case !utf8.ValidString(label):
		return "the label is no UTF-8"
	case len(label) > MaxLabel:
		return fmt.Sprintf("the label has %d bytes of UTF-8, and a token takes %d", len(label), MaxLabel)
	case strings.ContainsRune(label, 0):
		return "the label has a NUL in it, at which the label of a token ends"
	case strings.HasSuffix(label, " "):
		return "the label ends in a blank, and a token's label is padded with blanks, so that they are not kept"
	}
	return ""
}

// MaxLabel is the length of a token's label in bytes of UTF-8 (PKCS#11,
// CK_TOKEN_INFO and C_InitToken).
const MaxLabel = 32

func suggestValue(p *Program, s *Setting, d *diag.Diagnostic) {
	text := p.File.Slice(s.Line.Value)
	if text == "" {
		suggestFirst(p, s, d)
		return
	}
	switch s.Keyword.Kind {
	case schema.Bool:
		switch strings.ToLower(strings.TrimPrefix(text, "#")) {
		case "1", "yes", "on", "true":
			d.Fixes = append(d.Fixes, replace("write true", s.Line.Value, "true"))
		case "0", "no", "off", "false":
			d.Fixes = append(d.Fixes, replace("write false", s.Line.Value, "false"))
		}
	case schema.Number:
		if n := strings.TrimPrefix(text, "#"); n != text {
			if _, ok := parseNumber(n); ok {
				d.Fixes = append(d.Fixes, replace("write "+n, s.Line.Value, n))
			}
		}
	case schema.Enum:
		var words []string
		for _, v := range s.Keyword.Values {
			words = append(words, v.Text)
		}
		if near := diag.Nearest(strings.TrimPrefix(text, "#"), words); near != "" {
			d.Fixes = append(d.Fixes, replace("write "+near, s.Line.Value, near))
		}
	case schema.Operand:
		if strings.HasPrefix(text, "!") && s.Keyword.Forms&schema.Special != 0 {
			if near := diag.Nearest(text, specialNames()); near != "" {
				d.Fixes = append(d.Fixes, replace("write "+near, s.Line.Value, near))
			}
		}
	}
}

// suggestFirst gives an empty value a first one, where there is one that needs no
// thought.
func suggestFirst(p *Program, s *Setting, d *diag.Diagnostic) {
	k, v := s.Keyword, s.Line.Value
	switch {
	case k.Meaning == schema.MLocation:
		d.Fixes = append(d.Fixes, diag.Fix{Title: "remove the line: the default slot is meant", Edits: []diag.Edit{removeLine(s.Line)}})
	case k.Meaning == schema.MKeySize:
		size := strconv.Itoa(p.NewKeySize())
		d.Fixes = append(d.Fixes, replace("write "+size, v, size))
	case k.Kind == schema.Bool:
		d.Fixes = append(d.Fixes, replace("write true", v, "true"), replace("write false", v, "false"))
	case k.Kind == schema.Operand && k.Forms&schema.Field != 0, k.Kind == schema.FieldName:
		field := strings.ToUpper(k.Name) + "_FIELD"
		switch f := p.Field(field); {
		case f == nil:
			d.Fixes = append(d.Fixes, diag.Fix{Title: "take it from a field " + field, Edits: []diag.Edit{{Span: v, NewText: field}, p.DeclareField(field)}})
		case f.Type == k.Type || f.Type == schema.None:
			d.Fixes = append(d.Fixes, replace("use the field "+f.Name, v, f.Name))
		}
	}
}
