package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/cmd/internal/station"
	"inscribe/exec"
)

// moduleTokens are the tokens of one module.
type moduleTokens struct {
	Module string          `json:"module"`
	Info   exec.ModuleInfo `json:"info"`
	Slots  []exec.Slot     `json:"slots"`
}

func (a *app) tokens(args []string) error {
	if f := a.opts.format; f != "text" && f != "json" {
		return usagef("--format is %q; it can be text or json", f)
	}
	if len(args) > 0 {
		return usagef("tokens takes no argument; name a module with --module")
	}
	st, err := a.loadStation()
	if err != nil {
		return err
	}
	var modules []station.Middleware
	if a.opts.module != "" {
		modules = []station.Middleware{{Module: a.opts.module}}
	} else {
		for _, name := range slices.Sorted(maps.Keys(st.Middleware)) {
			modules = append(modules, st.Middleware[name])
		}
	}
	if len(modules) == 0 {
		return usagef("name a PKCS#11 module with --module, or in station.toml")
	}
	list := []moduleTokens{}
	for _, mw := range modules {
		m, err := a.listModule(mw)
		if err != nil {
			return err
		}
		list = append(list, m)
	}
	if a.opts.format == "json" {
		b, err := json.MarshalIndent(map[string]any{"version": 1, "modules": list}, "", "  ")
		if err == nil {
			_, err = a.stdout.Write(append(b, '\n'))
		}
		return err
	}
	for _, m := range list {
		a.printTokens(m)
	}
	return nil
}

func (a *app) listModule(mw station.Middleware) (moduleTokens, error) {
	out := moduleTokens{Module: mw.Module, Slots: []exec.Slot{}}
	module, err := a.startModule(mw)
	if err != nil {
		return out, err
	}
	defer module.Close()
	if out.Info, err = module.Info(a.ctx); err != nil {
		return out, err
	}
	slots, err := module.Slots(a.ctx)
	out.Slots = append(out.Slots, slots...)
	return out, err
}

func (a *app) printTokens(m moduleTokens) {
	fmt.Fprintf(a.stdout, "%s  (%s, %s)\n", m.Module, clean(m.Info.Manufacturer), clean(m.Info.Description))
	if len(m.Slots) == 0 {
		fmt.Fprintln(a.stdout, "  no token")
	}
	for _, s := range m.Slots {
		fmt.Fprintf(a.stdout, "  %s\n", clean(s.Token.Name()))
		fmt.Fprintf(a.stdout, "    slot      %s\n", clean(s.Description))
		fmt.Fprintf(a.stdout, "    made by   %s %s\n", clean(s.Token.Manufacturer), clean(s.Token.Model))
		fmt.Fprintf(a.stdout, "    PINs      %s\n", strings.Join(pinStates(s.Token.Flags), "; "))
	}
}

// pinStates says the flags about PINs in words. On a token that is not
// initialised they mean nothing.
func pinStates(f exec.TokenFlags) []string {
	if !f.Has(exec.FlagTokenInitialized) {
		return []string{"not initialised: choose it with --token fresh"}
	}
	var out []string
	if f.Has(exec.FlagUserPINInit) {
		out = append(out, "user PIN set")
	} else {
		out = append(out, "no user PIN yet")
	}
	for _, s := range []struct {
		flag  exec.TokenFlags
		words string
	}{
		{exec.FlagUserPINCountLow, "a wrong user PIN was tried"},
		{exec.FlagUserPINFinalTry, "user PIN at its final try"},
		{exec.FlagUserPINLocked, "user PIN locked, the PUK unlocks it"},
		{exec.FlagUserPINToChange, "user PIN must be changed"},
		{exec.FlagSOPINCountLow, "a wrong SO PIN was tried"},
		{exec.FlagSOPINFinalTry, "SO PIN at its final try"},
		{exec.FlagSOPINLocked, "SO PIN locked"},
		{exec.FlagSOPINToChange, "SO PIN must be changed"},
		{exec.FlagProtectedAuthPath, "PIN pad"},
		{exec.FlagWriteProtected, "write-protected"},
	} {
		if f.Has(s.flag) {
			out = append(out, s.words)
		}
	}
	return out
}
