package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/ca"
	"inscribe/exec/model"
	"inscribe/exec/pki"
	"inscribe/plan"
)

// plugged is the value of --seed that reads the tokens that are there.
const plugged = "plugged"

// seededRun runs the plan on model tokens that begin as others are, and says what
// apply would do with those. It looks at the tokens as inscribe tokens does without
// a PIN, and at the state folder; it writes to neither.
func (a *app) seededRun(p *check.Program, o exec.Options, st *station.Station, facts *profile.Profile) error {
	if a.opts.replay != "" {
		return usagef("--replay begins as its counterexample says, so it takes no --seed")
	}
	mw, err := a.seedMiddleware(p, st)
	if err != nil {
		return err
	}
	if o.Selectors, err = a.selectors(mw); err != nil {
		return err
	}
	if o.Plan == nil && facts != nil {
		if o.Plan, _, err = a.proved(p, o.Inputs, facts); err != nil {
			return err
		}
	}
	o.Symbolic, o.Seeded = true, true
	if o.Plan != nil && len(o.Plan.Refusals) > 0 {
		return a.runPlan(o) // which says so, before what is wrong with the module
	}
	listed, err := a.listedModule(mw)
	if err != nil {
		return err
	}
	if o.Plan == nil {
		if o.Plan, _, err = a.proved(p, o.Inputs, profileOfMaker(p, listed.Info)); err != nil {
			return err
		}
	}
	if len(o.Plan.Refusals) == 0 {
		if o.Prompter, err = a.dryPrompter(o.Plan.Dialogs); err != nil {
			return err
		}
	}
	issuer, err := a.issuer(p, st, o.Plan.Facts())
	if err != nil {
		return err
	}
	o.Issuer = seededIssuer{checkedIssuer{real: issuer}}
	journals, err := a.journals(mw)
	if err != nil {
		return err
	}
	o.Journals = journals.Dry()
	seeded, err := model.Seeded(o.Plan.Facts(), listed.seeds(o.Selectors))
	if err != nil {
		return a.seedError("%s: %w", a.seedName(), err)
	}
	o.Module = seeded
	if len(mw.Hook.Initialise) == 0 {
		o.Module = withoutHook{seeded}
	}
	a.noteGuesses(listed, o)
	return a.runPlan(o)
}

// withoutHook is a module that cannot initialise for the station.
type withoutHook struct{ exec.Module }

// Readers passes on what the module says of its readers.
func (w withoutHook) Readers(ctx context.Context) ([]string, error) {
	return w.Module.(exec.Readers).Readers(ctx)
}

// seedMiddleware is the module of the run. A listing says itself of which module it
// is, where the station does not know.
func (a *app) seedMiddleware(p *check.Program, st *station.Station) (station.Middleware, error) {
	mw, err := a.middleware(p, st)
	if err != nil && a.opts.seed != plugged {
		return station.Middleware{}, nil
	}
	return mw, err
}

// listedModule gives the tokens of the module: as they are, or as they were listed.
func (a *app) listedModule(mw station.Middleware) (moduleTokens, error) {
	if a.opts.seed == plugged {
		return a.listModule(mw, inside{mechanisms: true})
	}
	raw, err := a.read(a.opts.seed)
	if err != nil {
		return moduleTokens{}, fmt.Errorf("--seed: %w", err)
	}
	report, err := a.readListing(raw)
	if err != nil {
		return moduleTokens{}, err
	}
	var names []string
	for _, m := range report.Modules {
		if m.Module == mw.Module || mw.Module == "" && len(report.Modules) == 1 {
			return m, nil
		}
		names = append(names, m.Module)
	}
	there := "it lists " + strings.Join(names, ", ")
	if names == nil {
		there = "it lists none"
	}
	if mw.Module == "" {
		return moduleTokens{}, refusedf("name one with --module", "nothing says which module of %s is meant; %s", a.seedName(), there)
	}
	return moduleTokens{}, refusedf("name a module that is in it with --module, or list the tokens of this one", "%s has no tokens of the module %s; %s", a.seedName(), mw.Module, there)
}

