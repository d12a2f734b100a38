package exec

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/plan"
)

// Initialiser initialises a card in place of C_InitToken, with PINs and PUKs that
// PKCS#11 has no call for, and gives the module as it sees the card afterwards. The
// module of before is ended by it, and started anew also after an interrupt. What it did
// with the values before it failed is not known, but for an error that says Unshown.
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
// in the module that was started again, and notes what the tokens are now. What the
// command says is believed when the card shows it.
func (r *run) initByHook(op *plan.Op, slot string, record *Record) error {
	req, err := r.initRequest(op, slot)
	if err != nil {
		return err
	}
	req.Locks = r.journal.Locks()
	initialise := func() (err error) {
		if r.Module, err = r.initialiser().Initialise(r.ctx, req); err != nil {
			return err
		}
		// An interrupt waits for what shows whether the command's values were right.
		defer func(ctx context.Context) { r.ctx = ctx }(r.ctx)
		r.ctx = context.WithoutCancel(r.ctx)
		if err = r.findAgain(op, slot, req.Slot); err == nil {
			err = r.madeAnew(op, slot, req.Slot)
		}
		if e, ok := err.(*Error); ok && e.CKR != CKROK {
			// No answer to the value that the command showed.
			err = &Error{Kind: e.Kind, Message: "the station's command is done, and the card cannot be looked at", Cause: e}
		}
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
	record.Tokens = r.identities()
	for name := range r.chosen {
		if err := r.forgetTries(name, "user", "so", "puk"); err != nil {
			return err
		}
	}
	return nil
}

// madeAnew looks whether the card is the one that was chosen, and initialised: its serial
// number, its label, and that it holds no key, as far as that shows without a login.
func (r *run) madeAnew(op *plan.Op, slot string, before Slot) error {
	now := r.info(slot)
	stays := before.Token.Flags.Has(FlagTokenInitialized) || r.Plan.Facts().Is(profile.SerialStays) == profile.Yes
	if was := before.Token.Serial; stays && was != "" && now.Serial != was {
		return &Error{Kind: Device, Message: fmt.Sprintf("the station's command is done, and the card in the reader is %s, where the one with the serial number %s was chosen", now.Name(), was),
			Advice: "put the chosen card in and run the same command again; if it is this one, and the command gave it another serial number, run the same command again as it is"}
	}
	label, err := r.label(op)
	if err != nil {
		return err
	}
	if label != "" && !showsLabel(now.Label, label) {
		return &Error{Kind: Device, Message: fmt.Sprintf("the station's command is done, and the label of the card is %s and not %s", quote(now.Label), quote(label)),
			Advice: "see that the card was not exchanged, and that the command initialises it with the label of INSCRIBE_LABEL"}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append([]string{slot}, pinSlots(op)...)))) {
		n, err := r.keysShown(name)
		if err != nil {
			return err
		}
		if n > 0 {
			return &Error{Kind: Device, Slot: r.slotName(name), Message: fmt.Sprintf("the station's command is done, and the token holds keys (%d without a login), so it was not initialised", n),
				Advice: "see that the card was not exchanged, and that the command removes all that is on it"}
		}
	}
	return nil
}

// keysShown counts the keys of a token that show without a login.
func (r *run) keysShown(slot string) (int, error) {
	t := r.token(slot)
	if err := t.OpenSession(r.ctx); err != nil {
		return 0, err
	}
	defer func() { _ = t.CloseSession(context.WithoutCancel(r.ctx)) }()
	n := 0
	for _, class := range []uint64{CKOPublicKey, CKOPrivateKey} {
		found, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, class), Bool(CKAToken, true)})
		if err != nil {
			return 0, err
		}
		n += len(found)
	}
	return n, nil
}

// showsLabel reports whether a token that shows one label was given another. A module that
// makes a slot of each PIN of a card puts the name of the PIN behind it, and cuts the
// label off where both have no room.
func showsLabel(shown, given string) bool {
	if shown == given {
		return true
	}
	i := strings.LastIndex(shown, " (")
	if i < 0 || !strings.HasSuffix(shown, ")") {
		return false
	}
	room := plan.MaxLabel - len(shown[i:]) // may end within a character
	return shown[:i] == given || 0 <= room && room <= len(given) && shown[:i] == ValidUTF8(given[:room])
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
// selector of the signature slot names, of this card where cards have both, and for the
// default slot the first of the others in its reader, since a fresh card had no name yet.
func (r *run) findAgain(op *plan.Op, slot string, before Slot) error {
	slots, err := r.Module.Slots(r.ctx)
	if err != nil {
		return err
	}
	signature := r.Selectors[plan.Signature]
	chosen := map[string]Slot{}
	for _, s := range slots {
		name, here := plan.Default, s.Description == before.Description && s.Token.Flags.Has(FlagTokenInitialized)
		if !signature.IsZero() && signature.Matches(s) {
			name = plan.Signature
			// A model has a reader for each slot.
			here = here || r.Symbolic || r.Plan.Facts().Is(profile.SignatureSlot) != profile.Yes
		}
		if _, taken := chosen[name]; here && !taken {
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

// checkHook refuses a plan that needs the station's command where it has none.
func (r *run) checkHook(op *plan.Op, _ string) error {
	if !op.Hook || r.initialiser() != nil {
		return nil
	}
	return &Error{Kind: Refused, Message: "the profile " + r.Plan.Facts().Name + " leaves the initialisation to a command of the station, and this station has none",
		Advice: "set hook.initialise in station.toml"}
}

// checkHookValues looks at the PINs that the station's command is to set.
func (r *run) checkHookValues(op *plan.Op, slot string) error {
	if _, done := r.earlier[op.ID]; !op.Hook || done && !r.finished {
		return nil
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
