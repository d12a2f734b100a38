package batch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/plan"
)

// Seat is a token, or the pair of tokens of the two slots, that can take a row.
type Seat struct {
	// Slots are where its tokens are, by "default" and "signature"; Tokens are what
	// tells these from others. A token that is fresh has neither serial number nor
	// label.
	Slots  map[string]exec.Slot
	Tokens map[string]exec.Identity
	// Known has what the journal of its row calls a token that has another label now.
	Known map[string]exec.Identity
	// Torn are all tokens that one can be which a row took when it was fresh, and
	// in whose initialisation it was cut off.
	Torn []exec.Slot
	// Alike is how many more rows left what is as good for that row.
	Alike int
	// Refused says why the token gets no row; it is empty where it does.
	Refused string
}

// Name is how messages call a seat.
func (s Seat) Name() string {
	var names []string
	for _, slot := range plan.Slots {
		if at, has := s.Slots[slot]; has {
			names = append(names, at.Token.Name())
		}
	}
	name := strings.Join(names, " with ")
	if s.fresh() {
		name += fmt.Sprintf(" in %q", s.Slots[plan.Default].Description)
	}
	return name
}

func (s Seat) fresh() bool { return !initialised(s.Slots[plan.Default]) }

func initialised(s exec.Slot) bool { return s.Token.Flags.Has(exec.FlagTokenInitialized) }

// named are the tokens of the seat that have a name.
func (s Seat) named() []exec.Identity { return append(named(s.Tokens), named(s.Known)...) }

// was gives the tokens as the journal of their row knows them.
func (s Seat) was() map[string]exec.Identity {
	was := maps.Clone(s.Tokens)
	maps.Copy(was, s.Known)
	return was
}

// named are the tokens that have a name; a fresh one has none.
func named(tokens map[string]exec.Identity) []exec.Identity {
	var out []exec.Identity
	for _, id := range tokens {
		if id.Named() {
			out = append(out, id)
		}
	}
	return out
}

