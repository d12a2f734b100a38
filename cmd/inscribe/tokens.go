package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/journal"
	"inscribe/exec/pki"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// listingVersion is that of the JSON. It changes when a reader would read it wrong.
const listingVersion = 1

// tokensReport is what tokens prints as JSON.
type tokensReport struct {
	Version int            `json:"version"`
	Modules []moduleTokens `json:"modules"`
	// Unfinished are the runs of the state folder that did not reach their end,
	// Unreadable its journals that cannot be read.
	Unfinished []journal.Unfinished `json:"unfinished"`
	Unreadable []string             `json:"unreadable,omitempty"`
	passed     []string             // Unreadable in words
	noState    bool                 // the folder itself cannot be read
}

// passOver notes what of the state folder cannot be read. The list is made without, but
// says so.
func (r *tokensReport) passOver(err error) {
	what := "a journal cannot be read and is passed over"
	var e *exec.Error
	if errors.As(err, &e) && e.Kind == exec.Local {
		if r.noState {
			return
		}
		r.noState = true
		what = "the state folder cannot be read in full, so unfinished runs and counts of tries may be missing here"
	}
	r.Unreadable = append(r.Unreadable, err.Error())
	r.passed = append(r.passed, what+": "+err.Error())
}

// moduleTokens are the tokens of one module.
type moduleTokens struct {
	Module string          `json:"module"`
	Info   exec.ModuleInfo `json:"info"`
	Slots  []slotToken     `json:"slots"`
	// Readers are the slots where none of them has a token, and Problem says so.
	Readers []string `json:"readers,omitempty"`
	Problem string   `json:"problem,omitempty"`
	help    string
	facts   *profile.Profile
	// uncounted are the errors of the ledger.
	uncounted []error
	// missed is why none of the tokens is the one that was named.
	missed error
}

// slotToken is a token with the objects that were seen.
type slotToken struct {
	exec.Slot
	// Generates are the kinds of keys that the token generates; nil where it does
	// not tell.
	Generates []keyKind    `json:"generates,omitzero"`
	Objects   []*exec.Item `json:"objects"`
	// PrivateSeen says that a login showed the private objects too.
	PrivateSeen bool `json:"privateSeen"`
	// Tries are the values of PINs and PUKs that runs showed it since the last right
	// one, by whose they were: "user", "so", "puk", or "card" where all of a card lock
	// together.
	Tries map[string]int `json:"tries,omitempty"`
	// Problem is why the objects could not be listed.
	Problem string `json:"problem,omitempty"`
}

// keyKind is a mechanism that generates keys, with its limits in bits.
type keyKind struct {
	Mechanism string `json:"mechanism"`
	Min       uint64 `json:"min"`
	Max       uint64 `json:"max"`
}

// keyMechanisms are those that generate keys, by their names.
var keyMechanisms = map[string]exec.MechanismType{"CKM_RSA_PKCS_KEY_PAIR_GEN": exec.CKMRSAKeyPairGen,
	"CKM_EC_KEY_PAIR_GEN": exec.CKMECKeyPairGen, "CKM_EC_EDWARDS_KEY_PAIR_GEN": exec.CKMECEdwardsKeyPairGen}

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
	out := tokensReport{Version: listingVersion, Modules: []moduleTokens{}, Unfinished: []journal.Unfinished{}}
	a.unfinished(&out)
	if len(modules) == 0 {
		a.printUnfinished(out)
		return usagef("name a PKCS#11 module with --module, or in station.toml")
	}
	look, err := a.lookInside(len(modules))
	if err != nil {
		return err
	}
	var errs, missed []error
	for _, mw := range modules {
		m, err := a.listModule(mw, look)
		if a.ctx.Err() != nil {
			return interrupted{}
		}
		if err != nil {
			// One module that does not load must not hide the others.
			errs = append(errs, err)
			continue
		}
		out.Modules = append(out.Modules, m)
		for _, err := range m.uncounted {
			out.passOver(err)
		}
		missed = append(missed, m.missed)
	}
	if !slices.Contains(missed, nil) { // it may be that of one module alone
		errs = append(errs, missed...)
	}
	if a.opts.format == "json" {
		b, err := json.MarshalIndent(out, "", "  ")
		if err == nil {
			_, err = a.stdout.Write(append(b, '\n'))
		}
		if err != nil {
			return err
		}
	} else {
		for _, m := range out.Modules {
			if m.missed == nil {
				a.printTokens(m)
			}
		}
		a.printUnfinished(out)
	}
	if code := a.reportAll(errs); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// inside says whose private objects are to be shown.
