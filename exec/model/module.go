package model

import (
	"context"
	"maps"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// Module is a model module with one token for each slot of a plan; it implements
// exec.Module.
type Module struct {
	// Calls are the calls that change something, in order, each with its slot.
	Calls []string

	facts  *profile.Profile
	tokens []*token
	info   exec.ModuleInfo
	// readers and selectors are those of a seeded module.
	readers   []string
	selectors map[string]exec.Selector
}

// Start says how a token is before the run.
type Start struct {
	// Fresh is a token of the default slot that was never initialised.
	Fresh bool
	// NoPIN is an initialised token without a user PIN.
	NoPIN bool
	// PINPad is a reader with a PIN pad, where the profile does not say.
	PINPad bool
	// User, SO and PUK are the present PIN, SO PIN and PUK of both tokens, the PUK
	// where it is one of the card's own. Where one is not set it is learnt from the
	// first value that is shown as the present one.
	User, SO, PUK secret.Secret
}

// New makes a module with a "default" and a "signature" slot.
func New(facts *profile.Profile, start Start) *Module {
	m := &Module{facts: facts, info: exec.ModuleInfo{Manufacturer: "Inscribe", Description: "model of " + facts.Name, Cryptoki: "2.40"}}
	for i, slot := range plan.Slots {
		t := &token{module: m, role: slot, pinPad: start.PINPad, always: usual, objects: map[exec.Object]*object{}}
		// InitToken reaches the default slot's token alone, so no run could do
		// anything with a fresh token in the signature slot.
		fresh := start.Fresh && slot == plan.Default
		t.so.set = !fresh
		t.user.set = !fresh && !start.NoPIN
		t.so.learn(start.SO)
		t.user.learn(start.User)
		t.puk.set = !fresh
		t.puk.learn(start.PUK)
		t.slot = exec.Slot{ID: exec.SlotID(i), Description: slot, Token: exec.TokenInfo{
			Label: slot, Manufacturer: "Inscribe", Model: "model of " + facts.Name, Serial: "model-" + slot,
			FreePublic: exec.Unavailable, FreePrivate: exec.Unavailable,
		}}
		m.tokens = append(m.tokens, t)
	}
	return m
}

// Fork gives an equal module, but for Calls.
func (m *Module) Fork() exec.Model {
	f := &Module{facts: m.facts, info: m.info, readers: m.readers, selectors: m.selectors}
	for _, t := range m.tokens {
		copied := *t
		copied.module, copied.objects = f, maps.Clone(t.objects)
		f.tokens = append(f.tokens, &copied)
	}
	return f
}

// Initialise stands for the station's command: a card with the PINs and PUKs that
// were asked for, and nothing else on it.
func (m *Module) Initialise(ctx context.Context, req exec.InitRequest) (exec.Module, error) {
	for _, t := range m.initialised(req) {
		t.call(ctx, "initialise by hook", "")
		t.so.become(req.SOPIN)
		t.user, t.puk, t.objects, t.blind = pin{}, pin{}, map[exec.Object]*object{}, false
		t.slot.Token.Label, t.slot.Unrecognised = req.Label, false
		m.selectors[t.role].Fit(&t.slot)
		for _, p := range req.PINs {
			if p.Slot == t.role {
				t.user.become(p.PIN)
				t.puk.become(p.PUK)
			}
		}
	}
	return m, ctx.Err()
}

// State writes down all that the calls on the tokens depend on.
func (m *Module) State(forgotten func(id []byte) bool) string {
	var s strings.Builder
	for _, t := range m.tokens {
		t.state(&s, forgotten)
	}
	return s.String()
}

// Selectors choose the tokens of the model.
func Selectors() map[string]exec.Selector {
	out := map[string]exec.Selector{}
	for _, slot := range plan.Slots {
		s, err := exec.ParseSelector("pkcs11:slot-description=" + slot)
		if err != nil {
			panic(err)
		}
		out[slot] = s
	}
	return out
}

// Info names the model.
func (m *Module) Info(ctx context.Context) (exec.ModuleInfo, error) {
	return m.info, ctx.Err()
}

// Slots lists the slots.
func (m *Module) Slots(ctx context.Context) ([]exec.Slot, error) {
	var slots []exec.Slot
	for _, t := range m.tokens {
		s := t.slot
		s.Token.Flags = t.flags()
		slots = append(slots, s)
	}
	return slots, ctx.Err()
}

// Token gives the token of a slot.
func (m *Module) Token(id exec.SlotID) exec.Token { return m.tokens[id] }

// Close does nothing.
func (m *Module) Close() error { return nil }
