package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"inscribe/ast/diag"
	"inscribe/check"
)

// named is what a name stands for that is given with a value: a field of the
// description, or a database field of the right-hand side of one.
type named struct {
	field  *check.Field
	column string // the database field; "" is the field itself
}

// name is one for all spellings that stand for the same.
func (n named) name() string { return cmp.Or(n.column, n.field.Name) }

// named finds what a name stands for, wherever it is given: the exact field, else a
// database field, else the only field that differs in case. Each field with the database
// field of a secret one counts as secret; where one that does not has its name, nobody can
// tell which of the two a value is for.
func (a *app) named(p *check.Program, name string) (named, error) {
	f := p.Field(name)
	var of *check.Field // with a database field of that name
	if at := slices.IndexFunc(p.Fields, func(f *check.Field) bool { return slices.Contains(f.Columns(), name) }); at >= 0 {
		of = p.Fields[at]
	}
	switch {
	case f != nil && f.Name == name && of != nil && of.Secret() && !f.Secret():
		return named{}, usagef("%s is a field that is shown, and the database field of the secret field %s; rename one of them in the description", name, of.Name)
	case of != nil && (f == nil || f.Name != name):
		return named{of, name}, nil
	case f != nil && f.Output():
		return named{}, usagef("field %s is filled by the run and takes no value", f.Name)
	case f != nil:
		return named{field: f}, nil
	}
	var names []string
	for _, f := range p.Fields {
		names = append(names, f.Name)
	}
	if near := diag.Nearest(name, names); near != "" {
		return named{}, usagef("the description has no field %s; is it %s?", name, near)
	}
	return named{}, usagef("the description has no field %s; it has %s", name, strings.Join(names, ", "))
}

// spellings are the names that were given in one place, by what they stand for: each
// may be there once, however it is spelled.
type spellings map[string]string

func (s spellings) add(n named, spelled string) error {
	first, again := s[n.name()]
	switch {
	case !again:
		s[n.name()] = spelled
		return nil
	case first == spelled:
		return fmt.Errorf("%s is there twice", spelled)
	}
	return fmt.Errorf("%s and %s are both %s, which takes one value", first, spelled, n.name())
}