type inside struct {
	selector exec.Selector
	pin      *exec.Credential // nil: nobody's
	// mechanisms says to ask for the kinds of keys too.
	mechanisms bool
}

// lookInside reads --token and --pin.
func (a *app) lookInside(modules int) (inside, error) {
	in := inside{mechanisms: a.opts.format == "json"}
	var err error
	if in.selector, err = exec.ParseSelector(a.opts.token); err != nil {
		return in, usagef("--token: %w", err)
	}
	if a.opts.pin == "" {
		return in, nil
	}
	if a.opts.token == "" || modules != 1 {
		return in, usagef("--pin is for one token: name it with --token, and its module with --module where the station has several")
	}
	c, err := a.credential("--pin", a.opts.pin)
	in.pin = &c
	return in, err
}

// credential reads a PIN that a flag gives by one of the forms of a VALUE.
func (a *app) credential(flag, value string) (exec.Credential, error) {
	if literal(value) && !a.opts.allowLiterals {
		return exec.Credential{}, usagef("%s is secret, and every process on this machine can read the arguments; give env:VAR, file:PATH, fd:N or prompt, or say --allow-literal-secrets", flag)
	}
	b, err := a.value(value, flag)
	return exec.Credential{Name: "the value of " + flag, Secret: secret.New(b)}, err
}

// newCredential reads a PIN that a token shall get: who types it types it twice.
func (a *app) newCredential(flag, value string) (exec.Credential, error) {
	if value != prompted {
		return a.credential(flag, value)
	}
	s, err := askNew(a.ctx, "New "+flag, "")
	if err != nil {
		return exec.Credential{}, valueError(flag, err)
	}
	return exec.Credential{Name: "the value of " + flag, Secret: s}, nil
}

func (a *app) listModule(mw station.Middleware, look inside) (moduleTokens, error) {
	out := moduleTokens{Module: mw.Module, Slots: []slotToken{}}
	module, err := a.startModule(mw)
	if err != nil {
		return out, err
	}
	defer module.Close()
	if out.Info, err = module.Info(a.ctx); err != nil {
		return out, err
	}
	slots, err := module.Slots(a.ctx)
	if err != nil {
		return out, err
	}
	if len(slots) == 0 {
		var why *exec.Error
		if err := exec.NoToken(a.ctx, module); !errors.As(err, &why) {
			return out, err
		}
		out.Problem, out.help = why.Message, why.Help()
		if out.Readers, err = module.Readers(a.ctx); err != nil {
			return out, err
		}
	}
	if look.pin != nil {
		one, err := look.selector.Choose(slots, "chosen")
		if err != nil {
			return out, err
		}
		slots = []exec.Slot{one}
	}
	matched := 0
	out.facts = profileOfModule(mw, out.Info)
	for _, s := range slots {
		if !look.selector.IsZero() && !look.selector.Matches(s) {
			continue
		}
		matched++
		seen := slotToken{Slot: s, Objects: []*exec.Item{}}
		if look.mechanisms {
			seen.Generates = a.keyKinds(module.Token(s.ID))
		}
		if s.Token.Flags.Has(exec.FlagTokenInitialized) {
			if err := a.objectsOf(module.Token(s.ID), look.pin, a.visit(mw, out.Info, s), &seen); err != nil {
				if look.pin != nil {
					return out, err
				}
				seen.Problem = err.Error()
			}
		}
		if seen.Tries, err = a.counted(s.Token); err != nil {
			out.uncounted = append(out.uncounted, err)
		}
		out.Slots = append(out.Slots, seen)
	}
	if matched == 0 && !look.selector.IsZero() {
		_, out.missed = look.selector.Choose(slots, "chosen")
	}
	return out, nil
}

// keyKinds are the kinds of keys that a token generates. One that does not say it is
// listed without.
func (a *app) keyKinds(t exec.Token) []keyKind {
	all, err := t.Mechanisms(a.ctx)
	if err != nil {
		return nil
	}
	out := []keyKind{}
	for _, m := range all {
		for name, kind := range keyMechanisms {
			if m.Type == kind {
				out = append(out, keyKind{name, m.Min, m.Max})
			}
		}
	}
	return out
}

