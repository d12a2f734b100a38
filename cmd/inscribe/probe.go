package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/spf13/pflag"

	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/journal"
	"inscribe/exec/probe"
)

func probeFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.token, "token", "", "the scratch token: a label, a PKCS#11 URI, or fresh")
	f.StringVar(&o.soPIN, "so-pin", "", "the SO PIN of the scratch token, present or to be: env:VAR, file:PATH, fd:N or prompt")
	pinFlags(f, o, "the user PIN of the scratch token, present or to be")
	f.StringVar(&o.signatureToken, "signature-token", "", "a second slot of it, or a second scratch token, which is not initialised")
	f.StringVar(&o.signaturePIN, "signature-pin", "", "the user PIN of that slot, which it has")
	f.StringVar(&o.name, "name", "", "write the profile as a table of inscribe.toml under this name")
	f.StringVar(&o.output, "output", "", "write the profile to FILE instead of standard output")
	f.BoolVar(&o.spendTries, "spend-tries", false, "show wrong PINs until the token locks; some never unlock again")
	f.BoolVar(&o.yes, "yes", false, "initialise the token without asking")
	f.StringVar(&o.init, "init", "", "text for C_Initialize, as NSS wants it (else from station.toml)")
	f.StringVar(&o.station, "station", "", "station file")
	f.DurationVar(&o.callTimeout, "call-timeout", 0, "deadline of one PKCS#11 call, as 30s or 5m (without it: by the kind of call)")
}

var bareKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`) })

// probe learns a profile from a scratch token.
func (a *app) probe(args []string) error {
	module, err := one(args, "PKCS#11 module")
	if err != nil {
		return err
	}
	switch {
	case a.opts.token == "":
		return usagef("name the scratch token with --token; a probe initialises it, and all that it holds is lost")
	case a.opts.soPIN == "" || a.opts.pin == "":
		return usagef("give --so-pin and --pin: those that the scratch token has, or those that it shall get")
	case (a.opts.signatureToken == "") != (a.opts.signaturePIN == ""):
		return usagef("--signature-token and --signature-pin go together")
	case a.opts.name != "" && !bareKey().MatchString(a.opts.name):
		return usagef("--name is %q; it can have small letters, digits and hyphens", clean(a.opts.name))
	case profile.Lookup(a.opts.name) != nil:
		return usagef("--name: there is a built-in profile %q", a.opts.name)
	}
	// A profile that cannot be written is said before a token is touched.
	if a.opts.output != "" {
		if err := writable(a.opts.output); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
	}
	st, err := a.loadStation()
	if err != nil {
		return err
	}
	mw := station.Middleware{Module: module}
	for _, known := range st.Middleware {
		if known.Module == module {
			mw = known
		}
	}
	if a.opts.init != "" {
		mw.Init = a.opts.init
	}
	o := probe.Options{SpendTries: a.opts.spendTries,
		Start: func(context.Context) (exec.Module, error) {
			module, err := a.startModule(mw)
			if err != nil {
				return nil, err
			}
			return module, nil
		},
		Step:    func(what string) { fmt.Fprintf(a.stderr, "probe: %s\n", what) },
		Confirm: a.confirmProbe}
	if o.Selector, err = exec.ParseSelector(a.opts.token); err != nil {
		return usagef("--token: %w", err)
	}
	ask := a.credential
	if a.opts.token == exec.Fresh {
		ask = a.newCredential
	}
	so, err := ask("--so-pin", a.opts.soPIN)
	if err != nil {
		return err
	}
	user, err := ask("--pin", a.opts.pin)
	if err != nil {
		return err
	}
	o.SO, o.User = so.Secret, user.Secret
	if o.User.Len() == 0 {
		return refusedf("give a value", "the value of --pin is empty")
	}
	if a.opts.signatureToken != "" {
		if o.Signature, err = exec.ParseSelector(a.opts.signatureToken); err != nil {
			return usagef("--signature-token: %w", err)
		}
		pin, err := a.credential("--signature-pin", a.opts.signaturePIN)
		if err != nil {
			return err
		}
		o.SignaturePIN = pin.Secret
	}
	held := &held{a: a, mw: mw, already: map[exec.Identity]bool{}}
	defer held.close()
	o.Hold = held.hold
	result, err := probe.Run(a.ctx, o)
	if err != nil {
		if result != nil && len(result.Facts) > 0 {
			fmt.Fprintf(a.stderr, "probe: ended early; what was found until then is not written as a profile\n")
		}
		return err
	}
	for _, note := range result.Notes {
		fmt.Fprintf(a.stderr, "probe: %s\n", clean(note))
	}
	text := result.TOML(a.opts.name, filepath.Base(module))
	if a.opts.output == "" {
		_, err = io.WriteString(a.stdout, text)
		return err
	}
	if err := a.writeOutput(a.opts.output, []byte(text), 0o644); err != nil {
		// What took a whole probe to learn must not be lost.
		_, _ = io.WriteString(a.stdout, text)
		return fmt.Errorf("--output: %w; the profile is on standard output instead", err)
	}
	return nil
}

// held are the tokens of a probe, which no run may work on meanwhile.
type held struct {
	a        *app
	mw       station.Middleware
	facts    *profile.Profile
	journals *journal.Folder
	ledger   exec.Ledger // of the tokens as they were found
	more     []io.Closer
	already  map[exec.Identity]bool
}

// hold takes the tokens, by their own profile.
func (h *held) hold(m exec.ModuleInfo, tokens map[string]exec.TokenInfo) (probe.Held, error) {
	h.facts = profileOfModule(h.mw, m)
	ids := map[string]exec.Identity{}
	for slot, t := range tokens {
		if id := t.Identity(h.facts); !h.already[id] {
			ids[slot], h.already[id] = id, true
		}
	}
	// One folder for all: the token of before is on the same card.
	if h.journals == nil {
		var err error
		if h.journals, err = h.a.journals(h.mw); err != nil {
			return nil, err
		}
	}
	ledger, err := h.journals.Ledger(ids)
	if err != nil {
		return nil, err
	}
	h.more = append(h.more, ledger)
	if h.ledger == nil {
		h.ledger = ledger
	}
	return h, nil
}

// Show counts by the ledger of the tokens as they were found.
func (h *held) Show(slot, who string, c exec.Credential, call func() error) error {
	return exec.Visit{Profile: h.facts, Slot: slot}.Show(h.ledger, who, c, call)
}

// noteOf names a token for its note.
func noteOf(t exec.TokenInfo) exec.Identity {
	return exec.Identity{Manufacturer: t.Manufacturer, Model: t.Model, Serial: t.Serial, Label: t.Label}
}

// Note keeps forms in the state folder.
func (h *held) Note(t exec.TokenInfo, f probe.Forms) error {
	var note []byte
	if len(f) > 0 {
		var err error
		if note, err = json.Marshal(f); err != nil {
			return err
		}
	}
	return h.journals.SetProbeNote(noteOf(t), note)
}

// Noted reads them again.
func (h *held) Noted(t exec.TokenInfo) (probe.Forms, error) {
	note, err := h.journals.ProbeNote(noteOf(t))
	if err != nil || note == nil {
		return nil, err
	}
	var f probe.Forms
	if err := json.Unmarshal(note, &f); err != nil {
		return nil, &exec.Error{Kind: exec.Local, Message: "what an earlier probe of this token noted cannot be read", Cause: err,
			Advice: "make sure that the PINs are those that you give, then remove the file of the token in the folder runs/probes of the state folder"}
	}
	return f, nil
}

func (h *held) close() {
	for _, l := range h.more {
		_ = l.Close() // nothing of a count is kept back
	}
}

// confirmProbe wants a yes before the token is initialised.
func (a *app) confirmProbe(t exec.TokenInfo) error {
	if a.opts.yes || askYes(a.ctx, fmt.Sprintf("A probe initialises %s anew. Go on?", t.Name())) {
		return nil
	}
	if a.ctx.Err() != nil {
		return interrupted{}
	}
	return &exec.Error{Kind: exec.Refused, Message: "a probe initialises " + t.Name() + " anew, and nobody said yes", Advice: "make sure that it is a scratch token, then say --yes"}
}
