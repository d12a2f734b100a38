package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"inscribe/check"
	"inscribe/check/config"
	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/ca"
	"inscribe/exec/host"
	"inscribe/exec/model"
	"inscribe/exec/pki"
	"inscribe/plan"
)

func (a *app) apply(args []string) error {
	if err := a.checkExisting(); err != nil {
		return err
	}
	a.sets = true
	t, err := a.target(args, func([]byte) bool { return true })
	if err != nil {
		return err
	}
	p, sp, st := t.program, t.saved, t.station
	o := exec.Options{Inputs: t.inputs, SpendFinalTry: a.opts.spendFinalTry, Abandon: a.opts.abandon, AllowExisting: a.opts.existing != "refuse", DestroyConfirmed: a.opts.yes, CallLimit: a.opts.callTimeout}
	if sp != nil {
		if err := a.takeSaved(p, sp, &o); err != nil {
			return err
		}
	}
	facts, err := a.profileFor(p, st)
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
		c, err := readCounterexample(a.opts.replay)
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
		if facts == nil {
			facts = p.Profile
		}
		pl, _, err := a.proved(p, o.Inputs, facts)
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
	o.Issuer, o.Journals = model.Issuer{}, &exec.Memory{}
	return a.runPlan(o)
}

// applyFor runs the plan on real tokens.
func (a *app) applyFor(t *target, o exec.Options, facts *profile.Profile) error {
	p, st := t.program, t.station
	mw, selectors, err := a.place(t)
	if err != nil {
		return err
	}
	o.Selectors = selectors
	starting, abandon := a.startingModule(mw)
	if o.Plan == nil && facts != nil {
		if o.Plan, _, err = a.proved(p, o.Inputs, facts); err != nil {
			abandon()
			return err
		}
	}
	if o.Plan != nil && len(o.Plan.Refusals) > 0 {
		// What is wrong with the plan comes before what is wrong with the module.
		abandon()
		return a.runPlan(o)
	}
	module, err := starting()
	if err != nil {
		return err
	}
	h := &hook{a, mw, module}
	defer h.close()
	o.Module = module
	if len(mw.Hook.Initialise) > 0 {
		o.Initialiser = h
	}
	if o.Plan == nil {
		if facts, err = a.factsOf(p, module); err != nil {
			return err
		}
		if o.Plan, _, err = a.proved(p, o.Inputs, facts); err != nil {
			return err
		}
	}
	// A refused plan may ask less than the description: the reason comes first.
	if len(o.Plan.Refusals) == 0 {
		if o.Prompter, err = a.prompter(o.Plan.Dialogs); err != nil {
			return err
		}
	}
	if o.Issuer, err = a.issuer(p.Config, st, o.Plan.Facts()); err != nil {
		return err
	}
	if o.Journals, err = a.journals(); err != nil {
		return err
	}
	return a.runPlan(o)
}

// factsOf are those of the module's maker, where none are configured.
func (a *app) factsOf(p *check.Program, module exec.Module) (*profile.Profile, error) {
	info, err := module.Info(a.ctx)
	if err != nil {
		return nil, err
	}
	return makersFacts(p, info), nil
}

// makersFacts are those of a module's maker, else those of the description.
func makersFacts(p *check.Program, info exec.ModuleInfo) *profile.Profile {
	return cmp.Or(profile.ForManufacturer(info.Manufacturer), p.Profile)
}