// counted reads the ledger of a token, whatever profile its runs had. Without a state
// folder there is none.
func (a *app) counted(t exec.TokenInfo) (map[string]int, error) {
	state, err := a.stateDir()
	if err != nil {
		return nil, nil
	}
	return journal.In(state).Counted(t.Identity(profile.Generic()))
}

// visit says how to log in to a token only to look at it: a wrong PIN counts as
// one of a run does.
func (a *app) visit(mw station.Middleware, info exec.ModuleInfo, s exec.Slot) exec.Visit {
	v := exec.Visit{Profile: profileOfModule(mw, info), Slot: plan.Default, SpendFinalTry: a.opts.spendFinalTry}
	if sign, err := exec.ParseSelector(mw.Signature.Token); err == nil && !sign.IsZero() && sign.Matches(s) {
		v.Slot = plan.Signature
	}
	by := func(of func(*journal.Folder, map[string]exec.Identity) (exec.Ledger, error)) func() (exec.Ledger, error) {
		return func() (exec.Ledger, error) {
			journals, err := a.journals(mw)
			if err != nil {
				return nil, err
			}
			return of(journals, map[string]exec.Identity{v.Slot: s.Token.Identity(v.Profile)})
		}
	}
	v.Hold, v.Ledger = by((*journal.Folder).Hold), by((*journal.Folder).Ledger)
	return v
}

// objectsOf lists the objects of one token. Without a PIN nobody logs in.
func (a *app) objectsOf(t exec.Token, pin *exec.Credential, visit exec.Visit, out *slotToken) error {
	if pin == nil {
		if err := t.OpenSession(a.ctx); err != nil {
			return err
		}
	} else if err := visit.Enter(a.ctx, t, *pin); err != nil {
		return err
	}
	// The session ends with the module, at the latest.
	defer func() { _ = t.CloseSession(a.ctx) }()
	items, err := exec.Inventory(a.ctx, t, pki.Parse)
	if err != nil {
		return err
	}
	out.Objects, out.PrivateSeen = items, pin != nil
	return nil
}

// unfinished reads what the state folder tells of unfinished runs.
func (a *app) unfinished(out *tokensReport) {
	state, err := a.stateDir()
	if err != nil {
		return // there is no state folder, and so no run in it
	}
	f := journal.In(state)
	f.Damaged = out.passOver
	out.Unfinished = append(out.Unfinished, f.Unfinished()...)
}

func (a *app) printTokens(m moduleTokens) {
	fmt.Fprintf(a.stdout, "%s  (%s, %s)\n", m.Module, clean(m.Info.Manufacturer), clean(m.Info.Description))
	switch {
	case m.Problem != "":
		fmt.Fprintf(a.stdout, "  no token: %s\n    help      %s\n", clean(m.Problem), clean(m.help))
	case len(m.Slots) == 0:
		fmt.Fprintln(a.stdout, "  no token")
	}
	for _, s := range m.Slots {
		if s.Unreadable != exec.CKROK {
			fmt.Fprintf(a.stdout, "  a token that cannot be read: %s (%s)\n    slot      %s\n    help      %s\n", s.Unreadable, s.Unreadable.Meaning(), clean(s.Description), s.Unreadable.Advice())
			continue
		}
		fmt.Fprintf(a.stdout, "  %s\n", clean(s.Token.Name()))
		fmt.Fprintf(a.stdout, "    slot      %s\n", clean(s.Description))
		fmt.Fprintf(a.stdout, "    made by   %s %s\n", clean(s.Token.Manufacturer), clean(s.Token.Model))
		fmt.Fprintf(a.stdout, "    PINs      %s\n", strings.Join(append(pinStates(s.Token.Flags, m.facts), triesOf(s.Tries)...), "; "))
		if !s.Token.Flags.Has(exec.FlagTokenInitialized) {
			continue
		}
		fmt.Fprintf(a.stdout, "    space     %s\n", space(s.Token))
		a.printObjects(s, m.facts)
	}
}

// space says how much room is left, as far as the token tells.
func space(t exec.TokenInfo) string {
	words := func(n int64) string {
		if n == exec.Unavailable {
			return "not told"
		}
		return fmt.Sprintf("%d bytes", n)
	}
	if t.FreePublic == exec.Unavailable && t.FreePrivate == exec.Unavailable {
		return "not told"
	}
	return "public " + words(t.FreePublic) + ", private " + words(t.FreePrivate)
}

