package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/plan"
)

func (a *app) apply(args []string) error {
	if err := a.noOldReport(); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	if err := a.noOldEvents(); err != nil {
		return err
	}
	if err := a.checkExisting(); err != nil {
		return err
	}
	a.sets = true
	t, err := a.target(args, func([]byte) bool { return true })
	if err != nil {
		return err
	}
	p, st := t.program, t.station
	o := exec.Options{Inputs: t.inputs, SpendFinalTry: a.opts.spendFinalTry, Abandon: a.opts.abandon, AllowExisting: a.opts.existing != "refuse", DestroyConfirmed: a.opts.yes, CallLimit: a.opts.callTimeout}
	facts, err := a.profileOfRun(t, &o)
	if err != nil {
		return err
	}
	switch {
	case a.opts.dryRun && a.opts.seed != "":
		return a.seededRun(p, o, st, facts)
	case a.opts.dryRun:
		return a.dryRun(p, o, facts)
	case a.opts.replay != "":
		return usagef("--replay runs on the model token; say --dry-run too")
	case a.opts.seed != "":
		return usagef("--seed is what the model token begins with; say --dry-run too")
	}
	return a.applyFor(t, o, facts)
}

func (a *app) checkExisting() error {
	if e := a.opts.existing; e != "refuse" && e != "add" && e != "replace" {
		return usagef("--existing is %q; it can be refuse, add or replace", e)
	}
	return nil
}

// takeSaved puts a saved plan into the options of a run, with the decisions that
// it left open.
func (a *app) takeSaved(p *check.Program, sp *plan.Plan, o *exec.Options) error {
	pl, err := a.relower(p, sp)
	if err != nil {
		return err
	}
	return a.bindSaved(pl, o)
}

// bindSaved puts a saved plan, made again, into the options of a run.
func (a *app) bindSaved(sp *plan.Plan, o *exec.Options) error {
	o.Plan = sp
	for name, value := range sp.Bindings {
		if given, again := o.Inputs.Text[name]; again && given != value {
			return refusedf("make another plan for another value", "field %s is bound in the saved plan, and another value is given", name)
		}
		o.Inputs.Text[name] = value
	}
	for _, f := range sp.Fields {
		content, given := o.Inputs.Text[f.Name]
		if given && f.SHA256 != "" && fmt.Sprintf("%x", sha256.Sum256([]byte(content))) != f.SHA256 {
			return refusedf("give the content that the plan was made with, or make another plan for another one", "field %s holds other content than when the plan was made: the SHA-256 of that one is %s", f.Name, f.SHA256)
		}
	}
	o.Saved = true
	if sp.Replace {
		o.AllowExisting = true
	} else if a.opts.existing == "replace" {
		return refusedf("make the plan with --existing replace", "the saved plan removes nothing, so it cannot replace")
	}
	var err error
	o.Cases, err = cases(o.Plan, o.Inputs.Text)
	return err
}

// dryRun runs the plan on the model token.
func (a *app) dryRun(p *check.Program, o exec.Options, facts *profile.Profile) error {
	start := model.Start{}
	if a.opts.replay != "" {
		c, err := a.readCounterexample(a.opts.replay)
		if err != nil {
			return err
		}
		o.Cases, start.Fresh, start.PINPad = c.Cases, c.Fresh, c.PINPad
		if facts = p.Config.Lookup(c.Profile); facts == nil {
			return usagef("--replay: there is no profile %q", clean(c.Profile))
		}
		maps.Copy(o.Inputs.Text, c.Bindings)
		if o.Plan, err = a.lower(p, o.Inputs, facts); err != nil {
			return err
		}
		if err := c.fits(o.Plan); err != nil {
			return err
		}
	}
	if o.Plan == nil {
		pl, _, err := a.proved(p, o.Inputs, cmp.Or(facts, p.Profile))
		if err != nil {
			return err
		}
		o.Plan = pl
	}
	if len(o.Plan.Refusals) == 0 {
		var err error
		if o.Prompter, err = a.dryPrompter(o.Plan.Dialogs); err != nil {
			return err
		}
	}
	o.Symbolic, o.DestroyConfirmed, o.Saved = true, true, false
	o.Module, o.Selectors = model.New(o.Plan.Facts(), start), model.Selectors()
	o.Issuer, o.Journals = dryIssuer{}, &exec.Memory{}
	return a.runPlan(o)
}

