package main

import (
	"bytes"
	"crypto"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"inscribe/check"
	"inscribe/cmd/internal/seal"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/prove"
	"inscribe/plan"
)

// savePlan writes the plan to --out, signed where --sign says so. A plan that is
// refused is not saved.
func (a *app) savePlan(pl *plan.Plan) error {
	if a.opts.out == "" {
		if a.opts.sign != "" {
			return usagef("--sign needs --out, the file for the signed plan")
		}
		return nil
	}
	if pl.Description.File == stdinName {
		return usagef("--out: a plan is applied together with its description, so make it from a file")
	}
	if len(pl.Refusals) > 0 {
		return refusedf(pl.Refusals[0].WayOut, "a plan that is refused is not saved")
	}
	data := pl.JSON()
	if a.opts.sign != "" {
		key, err := a.readFile(a.opts.sign)
		if err != nil {
			return fmt.Errorf("--sign: %w", err)
		}
		if data, err = seal.Sign(data, key); err != nil {
			return usagef("--sign: %s: %w", a.opts.sign, err)
		}
	}
	if err := a.writeOutput(a.opts.out, data, 0o644); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	signed := "not signed"
	if a.opts.sign != "" {
		signed = "signed"
	}
	fmt.Fprintf(a.stderr, "inscribe: saved to %s, %s\n", a.opts.out, signed)
	return nil
}

// looksSaved tells a saved plan, which is JSON, from a description.
func looksSaved(raw []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }

// openPlan reads the bytes of a saved plan, signed or not, and what is signed with the
// keys that are said to have done so. Whom of them to trust is for trusts to say, before
// the plan is looked at; nil trusts everybody.
func openPlan(name string, raw []byte, trusts func(e *seal.Envelope, payload []byte) error) (*plan.Plan, *seal.Envelope, error) {
	envelope, payload, sealed, err := seal.Open(raw)
	if err != nil {
		return nil, nil, refusedf("", "%s: %w", name, err)
	}
	signed := &envelope
	if !sealed {
		signed, payload = nil, raw
	}
	if trusts != nil {
		if err := trusts(signed, payload); err != nil {
			return nil, nil, err
		}
	}
	pl, err := plan.Parse(payload)
	if err != nil {
		return nil, nil, refusedf(makeAgain, "%s: %w", name, err)
	}
	return pl, signed, nil
}

// makeAgain is the way out where a saved plan is no good.
const makeAgain = "make the plan again with inscribe plan --out"

// showSaved shows a saved plan as plan shows a new one, and names the keys that
// signed it. Whether one of them is trusted is the station's to say.
func (a *app) showSaved(path string, raw []byte) error {
	pl, envelope, err := openPlan(path, raw, nil)
	if err != nil {
		return err
	}
	if envelope != nil {
		for _, s := range envelope.Signatures {
			fmt.Fprintf(a.stderr, "inscribe: %s says that it is signed by the key %s; a station with [plans] signers verifies it\n", path, clean(s.KeyID))
		}
	}
	return a.writePlan(pl)
}

