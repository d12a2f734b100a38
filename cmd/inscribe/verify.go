package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/pflag"

	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/host"
	"inscribe/exec/journal"
	"inscribe/plan"
)

func verifyFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.format, "format", "text", "text or json")
	f.StringVar(&o.description, "description", "", "the description of a saved plan (default: the file of its name beside the plan)")
	f.BoolVar(&o.labCA, "lab-ca", false, "hold certificates against what the embedded CA gives a token that is no software token")
	f.BoolVar(&o.public, "public", false, "log in nowhere and look at public objects only")
	targetFlags(f, o)
	f.Lookup("existing").Usage = "what is there under the same label: refuse, or add, which takes it for what the description put there"
	stateFlags(f, o)
}

// verificationVersion is that of the JSON.
const verificationVersion = 1

// verification is the result as JSON.
type verification struct {
	Version     int              `json:"version"`
	Description plan.Description `json:"description"`
	OpsSHA256   string           `json:"opsSha256"`
	Profile     string           `json:"profile"`
	*exec.Verification
	Summary verifySummary `json:"summary"`
}

type verifySummary struct {
	OK     int `json:"ok"`
	Drift  int `json:"drift"`
	Unseen int `json:"unseen"`
}

// verify holds tokens against a description, reading only.
func (a *app) verify(args []string) error {
	if f := a.opts.format; f != "text" && f != "json" {
		return usagef("--format is %q; it can be text or json", f)
	}
	if e := a.opts.existing; e != "refuse" && e != "add" {
		return usagef("--existing is %q; it can be refuse or add", e)
	}
	// Only a run asks for a signature, so a description is looked at as it is.
	t, err := a.target(args, looksSaved)
	if err != nil {
		return err
	}
	p := t.program
	o := exec.VerifyOptions{Options: exec.Options{Inputs: t.inputs, SpendFinalTry: a.opts.spendFinalTry, AllowExisting: a.opts.existing == "add", CallLimit: a.opts.callTimeout}, Public: a.opts.public}
	facts, err := a.profileOfRun(t, &o.Options)
	if err != nil {
		return err
	}
	if err := recorded(&o.Options); err != nil {
		return err
	}
	mw, selectors, err := a.place(t)
	if err != nil {
		return err
	}
	o.Selectors = selectors
	module, err := a.planning(p, mw, facts, lowers(&o.Options, func(facts *profile.Profile) (*plan.Plan, error) { return a.lower(p, o.Inputs, facts) }))
	if err != nil {
		return err
	}
	if module == nil {
		_, err := exec.Verify(a.ctx, o)
		return err
	}
	defer module.Close()
	a.warn(o.Plan)
	o.Module = module
	given, err := a.prompter(o.Plan.Dialogs)
	if err != nil {
		return err
	}
	o.Answers = given.answers(o.Plan.Dialogs)
	issuer, err := a.issuer(p, t.station, o.Plan.Facts())
	if err != nil {
		return err
	}
	o.Issuer, o.Matcher = issuer, issuer
	journals, err := a.journals(mw)
	if err != nil {
		return err
	}
	o.History, o.Journals = journals, journals
	v, err := exec.Verify(a.ctx, o)
	if err != nil {
		return err
	}
	return a.printVerification(o.Plan, v)
}

// recorded demands the contents of which a saved plan holds the digests: what it wrote
// is not held against a token without them.
func recorded(o *exec.Options) error {
	if !o.Saved {
		return nil
	}
	for _, f := range o.Plan.Fields {
		if _, given := o.Inputs.Text[f.Name]; !given && f.SHA256 != "" {
			return refusedf("give --field "+f.Name+"=…", "no value for %s, which the plan was made with", f.Name)
		}
	}
	return nil
}

// answers are those given in the arguments, by keyword. Nobody is asked.
func (p *prompter) answers(dialogs []plan.Dialog) map[string]exec.Answer {
	out := map[string]exec.Answer{}
	for _, d := range dialogs {
		if s, ok := p.given[d.Keyword]; ok {
			out[d.Keyword] = exec.Answer{Old: p.given[d.Keyword+".old"], New: s}
		}
	}
	return out
}

// journals are those of the state folder, for runs on a module's tokens. A file in it
// that cannot be read is named, and stops nobody.
func (a *app) journals(mw station.Middleware) (*journal.Folder, error) {
	state, err := a.stateDir()
	if err != nil {
		return nil, err
	}
	f := journal.In(state)
	f.Reach = host.Reach(mw.Env, a.withheld())
	f.Damaged = func(err error) {
		what := "a journal cannot be read and is passed over"
		var e *exec.Error
		if errors.As(err, &e) && e.Kind == exec.Local {
			what = "the state folder cannot be read, so nothing is known of earlier runs"
		}
		fmt.Fprintf(a.stderr, "inscribe: warning: %s: %s\n", what, clean(err.Error()))
	}
	return f, nil
}

func (a *app) printVerification(pl *plan.Plan, v *exec.Verification) error {
	s := verifySummary{v.Count(exec.Fits), v.Count(exec.Drifts), v.Count(exec.Unseen)}
	if a.opts.format == "json" {
		b, err := json.MarshalIndent(verification{verificationVersion, pl.Description, pl.OpsSHA256, pl.Profile, v, s}, "", "  ")
		if err == nil {
			_, err = a.stdout.Write(append(b, '\n'))
		}
		if err != nil {
			return err
		}
	} else {
		a.verificationText(pl, v, s)
	}
	if s.Drift > 0 {
		return &exitError{code: exitFindings}
	}
	return nil
}

func (a *app) verificationText(pl *plan.Plan, v *exec.Verification, s verifySummary) {
	journals := map[string]string{"none": "no run of it as it is now, with its inscribe.toml, is known here on these tokens: the tokens alone tell",
		"finished": "held against the journal of a finished run too", "unfinished": "a run of it is not finished: inscribe apply goes on"}
	fmt.Fprintf(a.stdout, "%s  profile %s; %s\n", clean(pl.Description.File), pl.Profile, journals[v.Journal])
	for _, slot := range slices.Sorted(maps.Keys(v.Tokens)) {
		fmt.Fprintf(a.stdout, "%-9s  %s\n", slot, clean(v.Tokens[slot].Name()))
	}
	words := map[string]string{}
	for i := range pl.Ops {
		words[pl.Ops[i].ID] = pl.Ops[i].Words()
	}
	marks := map[exec.Verdict]string{exec.Fits: "ok", exec.Drifts: "DRIFT", exec.Unseen: "unseen", exec.NoResult: "-"}
	fmt.Fprintln(a.stdout)
	for i, f := range v.Ops {
		fmt.Fprintf(a.stdout, "%3d  %-9s  %1s  %-6s  %s\n", i+1, f.Slot, f.Application, marks[f.State], clean(words[f.ID]))
		for _, lines := range []struct {
			mark string
			list []string
		}{{"differs", f.Differs}, {"not seen", f.NotSeen}, {"note", f.Notes}} {
			for _, text := range lines.list {
				fmt.Fprintf(a.stdout, "%29s: %s\n", lines.mark, clean(text))
			}
		}
	}
	fmt.Fprintf(a.stdout, "\nVerify: %d ok, %d drifted, %d not looked at in full\n", s.OK, s.Drift, s.Unseen)
}
