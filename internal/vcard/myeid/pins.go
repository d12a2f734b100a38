package myeid

import (
	"bytes"

	"inscribe/internal/vcard"
)

// maxPIN is the highest reference of a PIN.
const maxPIN = 14

// block is the length of a PIN on the card, padded.
const block = 8

// pin is a PIN with its PUK.
type pin struct {
	Value    []byte `json:"value"`
	PUK      []byte `json:"puk"`
	Tries    int    `json:"tries"`
	PUKTries int    `json:"pukTries"`
	Max      int    `json:"max"`
	MaxPUK   int    `json:"maxPUK"`
}

// allowed reports whether an access condition is met: 0 always, 15 never, else
// the reference of a PIN. A card that is not activated yet allows everything.
func (c *Card) allowed(condition byte) bool {
	switch {
	case !c.state.Active || condition == 0:
		return true
	case condition == 0x0F:
		return false
	}
	return c.verified[condition]
}

// createPIN takes PIN, PUK and the tries of each, before the card is activated.
func (c *Card) createPIN(reference byte, data []byte) int {
	switch {
	case len(data) < 2*block+2:
		return swLength
	case c.state.Active:
		return swConditions
	}
	tries, puk := int(data[16]&0x0F), int(data[17]&0x0F)
	c.state.PINs[reference] = &pin{Value: bytes.Clone(data[:block]), PUK: bytes.Clone(data[block : 2*block]), Tries: tries, PUKTries: puk, Max: tries, MaxPUK: puk}
	c.changed()
	return swOK
}

// verify takes a PIN, or tells without one how many tries are left.
func (c *Card) verify(cmd vcard.Command) int {
	p := c.state.PINs[cmd.P2]
	switch {
	case p == nil:
		return swNoReference
	case cmd.P1 != 0:
		return swParameters
	case len(cmd.Data) != 0:
		return c.try(cmd.P2, cmd.Data)
	case c.verified[cmd.P2]:
		return swOK
	case p.Tries == 0:
		return swBlocked
	}
	return swTriesLeft | p.Tries
}

// try compares a PIN. The counter goes down before the comparison, so that a card
// that is pulled at this moment has lost the try.
func (c *Card) try(reference byte, value []byte) int {
	p := c.state.PINs[reference]
	switch {
	case p == nil:
		return swNoReference
	case len(value) != block:
		return swLength
	case p.Tries == 0:
		return swBlocked
	}
	p.Tries--
	if !bytes.Equal(p.Value, value) {
		delete(c.verified, reference)
		if p.Tries == 0 {
			return swBlocked
		}
		return swTriesLeft | p.Tries
	}
	p.Tries = p.Max
	c.verified[reference] = true
	return swOK
}

// change takes the old PIN and the new one.
func (c *Card) change(cmd vcard.Command) int {
	if cmd.P1 != 0 {
		return swParameters
	}
	if len(cmd.Data) != 2*block {
		return swLength
	}
	// A changed PIN is not a verified one.
	was := c.verified[cmd.P2]
	if sw := c.try(cmd.P2, cmd.Data[:block]); sw != swOK {
		return sw
	}
	if !was {
		delete(c.verified, cmd.P2)
	}
	c.state.PINs[cmd.P2].Value = bytes.Clone(cmd.Data[block:])
	c.changed()
	return swOK
}

// resetCounter takes the PUK and a new PIN; with P1=2 only the new PIN, under the
// SO PIN.
func (c *Card) resetCounter(cmd vcard.Command) int {
	p := c.state.PINs[cmd.P2]
	if p == nil {
		return swNoReference
	}
	value := cmd.Data
	switch {
	case cmd.P1 == 0 && len(cmd.Data) == 2*block:
		if p.PUKTries == 0 {
			return swBlocked
		}
		p.PUKTries--
		if !bytes.Equal(p.PUK, cmd.Data[:block]) {
			if p.PUKTries == 0 {
				return swBlocked
			}
			return swTriesLeft | p.PUKTries
		}
		p.PUKTries, value = p.MaxPUK, cmd.Data[block:]
	case cmd.P1 == 2 && len(cmd.Data) == block:
		if so := c.state.Files[mf].Access[1] >> 4; !c.UnblockBySO || !c.verified[so] {
			return swSecurity
		}
	case cmd.P1 != 0 && cmd.P1 != 2:
		return swParameters
	default:
		return swLength
	}
	p.Value, p.Tries = bytes.Clone(value), p.Max
	delete(c.verified, cmd.P2)
	c.changed()
	return swOK
}

// forget logs out of one PIN, or with 0 of all.
func (c *Card) forget(cmd vcard.Command) int {
	if cmd.P2 == 0 {
		clear(c.verified)
	}
	delete(c.verified, cmd.P2)
	return swOK
}
