package main

import (
	"cmp"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/plan"
)

// setsField reports whether the plan of a description sets the value of a field on a
// token, and what the value must match then.
func (a *app) setsField(p *check.Program, name string) (set bool, validation string, err error) {
	st, err := a.loadStation()
	if err != nil {
		return false, "", err
	}
	facts, err := a.profileOf(p, st)
	if err != nil {
		return false, "", err
	}
	pl, err := plan.Lower(p, plan.Options{Profile: facts})
	if err != nil {
		return false, "", err
	}
	mw, _ := st.For(libraryOf(p))
	is := func(r *plan.Ref) bool { return r != nil && r.Field == name }
	add := func(value *plan.Ref, expression string) {
		if is(value) {
			set, validation = true, cmp.Or(validation, expression)
		}
	}
	for i := range pl.Ops {
		op := &pl.Ops[i]
		if op.Kind == plan.InitToken && a.choosesFresh(mw, op.Slot) && facts.Word(profile.FactoryPUK) == "" {
			add(op.Credential, "")
		}
		for _, pin := range op.PINs {
			add(pin.PIN, pin.Validation)
			add(pin.PUK, "")
		}
		if !is(op.Old) {
			add(op.New, op.Validation)
		}
	}
	return set, validation, nil
}

// choosesFresh reports whether a token without a PIN or PUK is meant.
func (a *app) choosesFresh(mw station.Middleware, slot string) bool {
	if slot == plan.Signature {
		return cmp.Or(a.opts.signatureToken, mw.Signature.Token) == exec.Fresh
	}
	return cmp.Or(a.opts.token, mw.Default.Token) == exec.Fresh
}
