package exec

import (
	"maps"
	"slices"
)

// slotState is what a run knows of one slot, and of the token that was chosen for it.
type slotState struct {
	token Token // nil where none is chosen
	// listed is the slot of the module, and what its token last told of itself.
	listed  Slot
	knownAs *Identity // what the journal knows the token as, where it has become another
	opened  bool      // an openslot was done
	session bool
	user    string     // who is logged in: "", "user", "so"
	pin     Credential // that the user logged in with; without a name before that
	leftPIN Credential // that the slot is left with, where the policy compares it
	writes  space      // what will be written
}

// clone copies the state for a run on another module, an equal one. Nothing that
// changes is shared.
func (s *slotState) clone(m Module) *slotState {
	c := *s
	if s.token != nil {
		c.token = m.Token(s.listed.ID)
	}
	if s.knownAs != nil {
		c.knownAs = new(*s.knownAs)
	}
	c.pin.Secret, c.leftPIN.Secret = s.pin.Secret.Clone(), s.leftPIN.Secret.Clone()
	return &c
}

// at is the state of a slot. Ops that are for none have one of no slot.
func (r *run) at(slot string) *slotState {
	if r.slots[slot] == nil {
		r.slots[slot] = &slotState{}
	}
	return r.slots[slot]
}

// token is the token of a slot, nil where none is chosen.
func (r *run) token(slot string) Token { return r.at(slot).token }

// info is what the token of a slot last told of itself.
func (r *run) info(slot string) TokenInfo { return r.at(slot).listed.Token }

// choose takes the token in a slot of the module for a slot of the plan.
func (r *run) choose(slot string, listed Slot) {
	s := r.at(slot)
	s.token, s.listed = r.Module.Token(listed.ID), listed
	r.result.Tokens[slot] = listed.Token
}

// chosen calls yield for each slot that has a token.
func (r *run) chosen(yield func(slot string, s *slotState) bool) {
	for _, slot := range slices.Sorted(maps.Keys(r.slots)) {
		if s := r.slots[slot]; s.token != nil && !yield(slot, s) {
			return
		}
	}
}
