package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/host"
	"inscribe/plan"
)

// planning starts a module and has the plan made: while the module starts by the facts
// that are configured, else by those of the module's maker. What is wrong with the plan
// comes before what is wrong with the module: where the first are known and the plan is
// refused, there is no module.
func (a *app) planning(p *check.Program, mw station.Middleware, facts *profile.Profile, planned func(*profile.Profile) (refused bool, err error)) (*host.Module, error) {
	starting, abandon := a.startingModule(mw)
	if facts != nil {
		if refused, err := planned(facts); err != nil || refused {
			abandon()
			return nil, err
		}
	}
	module, err := starting()
	if err != nil || facts != nil {
		return module, err
	}
	info, err := module.Info(a.ctx)
	if err == nil {
		_, err = planned(profileOfMaker(p, info))
	}
	if err != nil {
		_ = module.Close()
		return nil, err
	}
	return module, nil
}

// lowers is the planning of a run: it puts the plan into its options, where there is
// no saved one.
func lowers(o *exec.Options, lower func(*profile.Profile) (*plan.Plan, error)) func(*profile.Profile) (refused bool, err error) {
	return func(facts *profile.Profile) (bool, error) {
		if o.Plan == nil {
			pl, err := lower(facts)
			if err != nil {
				return false, err
			}
			o.Plan = pl
		}
		return len(o.Plan.Refusals) > 0, nil
	}
}

// middleware says which module stands for the description's library here.
// Nothing in the description itself can make this machine load one.
func (a *app) middleware(p *check.Program, st *station.Station) (station.Middleware, error) {
	// Such a description may name no library, so the reason comes before what lacks
	// on this machine.
	if no := plan.Unrunnable(p); no != nil {
		return station.Middleware{}, refusedf(no[0].WayOut, "line %d: %s", no[0].Line, no[0].Reason)
	}
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
	return a.startModuleUntil(a.ctx, mw, a.stop)
}

// startModuleUntil starts the module, which ends when stop is closed.
func (a *app) startModuleUntil(ctx context.Context, mw station.Middleware, stop <-chan struct{}) (*host.Module, error) {
	unheardGoesOn()
	marks := ""
	if state, err := a.stateDir(); err == nil {
		// Who only looks makes no state folder.
		if _, err := os.Stat(state); err == nil || a.sets && !a.opts.dryRun {
			marks = filepath.Join(state, "modules")
		}
	}
	return host.Start(ctx, host.Options{Module: mw.Module, Marks: marks, InitArgs: mw.Init, Env: mw.Env, Withheld: a.withheld(), AllowSpy: a.opts.allowSpy, CallTimeout: a.opts.callTimeout,
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
		m, err := a.startModuleUntil(a.ctx, mw, stop)
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
