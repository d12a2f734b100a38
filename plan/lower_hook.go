package plan

import (
	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// byHook reports whether a command of the station initialises the token of this
// description: the profile says so of its kind of card.
func (l *lowering) byHook() bool {
	return l.program.Description.Has(schema.MInitToken) && l.options.Profile.Is(profile.InitByHook) == profile.Yes
}

// initByHook lowers InitToken where a command of the station does it: one op that
// sets the PINs of both slots with their PUKs, since such cards want them when
// they are made, and then a login with each, which proves it. InitialPUK is the SO
// PIN; a slot's PUK is its (Sign)PUK, and where there is none its Initial(Sign)PUK.
func (l *lowering) initByHook(c check.Credentials) {
	if c.Init == nil {
		return // the signature slot was set by the same op
	}
	source := func(s *check.Setting) Source { return l.source(l.program.Description, s) }
	l.openSlot(Default)
	o := l.initOp(c, source(c.Init))
	o.Hook = true
	var set []check.Credentials
	for _, slot := range check.Slots {
		of := l.program.Credentials(slot)
		if of.Set == nil || of.PIN == nil || of.Action != check.FirstPIN && of.Action != check.Unblock {
			continue
		}
		puk := of.PUK
		if puk == nil {
			puk = of.InitialPUK
		}
		p := InitialPIN{Slot: slot.String(), PIN: l.ref(of.PIN, "new"), PUK: l.ref(puk, "new")}
		if of.Validation != nil {
			p.Validation = of.Validation.Value.Text
		}
		o.PINs = append(o.PINs, p)
		set = append(set, of)
	}
	l.emit(o)
	for _, of := range set {
		slot := of.Slot.String()
		l.openSlot(slot)
		l.exclude(slot, nil)
		l.coverOf(l.user, slot).claim(nil)
		l.emit(Op{Kind: Login, Slot: slot, As: "user", Credential: l.ref(of.PIN, "new"), Proves: true, Requires: []string{"token"}, Changes: []string{"+user"}, Source: source(of.PIN)})
	}
}
