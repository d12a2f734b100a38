package main

import (
	"bytes"
	"maps"
	"slices"

	"inscribe/check"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/plan"
)

// target is what a command that goes to tokens was given: a description without
// errors, alone or with the plan that was saved of it, and the values of its fields.
type target struct {
	station *station.Station
	saved   *plan.Plan // nil where a description was named
	program *check.Program
	inputs  exec.Inputs
	// columns are the values of database fields, of which right-hand sides are made.
	columns map[string]string
	shared  []string // the names of what was given
}

// target reads the one argument. saved says of a file whether it is to be opened as
// a saved plan; a station with signers then refuses what is none.
func (a *app) target(args []string, saved func(raw []byte) bool) (*target, error) {
	path, err := one(args, "description or saved plan")
	if err != nil {
		return nil, err
	}
	t := &target{}
	if t.station, err = a.loadStation(); err != nil {
		return nil, err
	}
	raw, err := a.read(path)
	if err != nil {
		return nil, err
	}
	if path == stdinName {
		a.stdin = bytes.NewReader(raw)
	}
	if saved(raw) {
		if t.saved, err = a.openSaved(path, raw, t.station); err != nil {
			return nil, err
		}
	}
	switch {
	case t.saved == nil && a.opts.description != "":
		return nil, usagef("--description is for a saved plan, and %s is a description", path)
	case t.saved != nil && a.opts.profile != "" && a.opts.profile != t.saved.Profile:
		return nil, usagef("--profile: the plan was made for the profile %q; make another plan for another one", t.saved.Profile)
	case t.saved != nil:
		path = a.descriptionOf(path, t.saved)
	}
	if t.program, err = a.load(path); err != nil {
		return nil, err
	}
	if err := a.sound(t.program); err != nil {
		return nil, err
	}
	if t.inputs, t.columns, err = a.given(t.program); err != nil {
		return nil, err
	}
	t.shared = slices.Concat(slices.Collect(maps.Keys(t.inputs.Text)), slices.Collect(maps.Keys(t.inputs.Secrets)), slices.Collect(maps.Keys(t.columns)))
	return t, evaluate(t.program, t.inputs, t.columns)
}

// place reads where the tokens are: the module, and what chooses each slot's token.
func (a *app) place(t *target) (mw station.Middleware, selectors map[string]exec.Selector, err error) {
	if mw, err = a.middleware(t.program, t.station); err == nil {
		selectors, err = a.selectors(mw)
	}
	return mw, selectors, err
}