func (a *app) printObjects(s slotToken, facts *profile.Profile) {
	hint := "; private ones show with --token and --pin"
	if s.PrivateSeen {
		hint = ""
	}
	if s.Problem != "" {
		fmt.Fprintf(a.stdout, "    objects   cannot be listed: %s\n", clean(s.Problem))
		return
	}
	fmt.Fprintf(a.stdout, "    objects   %d%s\n", len(s.Objects), hint)
	for _, o := range s.Objects {
		words := []string{fmt.Sprintf("%-11s", o.Class), fmt.Sprintf("%q", o.Label)}
		if o.ID != "" {
			words = append(words, "id "+o.ID)
		}
		if o.Key != "" {
			words = append(words, o.Key)
		}
		if o.Allows != nil {
			words = append(words, "may "+strings.Join(o.Allows, ", "))
		}
		if o.Class == "private key" && o.Copied(facts) {
			words = append(words, "was or is readable")
		}
		if o.Class == "data object" {
			words = append(words, fmt.Sprintf("%d bytes", o.Bytes))
		}
		fmt.Fprintf(a.stdout, "      %s\n", clean(strings.Join(words, "  ")))
		switch c := o.Certificate; {
		case c != nil:
			fmt.Fprintf(a.stdout, "                   %s, serial %s, from %s until %s, by %s\n", clean(c.Subject), c.Serial, c.NotBefore, c.NotAfter, clean(c.Issuer))
			fmt.Fprintf(a.stdout, "                   SHA-256 %s\n", c.Fingerprint)
		case o.Damage != "":
			fmt.Fprintf(a.stdout, "                   cannot be decoded: %s\n", clean(o.Damage))
		}
	}
}

func (a *app) printUnfinished(r tokensReport) {
	for _, u := range r.Unfinished {
		fmt.Fprintf(a.stdout, "unfinished run of %s, begun %s\n", clean(u.File), u.Began)
		for _, slot := range slices.Sorted(maps.Keys(u.Tokens)) {
			t := u.Tokens[slot]
			fmt.Fprintf(a.stdout, "    token     %s: %s %s, serial %s\n", slot, clean(t.Manufacturer), clean(t.Model), clean(t.Serial))
		}
		where := fmt.Sprintf("%d ops that write are done", u.Done)
		if u.Done == 1 {
			where = "1 op that writes is done"
		}
		if u.Last != "" {
			where += ", the last one begun is " + u.Last
		}
		fmt.Fprintf(a.stdout, "    so far    %s\n", clean(where))
		if u.Message != "" {
			fmt.Fprintf(a.stdout, "    failed    %s\n", clean(u.Message))
		}
		fmt.Fprintf(a.stdout, "    journal   %s\n    go on     %s\n", u.Journal, clean(goOn(u)))
	}
	for _, problem := range r.passed {
		fmt.Fprintln(a.stdout, clean(problem))
	}
}

// goOn says how an unfinished run comes to its end.
func goOn(u journal.Unfinished) string {
	existing, batch := "", ""
	if u.Replaces {
		existing = " and --existing replace"
	}
	if u.Batch != "" {
		batch = fmt.Sprintf("inscribe batch with the same description, data, values and name (%s)%s; or ", u.Batch, existing)
	}
	return batch + "inscribe apply with the same description and values" + existing + "; or give it up with apply --abandon"
}

// pinStates says the flags about PINs in words. On a token that is not
// initialised they mean nothing.
func pinStates(f exec.TokenFlags, facts *profile.Profile) []string {
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
		{exec.FlagUserPINLocked, "user PIN locked, " + unlocker(facts)},
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

// unlocker says what unlocks a user PIN.
func unlocker(facts *profile.Profile) string {
	switch facts.Word(profile.PUKIs) {
	case "so-pin":
		return "the SO PIN unlocks it"
	case "own":
		return "its PUK unlocks it"
	case "none":
		return "and nothing unlocks it"
	}
	return "the PUK or the SO PIN may unlock it"
}

// triesOf says the counts of the ledger in words.
func triesOf(counts map[string]int) []string {
	var out []string
	for _, who := range slices.Sorted(maps.Keys(counts)) {
		what := map[string]string{"user": "user PIN", "so": "SO PIN", "puk": "PUK", "card": "all of the card"}[who]
		out = append(out, fmt.Sprintf("%s: %d wrong ones in a row, as counted here", what, counts[who]))
	}
	return out
}