// openSaved reads FILE as a saved plan; it is nil where FILE is a description. A station
// whose signers are set runs nothing else, and only what one of them signed. A dry-run of
// a description is for its author, except one that tells what apply does here. A plan must
// be what Inscribe wrote, byte for byte.
func (a *app) openSaved(path string, raw []byte, st *station.Station) (*plan.Plan, error) {
	strict := len(st.Plans.Signers) > 0
	if !looksSaved(raw) {
		if strict && (!a.opts.dryRun || a.opts.seed != "") {
			return nil, refusedf("save a plan with inscribe plan --out FILE --sign KEY and apply that", "this station runs signed plans only, and %s is a description", path)
		}
		return nil, nil
	}
	var written []byte
	pl, _, err := openPlan(path, raw, func(e *seal.Envelope, payload []byte) error {
		written = payload
		if !strict {
			return nil
		}
		if e == nil {
			return refusedf("have it signed: inscribe plan --sign KEY --out FILE", "this station runs signed plans only, and %s is not signed", path)
		}
		keys, err := a.trusted(st)
		if err != nil {
			return err
		}
		if _, err = seal.Verify(*e, payload, keys); err != nil {
			return refusedf("have it signed by one of the keys of [plans] signers", "%s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(written, pl.JSON()) {
		return nil, refusedf(makeAgain, "%s: the plan is not byte for byte what Inscribe wrote", path)
	}
	return pl, nil
}

// trusted reads the public keys of the station.
func (a *app) trusted(st *station.Station) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	for _, file := range st.Plans.Signers {
		raw, err := a.readFile(file)
		if err != nil {
			return nil, usagef("%s: [plans] signers: %w", st.Path, err)
		}
		key, err := seal.ParsePublic(raw)
		if err != nil {
			return nil, usagef("%s: [plans] signers: %s %w", st.Path, file, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// descriptionOf is the description that belongs to a saved plan: --description,
// else the file of that name beside the plan.
func (a *app) descriptionOf(planPath string, pl *plan.Plan) string {
	if a.opts.description != "" {
		return a.opts.description
	}
	return filepath.Join(filepath.Dir(planPath), pl.Description.File)
}

// relower makes the plan of the description again, under the bindings and the
// profile of the saved one, and demands the same: so a stale, a hand-edited and a
// foreign plan are one case.
func (a *app) relower(p *check.Program, old *plan.Plan) (*plan.Plan, error) {
	facts := p.Config.Lookup(old.Profile)
	if facts == nil {
		return nil, refusedf("", "the plan was made for the profile %q, which this Inscribe does not have", old.Profile)
	}
	again, err := plan.Lower(p, plan.Options{Profile: facts, Values: old.Bindings, Replace: old.Replace})
	if err != nil {
		return nil, err
	}
	again.Recall(old)
	in := exec.Inputs{Text: old.Bindings, Literals: literals(p)}
	proof, err := prove.Prove(a.ctx, again, in)
	if err != nil {
		return nil, err
	}
	proof.Refuse(again)
	if again.PlanSHA256 == old.PlanSHA256 {
		return again, nil
	}
	return nil, refusedf("look at what changed with inscribe diff, and make the plan again", "the plan does not belong to %s as it is now: %s", p.File.Name, strings.Join(differences(old, again), "; "))
}

// differences says in words what a saved plan and its description disagree on.
func differences(old, now *plan.Plan) []string {
	var out []string
	add := func(differs bool, words string) {
		if differs {
			out = append(out, words)
		}
	}
	add(old.Description.File != now.Description.File, "it was made from "+old.Description.File)
	add(old.Description.SHA256 != now.Description.SHA256, "the description changed")
	add(old.Config != now.Config, "inscribe.toml changed")
	if changes := plan.Diff(old, now); !changes.Empty() {
		var text strings.Builder
		// A strings.Builder takes everything.
		_ = changes.Text(&text, plan.TextOptions{})
		out = append(out, "it does other things:\n"+strings.TrimRight(text.String(), "\n"))
	}
	if out == nil {
		out = []string{"another version of Inscribe made it"}
	}
	return out
}

// cases turns the values of fields that the saved plan left open, and that decide
// slots, into decisions.
func cases(pl *plan.Plan, text map[string]string) (map[string]string, error) {
	decided := map[string]string{}
	for _, f := range pl.Fields {
		value, given := text[f.Name]
		if f.Type != "location" || f.Bound || !given {
			continue
		}
		if check.NearSignature(value) {
			return nil, &plan.BindingError{Field: f.Name, Reason: fmt.Sprintf("%q nearly spells %s, and would silently mean the default slot", value, check.Signature)}
		}
		decided[f.Name] = check.LocationSlot(value).String()
	}
	return decided, nil
}

// counterexampleVersion is that of the form of a counterexample.
const counterexampleVersion = 1

// counterexample is a case in which a plan fails, as a file that anyone can
// replay.
type counterexample struct {
	Version     int               `json:"version"`
	Description plan.Description  `json:"description"`
	Profile     string            `json:"profile"`
	Bindings    map[string]string `json:"bindings,omitempty"`
	Cases       map[string]string `json:"cases"`
	Fresh       bool              `json:"fresh"`
	PINPad      bool              `json:"pinPad"`
	Op          string            `json:"op"`
	Reason      string            `json:"reason"`
}

// saveCounterexample writes the first failure of the proof to --counterexample.
func (a *app) saveCounterexample(pl *plan.Plan, proof *prove.Proof) error {
	if a.opts.counterexample == "" {
		return nil
	}
	if proof == nil || len(proof.Failures) == 0 {
		return usagef("--counterexample: there is none; no case fails in the proof")
	}
	f := proof.Failures[0]
	b, err := json.MarshalIndent(counterexample{counterexampleVersion, pl.Description, pl.Profile, pl.Bindings, f.Decided, f.Fresh, f.PINPad, f.Op, f.Reason}, "", "  ")
	if err != nil {
		return err
	}
	if err := a.writeOutput(a.opts.counterexample, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("--counterexample: %w", err)
	}
	return nil
}

func (a *app) readCounterexample(path string) (*counterexample, error) {
	raw, err := a.readFile(path)
	if err != nil {
		return nil, fmt.Errorf("--replay: %w", err)
	}
	var c counterexample
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil || c.Version != counterexampleVersion {
		return nil, usagef("--replay: %s is no counterexample of Inscribe", path)
	}
	return &c, nil
}

// fits demands that the counterexample is of this description, and that what it
// decides is what the plan left open.
func (c *counterexample) fits(pl *plan.Plan) error {
	for field, slot := range c.Cases {
		known := slices.ContainsFunc(pl.Fields, func(f plan.Field) bool { return f.Name == field && f.Type == "location" })
		if !known || slot != plan.Default && slot != plan.Signature {
			return usagef("--replay: the case %s=%s is none of this description", clean(field), clean(slot))
		}
	}
	if c.Description.SHA256 != pl.Description.SHA256 {
		return refusedf("replay it with the description that it was found in", "the counterexample is of %s with the digest %.12s…, and this description is another", c.Description.File, c.Description.SHA256)
	}
	return nil
}
