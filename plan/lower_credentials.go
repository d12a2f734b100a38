package plan

import (
	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// credentials lowers InitToken and SetPIN for one slot: initialise; then under
// the SO's login the new PIN before the new PUK; then one login for each value
// just set, which proves it.
func (l *lowering) credentials(c check.Credentials) {
	if !c.Changes() {
		return
	}
	slot := c.Slot.String()
	source := func(s *check.Setting) Source { return l.source(l.program.Description, s) }
	if c.Key != nil {
		l.refuse(c.Key, "plain PKCS#11 has no call that takes a card manager key", "give the PUK with InitialPUK, or use the vendor's tool")
		return
	}
	facts := l.options.Profile
	own := facts.Word(profile.PUKIs) == "own"
	if by := c.InitialPUK; by != nil && !l.byHook() && facts.Word(profile.PUKIs) == "none" {
		wayOut := "change the PIN by the old one with !FROM_USER_DIALOG_3_FIELD"
		if c.Init != nil {
			wayOut = "make the token and its first PIN with the vendor's tool, or let the station's hook do it: a profile with init-by-hook"
		}
		l.refuse(by, "tokens of the profile "+facts.Name+" have no PUK", wayOut)
		return
	}
	if c.PUK != nil && own && !l.byHook() {
		l.refuse(c.PUK, "PKCS#11 has no call that changes the PUK of a card of the profile "+facts.Name, "leave "+c.PUK.Keyword.Name+" out, or use the vendor's tool")
		return
	}
	if l.byHook() {
		l.initByHook(c)
		return
	}
	if c.Init != nil && facts.Is(profile.InitToken) == profile.No {
		l.refuse(c.Init, "tokens of the profile "+facts.Name+" cannot be initialised over PKCS#11", "initialise the card with the vendor's tool, or let the station's hook do it: a profile with init-by-hook")
		return
	}
	l.openSlot(slot)
	if c.Init != nil {
		l.warnOfFactory(c)
		l.emit(l.initOp(c, source(c.Init)))
	}
	if c.Set == nil {
		return
	}
	validation := ""
	if c.Validation != nil {
		validation = c.Validation.Value.Text
	}
	newPIN := c.Action == check.FirstPIN || c.Action == check.Unblock
	if newPIN && own && c.Init == nil {
		l.emit(Op{Kind: Unblock, Slot: slot, Old: l.ref(c.InitialPUK, "old"), New: l.ref(c.PIN, "new"), Validation: validation,
			Requires: []string{"token"}, Changes: []string{"=pin"}, Source: source(c.PIN)})
	} else if newPIN || c.PUK != nil {
		l.exclude(slot, nil)
		l.emit(Op{Kind: Login, Slot: slot, As: "so", Credential: l.ref(c.InitialPUK, "old"), Requires: []string{"token"}, Changes: []string{"+so"}, Source: source(c.InitialPUK)})
		if newPIN {
			kind, changes := InitPIN, []string{"+pin"}
			if c.Action == check.Unblock {
				kind, changes = Unblock, []string{"=pin"}
			}
			l.emit(Op{Kind: kind, Slot: slot, New: l.ref(c.PIN, "new"), Validation: validation, Requires: []string{"so"}, Changes: changes, Source: source(c.PIN)})
		}
		if c.PUK != nil {
			l.emit(Op{Kind: SetPUK, Slot: slot, Old: l.ref(c.InitialPUK, "old"), New: l.ref(c.PUK, "new"), Requires: []string{"so"}, Changes: []string{"=puk"}, Source: source(c.PUK)})
		}
		l.logout(slot, source(c.InitialPUK))
		if c.PUK != nil {
			l.emit(Op{Kind: Login, Slot: slot, As: "so", Credential: l.ref(c.PUK, "new"), Proves: true, Requires: []string{"token"}, Changes: []string{"+so"}, Source: source(c.PUK)})
			l.logout(slot, source(c.PUK))
		}
	}
	// With nobody logged in, a card with a PUK of its own may take the old value for
	// that one.
	if c.Action == check.Change && (own || facts.Is(profile.ChangeByUser) == profile.Yes) {
		l.changeByUser(c, validation, source(c.PIN))
	} else if c.Action == check.Change {
		l.emit(Op{Kind: SetPIN, Slot: slot, Old: l.ref(c.PIN, "old"), New: l.ref(c.PIN, "new"), Validation: validation, Requires: []string{"token"}, Changes: []string{"=pin"}, Source: source(c.PIN)})
	}
	if newPIN || c.Action == check.Change {
		l.exclude(slot, nil)
		l.coverOf(l.user, slot).claim(nil)
		l.emit(Op{Kind: Login, Slot: slot, As: "user", Credential: l.ref(c.PIN, "new"), Proves: true, Requires: []string{"token"}, Changes: []string{"+user"}, Source: source(c.PIN)})
	}
}

// changeByUser lowers a change that the token allows in the user's session only.
func (l *lowering) changeByUser(c check.Credentials, validation string, source Source) {
	slot := c.Slot.String()
	l.exclude(slot, nil)
	l.emit(Op{Kind: Login, Slot: slot, As: "user", Credential: l.ref(c.PIN, "old"), Requires: []string{"token"}, Changes: []string{"+user"}, Source: source})
	l.emit(Op{Kind: SetPIN, Slot: slot, Old: l.ref(c.PIN, "old"), New: l.ref(c.PIN, "new"), Validation: validation, Requires: []string{"user"}, Changes: []string{"=pin"}, Source: source})
	l.emit(Op{Kind: Logout, Slot: slot, Requires: []string{"user"}, Source: source})
}

// MaxLabel is the length of a token's label in bytes of UTF-8.
const MaxLabel = check.MaxLabel

// LabelProblem says why a token cannot have a label; "" where it can.
func LabelProblem(label string) string { return check.LabelProblem(label) }

func (l *lowering) initOp(c check.Credentials, source Source) Op {
	o := Op{Kind: InitToken, Slot: c.Slot.String(), Credential: l.ref(c.InitialPUK, "new"),
		Requires: []string{"token", "no-session"}, Changes: []string{"-objects", "-pin", "=label", "=puk"}, Source: source}
	if label := l.program.Description.Get(schema.MInitialLabel); label != nil {
		o.Label = l.text(label)
		if text, ok := o.Label.Resolved(); ok && LabelProblem(text) != "" {
			l.refuse(label, LabelProblem(text), "choose another label")
		}
	}
	return o
}

// warnOfFactory says what the PUK must be where a fresh token has one already.
func (l *lowering) warnOfFactory(c check.Credentials) {
	if facts := l.options.Profile; facts.Word(profile.FactoryPUK) != "" {
		l.plan.Warnings = append(l.plan.Warnings, Warning{Line: l.line(c.Init),
			Message: "a fresh token of the profile " + facts.Name + " has the SO PIN " + facts.Word(profile.FactoryPUK) + " from its vendor, and " + c.InitialPUK.Keyword.Name + " must be that; PUK gives it a new one"})
	}
}

func (l *lowering) logout(slot string, source Source) {
	l.emit(Op{Kind: Logout, Slot: slot, Requires: []string{"so"}, Source: source})
}
