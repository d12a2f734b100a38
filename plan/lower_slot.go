package plan

import (
	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

func (l *lowering) coverOf(m map[string]*cover, slot string) *cover {
	if m[slot] == nil {
		m[slot] = &cover{}
	}
	return m[slot]
}

// openSlot emits what opens a slot that is sure, at first need.
func (l *lowering) openSlot(slot string) {
	if when, ifNeeded, needed := l.coverOf(l.open, slot).claim(nil); needed {
		l.emitOpen(slot, when, ifNeeded)
	}
}

func (l *lowering) emitOpen(slot string, when []Condition, ifNeeded bool) {
	o := Op{Kind: OpenSlot, Slot: slot, When: when, IfNeeded: ifNeeded, Changes: []string{"+token"}}
	o.ICCSN, o.Source = l.choice()
	l.emit(o)
}

// choice is what chooses the token: the serial number where the description
// gives one, else the module alone.
func (l *lowering) choice() (Text, Source) {
	d := l.program.Description
	if s := d.Get(schema.MICCSN); s != nil && d.Has(schema.MUseICCSN) {
		return l.text(s), l.source(d, s)
	}
	return Text{}, l.source(d, l.program.Library())
}

// chooseOnly opens the default slot of a description that chooses a card and does
// nothing with it, so that the choice is made at all.
func (l *lowering) chooseOnly() {
	if len(l.plan.Ops) == 0 && l.program.Description.Has(schema.MUseICCSN) {
		l.openSlot(Default)
	}
}

// login makes the slot of an application ready: open and logged in as user.
func (l *lowering) login(slot string) {
	field := (&Op{Slot: slot}).SlotField()
	if field == "" {
		l.openSlot(slot)
		if when, ifNeeded, needed := l.coverOf(l.user, slot).claim(nil); needed {
			l.exclude(slot, when)
			l.emitLogin(slot, when, ifNeeded)
		}
		return
	}
	l.bothCases(l.open, field, l.emitOpen)
	l.bothCases(l.user, field, func(slot string, when []Condition, ifNeeded bool) {
		if (&Op{Slot: slot}).SlotField() == "" {
			l.exclude(slot, when)
		}
		l.emitLogin(slot, when, ifNeeded)
	})
}

// exclude logs the other slot out first where the profile says that two logins
// exclude each other.
func (l *lowering) exclude(slot string, when []Condition) {
	other := otherSlot(slot)
	in := l.coverOf(l.user, other)
	if l.options.Profile.Is(profile.ExclusiveLogins) != profile.Yes || in.empty() {
		return
	}
	l.emit(Op{Kind: Logout, Slot: other, When: when, IfNeeded: !in.always, Requires: []string{"token"}, Source: l.source(l.program.Description, l.pin(slot))})
	switch {
	case when == nil:
		l.user[other] = &cover{}
	case in.always && len(when) == 1:
		l.user[other] = &cover{any: []Condition{{when[0].Field, otherSlot(when[0].Is)}}}
	default:
		l.user[other] = &cover{perhaps: true}
	}
}

// bothCases claims either slot for the case in which the field decides for it:
// as one op where nothing was claimed before, else as one for each slot that
// still needs it.
func (l *lowering) bothCases(m map[string]*cover, field string, emit func(slot string, when []Condition, ifNeeded bool)) {
	fresh := l.coverOf(m, Default).empty() && l.coverOf(m, Signature).empty()
	for _, slot := range Slots {
		when, ifNeeded, needed := l.coverOf(m, slot).claim(&Condition{field, slot})
		if needed && !fresh {
			emit(slot, when, ifNeeded)
		}
	}
	if fresh {
		emit(fieldSlot(field), nil, false)
	}
}

func (l *lowering) emitLogin(slot string, when []Condition, ifNeeded bool) {
	o := Op{Kind: Login, Slot: slot, When: when, IfNeeded: ifNeeded, As: "user", Requires: []string{"token"}, Changes: []string{"+user"}}
	if o.SlotField() == "" {
		pin := l.pin(slot)
		o.Credential, o.Source = l.ref(pin, "new"), l.source(l.program.Description, pin)
	} else {
		for _, s := range Slots {
			o.Cases = append(o.Cases, Case{s, l.ref(l.pin(s), "new")})
		}
		o.Source = l.source(l.program.Description, l.pin(Default))
	}
	l.emit(o)
}

func (l *lowering) pin(slot string) *check.Setting {
	if slot == Signature {
		return l.program.Description.Get(schema.MSignPIN)
	}
	return l.program.Description.Get(schema.MPIN)
}

// closeSlots closes each slot in the cases in which it is open.
func (l *lowering) closeSlots() {
	for _, slot := range Slots {
		c := l.coverOf(l.open, slot)
		if c.empty() {
			continue
		}
		when, ifNeeded := c.holds()
		_, source := l.choice()
		l.emit(Op{Kind: CloseSlot, Slot: slot, When: when, IfNeeded: ifNeeded, Requires: []string{"token"}, Source: source})
	}
}
