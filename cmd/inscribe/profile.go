package main

import (
	"cmp"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
)

// Which profile holds is decided here, from what is said to what is guessed: --profile,
// station.toml, inscribe.toml; then, where a module is at hand, its maker; then the name
// of the library in the description, which is all that a check goes by beside
// inscribe.toml.

// configuredProfile is the profile that somebody said: --profile, station.toml,
// inscribe.toml. It is nil where none of them says.
func (a *app) configuredProfile(p *check.Program, st *station.Station) (*profile.Profile, error) {
	if name := a.opts.profile; name != "" {
		if found := p.Config.Lookup(name); found != nil {
			return found, nil
		}
		return nil, usagef("%s", p.Config.NoProfile(name))
	}
	library := libraryOf(p)
	if m, ok := st.For(library); ok && m.Profile != "" {
		return p.Config.Lookup(m.Profile), nil
	}
	if name := p.Config.ProfileFor(library); name != "" {
		return p.Config.Lookup(name), nil
	}
	return nil, nil
}

// profileOf is the profile of a description where there is no module: the configured
// one, else what its library tells.
func (a *app) profileOf(p *check.Program, st *station.Station) (*profile.Profile, error) {
	facts, err := a.configuredProfile(p, st)
	return cmp.Or(facts, p.Profile), err
}

// profileOfRun is the profile by which a run is planned: that of the saved plan, which
// is put into the run's options, else the configured one; nil is that of the module's
// maker.
func (a *app) profileOfRun(t *target, o *exec.Options) (*profile.Profile, error) {
	facts, err := a.configuredProfile(t.program, t.station)
	if t.saved == nil || err != nil {
		return facts, err
	}
	if err := a.takeSaved(t.program, t.saved, o); err != nil {
		return nil, err
	}
	return o.Plan.Facts(), nil
}

// profileOfMaker is the profile of a description on a module where none is configured.
func profileOfMaker(p *check.Program, info exec.ModuleInfo) *profile.Profile {
	return cmp.Or(profile.ForManufacturer(info.Manufacturer), p.Profile)
}

// profileOfModule is the profile of a module's tokens where there is no description:
// by the station, else by the maker, else nothing is known.
func profileOfModule(mw station.Middleware, info exec.ModuleInfo) *profile.Profile {
	return cmp.Or(profile.Lookup(mw.Profile), profile.ForManufacturer(info.Manufacturer), profile.Generic())
}