// applyFor runs the plan on real tokens.
func (a *app) applyFor(t *target, o exec.Options, facts *profile.Profile) error {
	p := t.program
	mw, selectors, err := a.place(t)
	if err != nil {
		return err
	}
	o.Selectors = selectors
	module, err := a.planning(p, mw, facts, lowers(&o, func(facts *profile.Profile) (*plan.Plan, error) {
		pl, _, err := a.proved(p, o.Inputs, facts)
		return pl, err
	}))
	if err != nil {
		return err
	}
	if module == nil {
		return a.runPlan(o) // which says why
	}
	h := &hook{a, mw, module}
	defer h.close()
	o.Module = module
	if len(mw.Hook.Initialise) > 0 {
		o.Initialiser = h
	}
	// A refused plan may ask less than the description: the reason comes first.
	if len(o.Plan.Refusals) == 0 {
		if o.Prompter, err = a.prompter(o.Plan.Dialogs); err != nil {
			return err
		}
	}
	if o.Issuer, err = a.issuer(p, t.station, o.Plan.Facts()); err != nil {
		return err
	}
	if o.Journals, err = a.journals(mw); err != nil {
		return err
	}
	return a.runPlan(o)
}

// runPlan runs and reports.
func (a *app) runPlan(o exec.Options) error {
	if path := a.opts.reportFile; path != "" {
		// A report that cannot be written is said before a card is touched.
		if err := writable(path); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	a.warn(o.Plan)
	progress, err := a.progress(o.Plan)
	if err != nil {
		return err
	}
	o.Observer = progress
	begin := time.Now()
	result, runErr := exec.Apply(a.ctx, o)
	if err := progress.close(); err != nil && runErr == nil {
		runErr = err
	}
	if a.opts.reportFile != "" {
		if err := a.writeReport(o.Plan, result, progress.ops, begin, runErr); err != nil && runErr == nil {
			runErr = err
		}
	}
	if runErr != nil {
		return runErr
	}
	out := a.stdout
	if a.opts.events == stdinName {
		out = a.stderr // standard output is for the events alone
	}
	a.printResult(out, o.Plan, result)
	return nil
}

// warn says what a reader of the plans should know, each thing once, to those who read
// none. A refused plan has its reasons instead.
func (a *app) warn(plans ...*plan.Plan) {
	said := map[string]bool{}
	for _, pl := range plans {
		for _, w := range pl.Warnings {
			if text := clean(w.String()); len(pl.Refusals) == 0 && !said[text] {
				said[text] = true
				fmt.Fprintf(a.stderr, "inscribe: warning: %s\n", text)
			}
		}
	}
}

// printResult says what is on the tokens now.
func (a *app) printResult(out io.Writer, pl *plan.Plan, r *exec.Result) {
	verb := "Applied"
	if a.opts.dryRun {
		verb = "Dry-run of"
	}
	for _, slot := range slices.Sorted(maps.Keys(r.Tokens)) {
		fmt.Fprintf(out, "%-9s  %s\n", slot, clean(r.Tokens[slot].Name()))
		for _, o := range r.Objects {
			if o.Slot != slot {
				continue
			}
			fmt.Fprintf(out, "           %s  %s  id %s\n", o.Application, clean(o.Label), o.ID)
			if o.Certificate != nil && o.Certificate.Fingerprint != "" {
				fmt.Fprintf(out, "              certificate %s, serial %s, until %s\n", clean(o.Certificate.Subject), o.Certificate.Serial, o.Certificate.NotAfter)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
		fmt.Fprintf(out, "%s=%s\n", clean(name), clean(r.Outputs[name]))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(a.stderr, "note: %s\n", clean(note))
	}
	deleted := ""
	if r.Deleted > 0 {
		deleted = fmt.Sprintf(", %d deleted", r.Deleted)
	}
	switch {
	case a.opts.seed != "":
		fmt.Fprintf(out, "%s %s: %d would be written, %d kept%s, on a model that began as %s; nothing was touched\n", verb, pl.Description.File, r.Ran, r.Kept, deleted, a.seedName())
	case a.opts.dryRun:
		fmt.Fprintf(out, "%s %s: %d writes on a model token; nothing was touched\n", verb, pl.Description.File, r.Ran)
	case r.Ran+r.Deleted == 0 && r.Kept > 0:
		fmt.Fprintf(out, "%s %s: everything was there already, nothing to do\n", verb, pl.Description.File)
	default:
		fmt.Fprintf(out, "%s %s: %d written, %d kept%s\n", verb, pl.Description.File, r.Ran, r.Kept, deleted)
	}
}
