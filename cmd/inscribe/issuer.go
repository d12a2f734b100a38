package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	"inscribe/check"
	"inscribe/check/config"
	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/ca"
	"inscribe/exec/pki"
)

// stateDir is the folder of journals and the embedded CA.
func (a *app) stateDir() (string, error) {
	switch home := a.getenv("HOME"); {
	case a.opts.state != "":
		return a.opts.state, nil
	case filepath.IsAbs(a.getenv("XDG_STATE_HOME")): // a relative one counts as none (XDG Base Directory Specification)
		return filepath.Join(a.getenv("XDG_STATE_HOME"), "inscribe"), nil
	case runtime.GOOS == "windows" && filepath.IsAbs(a.getenv("LOCALAPPDATA")):
		return filepath.Join(a.getenv("LOCALAPPDATA"), "Inscribe"), nil
	case filepath.IsAbs(home):
		return filepath.Join(home, ".local", "state", "inscribe"), nil
	}
	return "", usagef("there is no HOME to keep journals in; give a folder with --state")
}

// issuer makes the issuer from the templates of the project and the CAs of the
// station. Without a CA the embedded one serves software tokens; a real card
// would be spoilt by a lab certificate. The default template is for a project without
// any: where there are some, another name is a slip.
func (a *app) issuer(p *check.Program, st *station.Station, facts *profile.Profile) (*ca.Issuers, error) {
	o := ca.Options{Templates: map[string]pki.Template{}}
	named := map[string]string{}
	for name, c := range p.Config.Certificates {
		named[name] = c.CA
		o.Templates[name] = template(p, name, c)
	}
	lab := a.opts.labCA || facts.Is(profile.Software) == profile.Yes
	if lab && len(o.Templates) == 0 {
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

// template is one of the project's. Its patterns name fields as the description does,
// which is exactly, or else the only one that differs in case.
func template(p *check.Program, name string, c config.Certificate) pki.Template {
	names := map[string]string{}
	for _, n := range c.Fields() {
		if f := p.TemplateField(n); f != nil && f.Name != n {
			names[n] = f.Name
		}
	}
	list := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	return pki.Template{Name: name, Subject: c.Subject, SAN: pki.SAN{EMail: list(c.EMail), DNS: list(c.DNS), UPN: list(c.UPN)},
		KeyUsage: c.KeyUsage, EKU: c.EKU, Days: c.ValidityDays, Policies: c.Policies, Names: names}
}
