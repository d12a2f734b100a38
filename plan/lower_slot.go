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
func (l *lowering) openSlot(slot string, in *Condition) {
	when, needed := l.coverOf(l.open, slot).claim(in)
	if needed {
		l.emitOpen(slot, when)
	}
}

func (l *lowering) emitOpen(slot string, when []Condition) {
	d := l.program.Description
	o := Op{Kind: OpenSlot, Slot: slot, When: when, Changes: []string{"+token"}, Source: l.source(d, l.program.Library())}
	if s := d.Get(schema.MICCSN); s != nil && d.Has(schema.MUseICCSN) {
		o.ICCSN, o.Source = l.text(s), l.source(d, s)
	}
	l.emit(o)
	l.opened = append(l.opened, o)
}

// chooseOnly opens the default slot of a description that chooses a card and does
// nothing with it, so that the choice is made at all.
func (l *lowering) chooseOnly() {
	if len(l.plan.Ops) == 0 && l.program.Description.Has(schema.MUseICCSN) {
		l.openSlot(Default, nil)
	}
}

// login makes the slot of an application ready: open and logged in as user.
func (l *lowering) login(slot string) {
	field := (&Op{Slot: slot}).SlotField()
	if field == "" {
		l.openSlot(slot, nil)
		if when, needed := l.coverOf(l.user, slot).claim(nil); needed {
			l.exclude(slot, when)
			l.emitLogin(slot, when)
		}
		return
	}
	l.bothCases(l.open, field, l.emitOpen)
	l.bothCases(l.user, field, func(slot string, when []Condition) {
		if (&Op{Slot: slot}).SlotField() == "" {
			l.exclude(slot, when)
		}
		l.emitLogin(slot, when)
	})
}

// exclude logs the other slot out first where the profile says that two logins
// exclude each other. An op whose slot is not logged in then does nothing.
func (l *lowering) exclude(slot string, when []Condition) {
	other := otherSlot(slot)
	if l.options.Profile.Is(profile.ExclusiveLogins) != profile.Yes || l.coverOf(l.user, other).empty() {
		return
	}
	l.emit(Op{Kind: Logout, Slot: other, When: when, Requires: []string{"token"}, Source: l.source(l.program.Description, l.pin(slot))})
	l.user[other] = &cover{}
}

// bothCases claims either slot for the case in which the field decides for it:
// as one op where nothing was claimed before, else as one for each slot that
// still needs it.
func (l *lowering) bothCases(m map[string]*cover, field string, emit func(slot string, when []Condition)) {
	fresh := l.coverOf(m, Default).empty() && l.coverOf(m, Signature).empty()
	for _, slot := range []string{Default, Signature} {
		when, needed := l.coverOf(m, slot).claim(&Condition{field, slot})
		if needed && !fresh {
			emit(slot, when)
		}
	}
	if fresh {
		emit(fieldSlot(field), nil)
	}
}

func (l *lowering) emitLogin(slot string, when []Condition) {
	o := Op{Kind: Login, Slot: slot, When: when, As: "user", Requires: []string{"token"}, Changes: []string{"+user"}}
	if o.SlotField() == "" {
		pin := l.pin(slot)
		o.Credential, o.Source = l.ref(pin, "new"), l.source(l.program.Description, pin)
	} else {
		for _, s := range []string{Default, Signature} {
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

// closeSlots closes what was opened, in the same cases.
func (l *lowering) closeSlots() {
	for _, o := range l.opened {
		l.emit(Op{Kind: CloseSlot, Slot: o.Slot, When: o.When, Requires: []string{"token"}, Source: o.Source})
	}
}