// readListing reads what tokens wrote as JSON.
func (a *app) readListing(raw []byte) (*tokensReport, error) {
	var head struct {
		Version *int `json:"version"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	err := dec.Decode(&head)
	switch {
	case err != nil:
		return nil, a.seedError("%s: %w", a.placeInListing(raw, dec, err), err)
	case head.Version == nil:
		return nil, a.seedError("%s has no version, so it is no listing of tokens", a.seedName())
	case *head.Version != listingVersion:
		return nil, a.seedError("%s is a listing of version %d, and this program reads version %d", a.seedName(), *head.Version, listingVersion)
	}
	var report tokensReport
	dec = json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&report); err != nil {
		return nil, a.seedError("%s: %w", a.placeInListing(raw, dec, err), err)
	}
	if rest := bytes.TrimSpace(raw[dec.InputOffset():]); len(rest) > 0 {
		return nil, a.seedError("%s:%s: something follows the listing", a.seedName(), placeIn(raw, bytes.LastIndex(raw, rest)))
	}
	return &report, nil
}

// placeInListing says where in the listing the decoder stopped.
func (a *app) placeInListing(raw []byte, dec *json.Decoder, err error) string {
	at, known := offsetOf(err)
	// Of a member that is not known the decoder tells the name alone.
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		at, known = max(0, bytes.Index(raw, []byte(name+":"))), true
	}
	if !known {
		at = int(dec.InputOffset())
	}
	return a.seedName() + ":" + placeIn(raw, at)
}

func (a *app) seedError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf("--seed: "+format, args...),
		help: "make the file with: inscribe tokens --format json >FILE; or say --seed plugged"}
}

// seedName is how messages call what the model begins as.
func (a *app) seedName() string {
	switch a.opts.seed {
	case plugged:
		return "the tokens that are plugged in"
	case stdinName:
		return "the listing on standard input"
	}
	return filepath.Base(a.opts.seed)
}

// seeds are the listed tokens as the model takes them.
func (m *moduleTokens) seeds(selectors map[string]exec.Selector) model.Seeds {
	out := model.Seeds{Info: m.Info, Readers: m.Readers, Selectors: selectors}
	for _, s := range m.Slots {
		seed := model.Seed{Slot: s.Slot, Objects: s.Objects, PrivateSeen: s.PrivateSeen, Problem: s.Problem}
		if s.Generates != nil {
			seed.Offers = []exec.Mechanism{}
		}
		for _, g := range s.Generates {
			if kind, known := keyMechanisms[g.Mechanism]; known {
				seed.Offers = append(seed.Offers, exec.Mechanism{Type: kind, Min: g.Min, Max: g.Max})
			}
		}
		out.Tokens = append(out.Tokens, seed)
	}
	return out
}

// noteGuesses says what a dry-run cannot know: which PIN is right, and what a token
// shows under its login alone.
func (a *app) noteGuesses(listed moduleTokens, o exec.Options) {
	note := func(format string, args ...any) {
		fmt.Fprintf(a.stderr, "note: %s\n", clean(fmt.Sprintf(format, args...)))
	}
	for _, s := range listed.Slots {
		meant := false
		for _, selector := range o.Selectors {
			meant = meant || selector.Matches(s.Slot)
		}
		public := 0
		for _, i := range s.Objects {
			if i != nil && i.Class == "public key" {
				public++
			}
		}
		if meant && !s.PrivateSeen && public > 0 {
			note("nobody logged in to %s, so its private objects were not seen: a private key is taken to be beside each of its %d public ones, and what an earlier run put there", s.Token.Name(), public)
		}
	}
	var open []string
	for _, f := range o.Plan.Fields {
		if f.Secret && !o.Inputs.Secrets[f.Name].IsSet() {
			open = append(open, f.Name)
		}
	}
	if open != nil {
		note("without a value, which apply wants: %s", strings.Join(open, ", "))
	}
}

// dryPrompter answers dialogs with what the arguments give, and leaves the rest
// open. Nobody is asked.
type dryPrompter struct {
	*prompter
	app *app
}

func (a *app) dryPrompter(dialogs []plan.Dialog) (exec.Prompter, error) {
	p, err := a.prompter(dialogs)
	return dryPrompter{p, a}, err
}

// Ask gives the values of the arguments.
func (p dryPrompter) Ask(_ context.Context, q exec.Question) (exec.Answer, error) {
	return exec.Answer{Old: p.given[q.Keyword+".old"], New: p.given[q.Keyword]}, nil
}

// Confirm says what apply would ask.
func (p dryPrompter) Confirm(_ context.Context, question string) bool {
	fmt.Fprintf(p.app.stderr, "note: apply asks, or wants --yes: %s\n", clean(question))
	return true
}

// openCA opens an embedded CA. A dry-run makes none.
func (a *app) openCA(dir string) (ca.CA, error) {
	if a.opts.dryRun && !ca.Made(dir) {
		return unmadeCA{}, nil
	}
	return ca.Open(dir)
}

// unmadeCA stands for the embedded CA that apply would make.
type unmadeCA struct{}

// Name says what it is.
func (unmadeCA) Name() string { return "the embedded CA that apply makes" }

// Check finds nothing in the way.
func (unmadeCA) Check(ctx context.Context) error { return ctx.Err() }

// Enroll is asked of no CA in a dry-run.
func (unmadeCA) Enroll(context.Context, pki.Template, exec.CertificateRequest, []byte) ([]byte, error) {
	return nil, errors.New("a dry-run issues nothing")
}