// runPlan runs and reports.
func (a *app) runPlan(o exec.Options) error {
	if path := a.opts.reportFile; path != "" {
		// A report that cannot be written is said before a card is touched.
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		if err := f.Close(); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
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
	if a.opts.events != stdinName {
		a.printResult(o.Plan, result)
	}
	return nil
}

// printResult says what is on the tokens now.
func (a *app) printResult(pl *plan.Plan, r *exec.Result) {
	verb := "Applied"
	if a.opts.dryRun {
		verb = "Dry-run of"
	}
	for _, slot := range slices.Sorted(maps.Keys(r.Tokens)) {
		fmt.Fprintf(a.stdout, "%-9s  %s\n", slot, clean(r.Tokens[slot].Name()))
		for _, o := range r.Objects {
			if o.Slot != slot {
				continue
			}
			fmt.Fprintf(a.stdout, "           %s  %s  id %s\n", o.Application, clean(o.Label), o.ID)
			if o.Certificate != nil && o.Certificate.Fingerprint != "" {
				fmt.Fprintf(a.stdout, "              certificate %s, serial %s, until %s\n", clean(o.Certificate.Subject), o.Certificate.Serial, o.Certificate.NotAfter)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
		fmt.Fprintf(a.stdout, "%s=%s\n", clean(name), clean(r.Outputs[name]))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(a.stderr, "note: %s\n", clean(note))
	}
	switch {
	case a.opts.seed != "":
		fmt.Fprintf(a.stdout, "%s %s: %d would be written, %d kept, on a model that began as %s; nothing was touched\n", verb, pl.Description.File, r.Ran, r.Kept, a.seedName())
	case a.opts.dryRun:
		fmt.Fprintf(a.stdout, "%s %s: %d writes on a model token; nothing was touched\n", verb, pl.Description.File, r.Ran)
	case r.Ran == 0 && r.Kept > 0:
		fmt.Fprintf(a.stdout, "%s %s: everything was there already, nothing to do\n", verb, pl.Description.File)
	default:
		fmt.Fprintf(a.stdout, "%s %s: %d written, %d kept\n", verb, pl.Description.File, r.Ran, r.Kept)
	}
}

// middleware says which module stands for the description's library here.
// Nothing in the description itself can make this machine load one.
func (a *app) middleware(p *check.Program, st *station.Station) (station.Middleware, error) {
	mw, known := st.For(libraryOf(p))
	if a.opts.module != "" {
		mw.Module = a.opts.module
		return mw, nil
	}
	if !known {
		return mw, refusedf("name the module with --module, or put [middleware.\""+clean(libraryOf(p))+"\"] into station.toml",
			"nothing on this machine says which PKCS#11 module stands for %q", libraryOf(p))
	}
	return mw, nil
}

func (a *app) selectors(mw station.Middleware) (map[string]exec.Selector, error) {
	out := map[string]exec.Selector{}
	for slot, texts := range map[string][2]string{plan.Default: {a.opts.token, mw.Default.Token}, plan.Signature: {a.opts.signatureToken, mw.Signature.Token}} {
		text := texts[0]
		if text == "" {
			text = texts[1]
		}
		s, err := exec.ParseSelector(text)
		if err != nil {
			return nil, usagef("%s slot: %w", slot, err)
		}
		out[slot] = s
	}
	return out, nil
}

// startModule starts the module.
func (a *app) startModule(mw station.Middleware) (*host.Module, error) {
	return a.startModuleUntil(mw, a.stop)
}

// startModuleUntil starts the module, which ends when stop is closed.
func (a *app) startModuleUntil(mw station.Middleware, stop <-chan struct{}) (*host.Module, error) {
	return host.Start(a.ctx, host.Options{Module: mw.Module, InitArgs: mw.Init, Env: mw.Env, Withheld: a.withheld(), AllowSpy: a.opts.allowSpy, CallTimeout: a.opts.callTimeout,
		Stop: stop, Waiting: func(call string, left time.Duration) { a.waiting(call, "the module", left) }})
}

// withheld are the variables that hold values of this run.
func (a *app) withheld() []string {
	names := slices.Clone(a.variables)
	for _, arg := range a.opts.answers {
		if _, value, _ := strings.Cut(arg, "="); strings.HasPrefix(value, "env:") {
			names = append(names, strings.TrimPrefix(value, "env:"))
		}
	}
	return names
}

// startingModule starts the module while the caller goes on with what needs no
// token: a process and a vendor's library take longer to start than a plan to be
// proved. The caller waits for it, or abandons it: then it is ended at once, however
// long its start would take.
func (a *app) startingModule(mw station.Middleware) (wait func() (*host.Module, error), abandon func()) {
	type started struct {
		module *host.Module
		err    error
	}
	done, abandoned, stop := make(chan started, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stop)
		select {
		case <-a.stop:
		case <-abandoned:
		}
	}()
	go func() {
		m, err := a.startModuleUntil(mw, stop)
		done <- started{m, err}
	}()
	wait = func() (*host.Module, error) {
		s := <-done
		return s.module, s.err
	}
	abandon = func() {
		var s started
		select {
		case s = <-done:
		default:
			close(abandoned)
			s = <-done
		}
		if s.err == nil {
			_ = s.module.Close()
		}
	}
	return wait, abandon
}

// stateDir is the folder of journals and the embedded CA.
func (a *app) stateDir() (string, error) {
	switch home := a.getenv("HOME"); {
	case a.opts.state != "":
		return a.opts.state, nil
	case a.getenv("XDG_STATE_HOME") != "":
		return filepath.Join(a.getenv("XDG_STATE_HOME"), "inscribe"), nil
	case runtime.GOOS == "windows" && a.getenv("LOCALAPPDATA") != "":
		return filepath.Join(a.getenv("LOCALAPPDATA"), "Inscribe"), nil
	case home != "":
		return filepath.Join(home, ".local", "state", "inscribe"), nil
	}
	return "", usagef("there is no HOME to keep journals in; give a folder with --state")
}

// issuer makes the issuer from the templates of the project and the CAs of the
// station. Without a CA the embedded one serves software tokens; a real card
// would be spoilt by a lab certificate.
func (a *app) issuer(cfg *config.Config, st *station.Station, facts *profile.Profile) (*ca.Issuers, error) {
	o := ca.Options{Templates: map[string]pki.Template{}}
	named := map[string]string{}
	for name, c := range cfg.Certificates {
		named[name] = c.CA
		o.Templates[name] = template(name, c)
	}
	lab := a.opts.labCA || facts.Is(profile.Software) == profile.Yes
	if lab {
		t := ca.DefaultTemplate()
		o.Default = &t
	}
	o.CAFor = once(func(template string) (ca.CA, error) {
		name := named[template]
		switch entry, known := st.CA[name]; {
		case known:
			return a.openCA(entry.Dir)
		case name != "":
			return nil, &exec.Error{Kind: exec.Refused, Message: fmt.Sprintf("template %s is issued by the CA %q, which this station does not know", template, name),
				Advice: "add [ca." + name + "] to station.toml"}
		case !lab:
			return nil, &exec.Error{Kind: exec.Refused, Message: fmt.Sprintf("no CA is configured for template %s, and the embedded one issues lab certificates, which would spoil a real card", template),
				Advice: "configure a CA, or say --lab-ca if it is a test card"}
		}
		dir, err := a.stateDir()
		if err != nil {
			return nil, err
		}
		return a.openCA(filepath.Join(dir, "ca"))
	})
	return ca.New(o), nil
}

// once opens the CA of a template one time, and keeps it.
func once(open func(template string) (ca.CA, error)) func(string) (ca.CA, error) {
	var turn sync.Mutex
	opened := map[string]ca.CA{}
	return func(template string) (ca.CA, error) {
		turn.Lock()
		defer turn.Unlock()
		if c, again := opened[template]; again {
			return c, nil
		}
		c, err := open(template)
		if err == nil {
			opened[template] = c
		}
		return c, err
	}
}

func template(name string, c config.Certificate) pki.Template {
	list := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	return pki.Template{Name: name, Subject: c.Subject, SAN: pki.SAN{EMail: list(c.EMail), DNS: list(c.DNS), UPN: list(c.UPN)},
		KeyUsage: c.KeyUsage, EKU: c.EKU, Validity: time.Duration(c.ValidityDays) * 24 * time.Hour, Policies: c.Policies}
}
