package check

import (
	"fmt"
	"strings"

	"inscribe/ast"
)

// Columns are the database fields that the right-hand side of a field names, in
// order. Identity Manager leaves the side empty; the Card SDK fills it (page
// "Description of file format").
func (f *Field) Columns() []string {
	var names []string
	if f.Binding == nil {
		return nil
	}
	for _, t := range f.Binding.Terms {
		switch {
		case t.Column != "":
			names = append(names, t.Column)
		case t.Format != nil:
			names = append(names, t.Format.Column)
		}
	}
	return names
}

// quoted reports whether the right-hand side holds fixed text.
func (f *Field) quoted() bool {
	if f.Binding == nil {
		return false
	}
	for _, t := range f.Binding.Terms {
		if t.String != "" {
			return true
		}
	}
	return false
}

// Evaluate gives the value of the right-hand side; column gives the value of a
// database field. Without a right-hand side ok is false. An error names the
// column that has no value, or one that is longer than its pattern.
func (f *Field) Evaluate(column func(name string) (string, bool)) (value string, ok bool, err error) {
	if f.Binding == nil {
		return "", false, nil
	}
	var b strings.Builder
	for _, t := range f.Binding.Terms {
		part, err := evaluate(t, column)
		if err != nil {
			return "", true, fmt.Errorf("field %s: %w", f.Name, err)
		}
		b.WriteString(part)
	}
	return b.String(), true, nil
}

func evaluate(t ast.Term, column func(string) (string, bool)) (string, error) {
	if t.Column == "" && t.Format == nil {
		return unquote(t.String), nil
	}
	name := t.Column
	if t.Format != nil {
		name = t.Format.Column
	}
	v, ok := column(name)
	if !ok {
		return "", fmt.Errorf("database field %s has no value", name)
	}
	if t.Format == nil {
		return v, nil
	}
	pattern := []rune(unquote(t.Format.Pattern))
	missing := len(pattern) - len([]rune(v))
	if missing < 0 {
		return "", fmt.Errorf("database field %s is longer than its pattern of %d characters", name, len(pattern))
	}
	return string(pattern[:missing]) + v, nil
}

// unquote takes the quotation marks off; the language has no escape for them.
func unquote(s string) string { return strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`) }
