package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"inscribe/check"
	"inscribe/check/config"
	"inscribe/plan"
)

func diffFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.format, "format", "text", "text, markdown or json")
	f.StringVar(&o.profile, "profile", "", "kind of token of both sides (wins over station.toml and inscribe.toml)")
	f.StringVar(&o.station, "station", "", "station file")
	f.StringArrayVar(&o.fields, "field", nil, "NAME=VALUE on each side that has the field")
}

// diff compares what two descriptions or saved plans do.
func (a *app) diff(args []string) error {
	if f := a.opts.format; f != "text" && f != "markdown" && f != "json" {
		return usagef("--format is %q; it can be text, markdown or json", f)
	}
	if len(args) != 2 {
		return usagef("give two descriptions or saved plans, the older one first; there are %d", len(args))
	}
	if args[0] == stdinName && args[1] == stdinName {
		return usagef("only one side can be the standard input")
	}
	var sides [2]*side
	for i, arg := range args {
		s, err := a.side(arg)
		if err != nil {
			return err
		}
		sides[i] = s
	}
	var plans [2]*plan.Plan
	if err := a.knownFields(sides[:]); err != nil {
		return err
	}
	for i, s := range sides {
		pl, err := a.planOf(s, sides[1-i].saved)
		if err != nil {
			return fmt.Errorf("%s: %w", s.arg, err)
		}
		plans[i] = pl
	}
	changes := plan.Diff(plans[0], plans[1])
	changes.Old.Name, changes.New.Name = args[0], args[1]
	var err error
	switch a.opts.format {
	case "json":
		_, err = a.stdout.Write(changes.JSON())
	case "markdown":
		err = changes.Markdown(a.stdout)
	default:
		err = changes.Text(a.stdout, plan.TextOptions{Color: a.colored(a.stdout), Width: width(a.stdout)})
	}
	if err == nil && !changes.Empty() {
		return &exitError{code: exitFindings}
	}
	return err
}

// side is one side of a comparison: a saved plan, or a description to be planned.
type side struct {
	arg     string
	saved   *plan.Plan
	program *check.Program
}

// side reads one side. A file of that name wins over a revision; on Windows a
// drive is no revision.
func (a *app) side(arg string) (*side, error) {
	var raw []byte
	var err error
	findConfig := func() (*config.Config, error) { return a.configFor(arg) }
	rev, path, isRev := strings.Cut(arg, ":")
	if _, statErr := os.Stat(arg); isRev && errors.Is(statErr, fs.ErrNotExist) && filepath.VolumeName(arg) == "" {
		r, gitErr := a.revision(rev)
		if gitErr != nil {
			return nil, gitErr
		}
		raw, path, err = r.read(path)
		findConfig = func() (*config.Config, error) { return r.config(path) }
	} else {
		raw, err = a.read(arg)
	}
	if err != nil {
		return nil, err
	}
	if looksSaved(raw) {
		// Who signed a plan matters to a station. Here it is compared only.
		saved, _, err := openPlan(arg, raw, nil)
		if err != nil {
			return nil, err
		}
		return &side{arg: arg, saved: saved}, nil
	}
	file, _, err := parse(arg, raw)
	if err != nil {
		return nil, err
	}
	cfg, err := findConfig()
	if err != nil {
		return nil, err
	}
	p := check.Check(file, cfg)
	if err := a.sound(p); err != nil {
		if codeOf(err) != exitFindings {
			return nil, err
		}
		return nil, &exitError{code: exitFindings, err: fmt.Errorf("%s has errors, so there is no plan of it to compare", arg)}
	}
	return &side{arg: arg, program: p}, nil
}

// has tells whether a field, or a database field in the right-hand side of one,
// belongs to the description of the side.
func (s *side) has(name string) bool {
	return s.program != nil && (s.program.Field(name) != nil ||
		slices.ContainsFunc(s.program.Fields, func(f *check.Field) bool { return slices.Contains(f.Columns(), name) }))
}

// knownFields refuses a --field that no side has.
func (a *app) knownFields(sides []*side) error {
	for _, arg := range a.opts.fields {
		name, _, _ := strings.Cut(arg, "=")
		if !slices.ContainsFunc(sides, func(s *side) bool { return s.has(name) }) {
			return usagef("--field: no description of the two has a field %s", name)
		}
	}
	return nil
}

// planOf plans a side. Beside a saved plan a description is planned as that one
// was, unless the flags say otherwise, so that only what was written shows.
func (a *app) planOf(s *side, other *plan.Plan) (*plan.Plan, error) {
	if s.saved != nil {
		return s.saved, nil
	}
	st, err := a.loadStation()
	if err != nil {
		return nil, err
	}
	with := *a
	with.opts.fields = slices.DeleteFunc(slices.Clone(a.opts.fields), func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return !s.has(name)
	})
	in, err := with.inputs(s.program)
	if err != nil {
		return nil, err
	}
	facts, err := a.profileOf(s.program, st)
	if err != nil {
		return nil, err
	}
	if other != nil {
		for name, value := range other.Bindings {
			if _, given := in.Text[name]; !given && s.has(name) {
				in.Text[name] = value
			}
		}
		if found := s.program.Config.Lookup(other.Profile); found != nil && a.opts.profile == "" {
			facts = found
		}
	}
	pl, _, err := a.proved(s.program, in, facts)
	if err == nil && other != nil {
		pl.Recall(other)
	}
	return pl, err
}
