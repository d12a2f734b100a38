package plan

import (
	"inscribe/check"
	"inscribe/check/profile"
)

// Whether a card guards a new key with the PIN of its slot shows at the request that
// the key signs, if that PIN alone was shown. A login in the other slot of the card
// may open the key too, where the card guards it with the wrong one. So the plan
// ends that login first, where it knows how: the request proves the guard then, with
// no signature beside it.

// needsBoth reports whether writing to a slot needs the login of the default slot as
// well.
func (l *lowering) needsBoth(slot string) bool {
	return slot != Default && l.options.Profile.Is(profile.BothLogins) == profile.Yes
}

// ready opens the slot of an application and logs in, to the default slot too where
// that is needed. It reports false where the description cannot do that.
func (l *lowering) ready(slot string, s *check.Setting) bool {
	if l.needsBoth(slot) {
		if l.pin(Default) == nil {
			l.refuse(s, "a key in the signature slot of a card of the profile "+l.options.Profile.Name+" needs the login of the default slot as well, and the description has no PIN for that", "add PIN beside SignPIN")
			return false
		}
		l.login(Default)
	}
	l.login(slot)
	return true
}

// aloneForKey ends the login of the other slot before a key is generated, where the
// profile knows that the key does not need it.
func (l *lowering) aloneForKey(a *check.Application, slot string) {
	facts := l.options.Profile
	oneCard := facts.Is(profile.SignatureSlot) == profile.Yes && facts.Is(profile.SecondToken) != profile.Yes
	if oneCard && facts.Is(profile.BothLogins) == profile.No && (&Op{Slot: slot}).SlotField() == "" {
		l.alone(a, slot)
	}
}

// aloneForRequest ends both logins before the request, where the key needed both,
// and logs in anew to the slot of the key. again gives the login of the default slot
// back, for what is written next.
func (l *lowering) aloneForRequest(a *check.Application, slot string) (again func()) {
	again = func() {}
	if l.options.Profile.Is(profile.BothLogins) != profile.Yes {
		return again
	}
	field := (&Op{Slot: slot}).SlotField()
	switch {
	case field != "":
		when := []Condition{{field, Signature}}
		l.emitLogout(a, Default, when, false)
		l.emitLogout(a, Signature, when, false)
		l.emitLogin(Signature, when, false)
		return func() { l.emitLogin(Default, when, false) }
	case slot == Signature:
		l.alone(a, slot)
		return func() { l.login(Default) }
	}
	l.alone(a, slot)
	return again
}

// alone ends the login of the other slot, and with it that of the slot itself, since
// some modules end all logins of a card with one of them.
func (l *lowering) alone(a *check.Application, slot string) {
	other := otherSlot(slot)
	for _, s := range []string{other, slot} {
		in := l.coverOf(l.user, s)
		if in.empty() {
			if s == other {
				return
			}
			continue
		}
		l.emitLogout(a, s, nil, !in.always)
		l.user[s] = &cover{}
	}
	l.login(slot)
}

func (l *lowering) emitLogout(a *check.Application, slot string, when []Condition, ifNeeded bool) {
	l.emit(Op{Kind: Logout, Slot: slot, Application: a.Letter, When: when, IfNeeded: ifNeeded, Requires: []string{"token"}, Source: l.source(l.program.Description, l.pin(slot))})
}
