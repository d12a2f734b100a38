package check

import "inscribe/check/schema"

// Action is what a description does with the PIN of a slot.
type Action uint8

// The actions.
const (
	NoPIN    Action = iota // there is none
	Login                  // it is the login
	FirstPIN               // set after the token is initialised
	Unblock                // set under the PUK
	Change                 // changed by the old one
)

// Credentials are the PIN and PUK keywords of one slot. Settings are nil where
// the keyword is absent.
type Credentials struct {
	Slot                 schema.Slot
	Action               Action
	PIN, PUK, InitialPUK *Setting
	Key                  *Setting // CardManagerKey
	Validation           *Setting
	// Set is SetPIN, Init is InitToken on this slot's token.
	Set, Init *Setting
}

// sets reports whether SetPIN changes a PIN or PUK in the slot.
func (c Credentials) sets() bool {
	return c.Set != nil && (c.Action >= FirstPIN || c.PUK != nil)
}

// Changes reports whether SetPIN or InitToken changes anything in the slot.
func (c Credentials) Changes() bool {
	return c.Init != nil || c.sets()
}

// Credentials says what happens to the PIN and PUK of a slot. The page "Use
// Signature slot" shows one SetPIN for both slots; that a slot's PIN is new only
// under an authority of its own is Inscribe's reading.
func (p *Program) Credentials(slot schema.Slot) Credentials {
	d := p.Description
	c := Credentials{Slot: slot, Set: d.Get(schema.MSetPIN)}
	if slot == schema.SignatureSlot {
		c.PIN, c.PUK, c.InitialPUK = d.Get(schema.MSignPIN), d.Get(schema.MSignPUK), d.Get(schema.MInitialSignPUK)
		c.Validation = d.Get(schema.MSignValidation)
	} else {
		c.PIN, c.PUK, c.InitialPUK = d.Get(schema.MPIN), d.Get(schema.MPUK), d.Get(schema.MInitialPUK)
		c.Validation, c.Key, c.Init = d.Get(schema.MPINValidation), d.Get(schema.MCardManagerKey), d.Get(schema.MInitToken)
	}
	switch {
	case c.PIN == nil:
	case c.Set == nil:
		c.Action = Login
	case c.Init != nil:
		c.Action = FirstPIN
	case c.InitialPUK != nil || c.Key != nil || c.PUK != nil:
		c.Action = Unblock
	case c.PIN.Value.Form == Dialog && c.PIN.Value.Entries == 3:
		c.Action = Change
	default:
		c.Action = Login
	}
	return c
}

// Slots are the two slots in the order in which their credentials are set.
var Slots = []schema.Slot{schema.DefaultSlot, schema.SignatureSlot}

// SlotOf says where an application runs: a slot that is sure, or the field that
// decides at run time.
func (a *Application) SlotOf() (schema.Slot, *Field) {
	s := a.Get(schema.MLocation)
	switch {
	case s == nil || s.Value.Form == Missing:
		return schema.DefaultSlot, nil
	case s.Value.Form == FieldRef:
		return schema.NoSlot, s.Value.Field
	default:
		return LocationSlot(s.Value.Text), nil
	}
}
