package plan

import (
	"fmt"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// block lowers BlockCard: as many wrong values as the profile says that a PIN
// takes. Where the profile cannot tell that the token locks, wrong values would
// prove nothing, so it is refused.
func (l *lowering) block(a *check.Application) {
	s := a.Get(schema.MBlockCard)
	facts := l.options.Profile
	tries, known := facts.Count(profile.Retries)
	switch {
	case facts.Is(profile.Locks) == profile.No:
		l.refuse(s, fmt.Sprintf("wrong PINs never lock a token of the profile %s", facts.Name), "take "+a.Letter+" out of ApplicationList")
		return
	case facts.Is(profile.Locks) == profile.Unknown || !known:
		l.refuse(s, fmt.Sprintf("the profile %s does not tell after how many wrong PINs a token locks", facts.Name), "name the profile of the token, or write one that says pin-locks and pin-retries")
		return
	}
	slot := l.slotOf(a)
	if field := (&Op{Slot: slot}).SlotField(); field != "" {
		l.bothCases(l.open, field, l.emitOpen)
		for _, s := range Slots {
			l.user[s] = &cover{perhaps: !l.coverOf(l.user, s).empty()}
		}
	} else {
		l.openSlot(slot)
		l.user[slot] = &cover{}
	}
	l.emit(Op{Kind: Block, Slot: slot, Application: a.Letter, Attempts: tries, Requires: []string{"token"}, Changes: []string{"-login", "-pin"}, Source: l.source(a.Block, s)})
}
