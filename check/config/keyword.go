//go:build !js

package config

import (
	"fmt"
	"strings"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

var kinds = map[string]schema.Keyword{
	"field":     {Kind: schema.Operand, Forms: schema.Field, Type: schema.PlainText},
	"operand":   {Kind: schema.Operand, Forms: schema.Field | schema.Literal, Type: schema.PlainText},
	"boolean":   {Kind: schema.Bool},
	"number":    {Kind: schema.Number},
	"text":      {Kind: schema.Text},
	"fieldname": {Kind: schema.FieldName, Type: schema.Output},
}

// keyword turns a user's row into one of the table: a synonym of a built-in
// keyword, or a word that is accepted and does nothing.
func (k userKeyword) keyword() (schema.Keyword, error) {
	section, ok := map[string]schema.Section{"encoding": schema.Encoding, "description": schema.Description, "application": schema.Application}[strings.ToLower(k.Section)]
	if !ok {
		return schema.Keyword{}, fmt.Errorf("%s: section is %q; it can be Encoding, Description or Application", k.Name, k.Section)
	}
	if k.Doc == "" {
		k.Doc = fmt.Sprintf("A keyword of this project, from %s.", FileName)
	}
	if k.Like != "" {
		base := schema.Builtin.Find(section, k.Like)
		if base == nil {
			var names []string
			for _, b := range schema.Builtin.In(section) {
				names = append(names, b.Name)
			}
			hint := ""
			if near := diag.Nearest(k.Like, names); near != "" {
				hint = fmt.Sprintf("; is it %s?", near)
			}
			return schema.Keyword{}, fmt.Errorf("%s: like is %q, which is no keyword of %s%s", k.Name, k.Like, section, hint)
		}
		if k.Kind != "" {
			return schema.Keyword{}, fmt.Errorf("%s: kind comes with like already", k.Name)
		}
		row := *base
		row.Name, row.Doc, row.Example, row.Evidence, row.Page = k.Name, k.Doc, "", schema.Project, ""
		return row, nil
	}
	row, ok := kinds[strings.ToLower(k.Kind)]
	if !ok {
		return schema.Keyword{}, fmt.Errorf("%s: kind is %q; it can be field, operand, boolean, number, text or fieldname, or give like = a keyword that it means", k.Name, k.Kind)
	}
	if k.Secret {
		row.Type = schema.Key
	}
	row.Name, row.Section, row.Doc, row.Evidence = k.Name, section, k.Doc, schema.Project
	return row, nil
}