// slots are the slots that the seat takes.
func (s Seat) slots() []exec.SlotID {
	var out []exec.SlotID
	for _, slot := range s.Slots {
		out = append(out, slot.ID)
	}
	for _, slot := range s.Torn {
		out = append(out, slot.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Pool makes seats of the tokens that are there.
type Pool struct {
	Facts *profile.Profile
	// Default and Signature choose the tokens. A star in a value stands for any text;
	// where the signature slot is on a token of its own, tokens belong together for
	// which it stands for the same.
	Default, Signature exec.Selector
	// Both says that rows go to both slots.
	Both bool
}

// Check says what is wrong with the selectors.
func (p Pool) Check() error {
	for _, s := range []exec.Selector{p.Default, p.Signature} {
		if s.Stars() > 1 {
			return fmt.Errorf("%s has %d stars, and one can stand for what tells the tokens apart", s, s.Stars())
		}
	}
	switch {
	case p.Default.IsZero():
		return fmt.Errorf("nothing says which tokens are meant: name them with --token, or with default.token in station.toml; pkcs11: is each one that is there")
	case !p.Both:
	case p.Signature.IsZero():
		return fmt.Errorf("nothing says which tokens hold the signature slot: name them with --signature-token, or with signature.token in station.toml")
	case p.Signature.IsFresh():
		return fmt.Errorf("no token in the signature slot can be initialised by a description, so it cannot be fresh")
	case !p.card() && p.Default.Stars() != p.Signature.Stars():
		return fmt.Errorf("the tokens of the two slots belong together by what a star stands for, and only one of %s and %s has one", p.Default, p.Signature)
	}
	return nil
}

// card reports whether both slots are on one card.
func (p Pool) card() bool { return p.Facts.Is(profile.SignatureSlot) == profile.Yes }

// seats makes the seats of the tokens: of each row that is bound to tokens these,
// whatever they are called by now, and of the others those that the selectors
// match. torn says that a row was cut off while it initialised a fresh token; others
// tells whether a token is known to be of another row than the one named, nil for none.
func (p Pool) seats(listed []exec.Slot, bound []Row, torn bool, others func(row string, id exec.Identity) bool) []Seat {
	if others == nil {
		others = func(string, exec.Identity) bool { return false }
	}
	var out []Seat
	taken := map[exec.SlotID]bool{}
	add := func(s Seat) {
		for _, id := range s.slots() {
			taken[id] = true
		}
		out = append(out, s)
	}
	for _, row := range bound {
		if s, there := p.again(listed, row, others); there && p.means(s, row) {
			s.Refused = p.weak(s, listed)
			add(s)
		}
	}
	if s, there := p.torn(listed, taken, others); torn && there {
		add(s)
	}
	matched := len(out)
	for _, slot := range listed {
		star, ok := p.Default.MatchesStar(slot)
		if !ok || taken[slot.ID] {
			continue
		}
		if torn && p.Default.IsFresh() {
			continue // it may be the one of that row
		}
		s := Seat{Slots: map[string]exec.Slot{plan.Default: slot}, Tokens: map[string]exec.Identity{plan.Default: p.identity(slot)}}
		if p.Both {
			p.pair(&s, star, listed)
		}
		if s.Refused == "" {
			s.Refused = p.weak(s, listed)
		}
		if s.Refused == "" {
			s.Refused = p.ambiguous(slot, listed)
		}
		out = append(out, s)
	}
	return append(out[:matched:matched], p.apart(out[matched:])...)
}

// apart leaves out what is the signature slot of a seat and so no seat itself, and
// refuses seats that would share one.
func (p Pool) apart(seats []Seat) []Seat {
	second := map[exec.SlotID]int{}
	for _, s := range seats {
		if slot, has := s.Slots[plan.Signature]; has {
			second[slot.ID]++
		}
	}
	var out []Seat
	for _, s := range seats {
		slot, has := s.Slots[plan.Signature]
		switch {
		case !has && second[s.Slots[plan.Default].ID] > 0:
			continue
		case has && second[slot.ID] > 1 && s.Refused == "":
			s.Refused = fmt.Sprintf("%s would be the signature slot of %d tokens; put a star into both selectors, for what tells the pairs apart", slot.Token.Name(), second[slot.ID])
		}
		out = append(out, s)
	}
	return out
}

// ambiguous says so where more than one slot of a card is its default slot.
func (p Pool) ambiguous(slot exec.Slot, listed []exec.Slot) string {
	for _, other := range listed {
		if _, too := p.Default.MatchesStar(other); too && p.card() && other.ID != slot.ID && slot.Token.Serial != "" && sameCard(slot, other) {
			return fmt.Sprintf("more than one slot of its card is the default slot by %s: name the one with --token", p.Default)
		}
	}
	return ""
}

func (p Pool) identity(slot exec.Slot) exec.Identity {
	if !initialised(slot) {
		return exec.Identity{Manufacturer: slot.Token.Manufacturer, Model: slot.Token.Model}
	}
	return slot.Token.Identity(p.Facts)
}

// again finds the tokens of a row that is bound to them. One whose initialisation was
// cut off may have its new label by now, and then it has no PIN.
func (p Pool) again(listed []exec.Slot, row Row, others func(row string, id exec.Identity) bool) (Seat, bool) {
	s := Seat{Slots: map[string]exec.Slot{}, Tokens: maps.Clone(row.Tokens)}
	for name, id := range row.Tokens {
		slot, there := exec.Again(listed, id, row.Torn[name], p.Facts, func(now exec.Identity) bool { return others(row.Row, now) })
		if !there {
			return s, false
		}
		if now := p.identity(slot); now != id {
			if s.Known == nil {
				s.Known = map[string]exec.Identity{}
			}
			s.Known[name], s.Tokens[name] = id, now
		}
		s.Slots[name] = slot
	}
	return s, len(s.Slots) > 0
}

// means reports whether the selector of the default slot names the token of a row, as it
// is called or was before the row initialised it. One that was fresh is none any more.
func (p Pool) means(s Seat, row Row) bool {
	slot, has := s.Slots[plan.Default]
	if _, ok := p.Default.MatchesStar(slot); ok || !has || row.chosen || p.Default.IsFresh() {
		return true
	}
	was, initialised := row.Were[plan.Default]
	slot.Token.Label = was
	_, ok := p.Default.MatchesStar(slot)
	return initialised && ok
}

// torn is one seat of all the tokens that a row can have taken whose token is not known;
// the run finds the one.
func (p Pool) torn(listed []exec.Slot, taken map[exec.SlotID]bool, others func(row string, id exec.Identity) bool) (Seat, bool) {
	s := Seat{Slots: map[string]exec.Slot{}, Tokens: map[string]exec.Identity{plan.Default: {}}}
	for _, slot := range listed {
		if !taken[slot.ID] && slot.Unreadable == exec.CKROK && !slot.Token.Flags.Has(exec.FlagTokenInitialized|exec.FlagUserPINInit) && !others("", p.identity(slot)) {
			s.Torn = append(s.Torn, slot)
		}
	}
	if s.Torn == nil {
		return s, false
	}
	s.Slots[plan.Default] = s.Torn[0]
	return s, true
}

// pair finds the token of the signature slot.
func (p Pool) pair(s *Seat, star string, listed []exec.Slot) {
	one := s.Slots[plan.Default]
	var found []exec.Slot
	for _, slot := range listed {
		text, ok := p.Signature.MatchesStar(slot)
		switch {
		case !ok || slot.ID == one.ID:
		case p.card() && sameCard(one, slot), !p.card() && text == star:
			found = append(found, slot)
		}
	}
	if len(found) != 1 {
		s.Refused = fmt.Sprintf("%d tokens are its signature slot by %s, and one has to be", len(found), p.Signature)
		return
	}
	s.Slots[plan.Signature], s.Tokens[plan.Signature] = found[0], p.identity(found[0])
}

func sameCard(a, b exec.Slot) bool {
	one, two := a.Token, b.Token
	return one.Serial == two.Serial && one.Manufacturer == two.Manufacturer && one.Model == two.Model
}

// weak says why the tokens of a seat cannot be told from others: nothing then keeps
// a second row from them.
func (p Pool) weak(s Seat, listed []exec.Slot) string {
	for _, name := range plan.Slots {
		slot, has := s.Slots[name]
		if !has || !initialised(slot) {
			continue
		}
		if strings.Trim(slot.Token.Serial, "0 ") == "" {
			return fmt.Sprintf("the serial number %q of %s tells it from no other token", slot.Token.Serial, slot.Token.Name())
		}
		for _, other := range listed {
			if other.ID != slot.ID && other.Unreadable == exec.CKROK && p.identity(other) == s.Tokens[name] {
				return fmt.Sprintf("nothing tells %s from another token that is here", slot.Token.Name())
			}
		}
	}
	return ""
}
