package exec

import (
	"context"
	"fmt"
	"os"

	"inscribe/plan"
)

// Initialiser initialises a card in place of C_InitToken, with PINs and PUKs that
// PKCS#11 has no call for, and gives the module as it sees the card afterwards. The
// module of before is ended by it. What it did with the values before it failed is not
// known, but for an error that says Unshown.
type Initialiser interface {
	Initialise(ctx context.Context, r InitRequest) (Module, error)
}

// InitRequest is what a card is to become.
type InitRequest struct {
	Slot  Slot // the reader, and the token as it is
	Label string
	SOPIN Credential
	PINs  []SlotPIN
	// Locks keep others off the card: what initialises it in a process of its own takes
	// them along, so that they hold for as long as it lives.
	Locks []*os.File
}

// SlotPIN is the PIN of a slot with its PUK; a PUK without a value is none.
type SlotPIN struct {
	Slot     string // "default" or "signature"
	PIN, PUK Credential
}

// initByHook lets the station's command initialise the card, finds its slots anew
// in the module that was started again, and notes what the tokens are now.
func (r *run) initByHook(op *plan.Op, slot string, record *Record) error {
	req, err := r.initRequest(op, slot)
	if err != nil {
		return err
	}
	req.Locks = r.journal.Locks()
	initialise := func() error {
		var err error
		r.Module, err = r.initialiser().Initialise(r.ctx, req)
		return err
	}
	// A card that is blank has nothing to hold the SO PIN against.
	if before := req.Slot.Token; before.Flags.Has(FlagTokenInitialized) && req.SOPIN.Secret.IsSet() {
		if err := r.flagsAllow(op, before); err != nil {
			return err
		}
		err = r.show(slot, whoOf(op), req.SOPIN, initialise)
	} else {
		err = initialise()
	}
	if err != nil {
		return err
	}
	if err := r.findAgain(op, slot, req.Slot); err != nil {
		return err
	}
	record.Tokens = r.identities()
	for name := range r.chosen {
		if err := r.forgetTries(name, "user", "so", "puk"); err != nil {
			return err
		}
	}
	return nil
}

// initRequest resolves what the op says that the card is to become.
func (r *run) initRequest(op *plan.Op, slot string) (req InitRequest, err error) {
	req.Slot = r.at(slot).listed
	if req.Label, err = r.label(op); err != nil {
		return req, err
	}
	if req.Label == "" {
		req.Label = req.Slot.Token.Label
	}
	if req.SOPIN, err = r.credential(op.Credential, slot); err != nil {
		return req, err
	}
	for _, p := range op.PINs {
		s := SlotPIN{Slot: p.Slot}
		if s.PIN, err = r.credential(p.PIN, p.Slot); err != nil {
			return req, err
		}
		if p.PUK != nil {
			if s.PUK, err = r.credential(p.PUK, p.Slot); err != nil {
				return req, err
			}
		}
		req.PINs = append(req.PINs, s)
	}
	return req, nil
}

// findAgain chooses the tokens of a card that was made anew: the one that the
// selector of the signature slot names, and for the default slot the first of the
// others in its reader, since a fresh card had no name yet.
func (r *run) findAgain(op *plan.Op, slot string, before Slot) error {
	slots, err := r.Module.Slots(r.ctx)
	if err != nil {
		return err
	}
	signature := r.Selectors[plan.Signature]
	chosen := map[string]Slot{}
	for _, s := range slots {
		name := plan.Default
		if !signature.IsZero() && signature.Matches(s) {
			name = plan.Signature
		} else if s.Description != before.Description || !s.Token.Flags.Has(FlagTokenInitialized) {
			continue
		}
		if _, taken := chosen[name]; !taken {
			chosen[name] = s
		}
	}
	for _, name := range append([]string{slot}, pinSlots(op)...) {
		s, found := chosen[name]
		if !found {
			return &Error{Kind: Device, Message: fmt.Sprintf("the station's command is done, and the card shows no %s slot; there %s", name, listTokens(slots)),
				Advice: "see that the command makes that slot, and that signature.token in station.toml names it"}
		}
		r.choose(name, s)
	}
	return nil
}

func pinSlots(op *plan.Op) []string {
	var out []string
	for _, p := range op.PINs {
		out = append(out, p.Slot)
	}
	return out
}

func (r *run) initialiser() Initialiser {
	if model, ok := r.Module.(Initialiser); ok {
		return model
	}
	return r.Initialiser
}

// checkHook refuses a plan that needs the station's command where it has none, and
// looks at the PINs that it is to set.
func (r *run) checkHook(op *plan.Op, slot string) error {
	if !op.Hook {
		return nil
	}
	if r.initialiser() == nil {
		return &Error{Kind: Refused, Message: "the profile " + r.Plan.Facts().Name + " leaves the initialisation to a command of the station, and this station has none",
			Advice: "set hook.initialise in station.toml"}
	}
	req, err := r.initRequest(op, slot)
	if err != nil {
		return err
	}
	given := []Credential{req.SOPIN}
	for i, p := range req.PINs {
		if err := r.checkValue(p.PIN, &plan.Op{Kind: plan.InitPIN, Validation: op.PINs[i].Validation}, p.Slot); err != nil {
			return err
		}
		if err := r.checkValue(p.PUK, &plan.Op{Kind: plan.SetPUK}, p.Slot); err != nil {
			return err
		}
		given = append(given, p.PIN, p.PUK)
	}
	for _, c := range given {
		if c.PINPad {
			return &Error{Kind: Refused, Message: "the station's command cannot be told a value that the reader's PIN pad asks for", Advice: "give the value as a field or in a dialog"}
		}
	}
	return nil
}

// madeByHook reports whether the token of a slot may be there only after an op of
// the plan.
func (r *run) madeByHook(op *plan.Op, slot string) bool {
	for before := range r.due {
		if before.ID == op.ID {
			return false
		}
		if before.Hook && (slot != r.slot(before)) {
			return true
		}
	}
	return false
}
