package main

import (
	"bytes"

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
	if t.saved != nil {
		path = a.descriptionOf(path, t.saved)
	}
	if t.program, err = a.load(path); err != nil {
		return nil, err
	}
	if err := a.sound(t.program); err != nil {
		return nil, err
	}
	t.inputs, err = a.inputs(t.program)
	return t, err
}
