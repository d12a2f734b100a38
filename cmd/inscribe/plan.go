package main

import (
	"bytes"
	"errors"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/prove"
	"inscribe/plan"
)

func (a *app) plan(args []string) error {
	switch a.opts.format {
	case "text", "json", "markdown", "html":
	default:
		return usagef("--format is %q; it can be text, json, markdown or html", a.opts.format)
	}
	if err := a.checkExisting(); err != nil {
		return err
	}
	path, err := one(args, "description or saved plan")
	if err != nil {
		return err
	}
	raw, err := a.read(path)
	if err != nil {
		return err
	}
	if looksSaved(raw) {
		if flag := a.makesPlan(); flag != "" {
			return usagef("%s is for a plan that is made, and %s is a saved one, which is shown as it is", flag, path)
		}
		return a.showSaved(path, raw)
	}
	if path == stdinName {
		a.stdin = bytes.NewReader(raw)
	}
	p, err := a.load(path)
	if err != nil {
		return err
	}
	if err := a.sound(p); err != nil {
		return err
	}
	st, err := a.loadStation()
	if err != nil {
		return err
	}
	in, err := a.inputs(p)
	if err != nil {
		return err
	}
	facts, err := a.profileOf(p, st)
	if err != nil {
		return err
	}
	pl, proof, err := a.proved(p, in, facts)
	if err != nil {
		return err
	}
	if err := a.saveCounterexample(pl, proof); err != nil {
		return err
	}
	err = a.writePlan(pl)
	if err == nil && len(pl.Refusals) > 0 && a.opts.out == "" {
		return &exitError{code: exitRefused}
	}
	return errors.Join(err, a.savePlan(pl))
}

// makesPlan is a flag that was given and says how a plan is made or where it goes; "" is
// none.
func (a *app) makesPlan() string {
	for _, f := range []struct {
		flag  string
		given bool
	}{{"--out", a.opts.out != ""}, {"--sign", a.opts.sign != ""}, {"--counterexample", a.opts.counterexample != ""}, {"--profile", a.opts.profile != ""},
		{"--existing", a.opts.existing != "refuse"}, {"--field", a.opts.fields != nil}, {"--fields", a.opts.fieldFiles != nil}} {
		if f.given {
			return f.flag
		}
	}
	return ""
}

// writePlan writes a plan in the format that was asked for.
func (a *app) writePlan(pl *plan.Plan) error {
	switch a.opts.format {
	case "json":
		_, err := a.stdout.Write(pl.JSON())
		return err
	case "markdown":
		return pl.Markdown(a.stdout)
	case "html":
		return pl.HTML(a.stdout)
	}
	return pl.Text(a.stdout, plan.TextOptions{Color: a.colored(a.stdout), Width: width(a.stdout)})
}

func (a *app) loadStation() (*station.Station, error) {
	st, err := await(a.ctx, func() (*station.Station, error) { return station.Load(a.opts.station, a.getenv) })
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return st, a.mayBeRead(st.Path)
}

func libraryOf(p *check.Program) string {
	if s := p.Library(); s != nil {
		return s.Value.Text
	}
	return ""
}

// proved lowers the description and proves the plan in every case of what is not
// bound; what fails is in its refusals.
func (a *app) proved(p *check.Program, in exec.Inputs, facts *profile.Profile) (*plan.Plan, *prove.Proof, error) {
	pl, err := a.lower(p, in, facts)
	if err != nil || len(pl.Refusals) > 0 {
		return pl, nil, err
	}
	proof, err := prove.Prove(a.ctx, pl, in)
	if err != nil {
		return nil, nil, err
	}
	proof.Refuse(pl)
	return pl, proof, nil
}

func (a *app) lower(p *check.Program, in exec.Inputs, facts *profile.Profile) (*plan.Plan, error) {
	bound := map[string]bool{}
	for name := range in.Secrets {
		bound[name] = true
	}
	return plan.Lower(p, plan.Options{Profile: facts, Values: in.Text, Secrets: bound, Replace: a.opts.existing == "replace"})
}
