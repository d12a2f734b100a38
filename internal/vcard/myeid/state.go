package myeid

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// state is all that a card keeps without power. As JSON it is a picture of the
// card, PINs and keys included.
type state struct {
	Serial  []byte           `json:"serial"`
	Active  bool             `json:"active"`
	Changes uint16           `json:"changes"`
	PINs    map[byte]*pin    `json:"pins"`
	Files   map[uint16]*file `json:"files"`
}

// erase leaves the two folders that every card has, with the access conditions
// of each in three bytes.
func (s *state) erase(access [6]byte) {
	s.Active = false
	s.PINs = map[byte]*pin{}
	s.Files = map[uint16]*file{
		mf:  {Kind: kindFolder, Parent: mf, Access: [3]byte(access[:3])},
		app: {Kind: kindFolder, Parent: mf, Access: [3]byte(access[3:]), Name: aid},
	}
}

// Snapshot is the state of the card as JSON.
func (c *Card) Snapshot() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return json.MarshalIndent(c.state, "", "\t")
}

// Restore makes the card what it was at a snapshot. Do it while the card is out
// of the reader: programs keep what they have read of a card.
func (c *Card) Restore(snapshot []byte) error {
	var s state
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return fmt.Errorf("the snapshot of a card: %w", err)
	}
	if s.Files[mf] == nil || s.Files[app] == nil {
		return fmt.Errorf("the snapshot of a card has no files")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = s
	c.reset()
	return nil
}

// Tries tells how many tries a PIN has left, and its PUK. Without that PIN both
// are -1.
func (c *Card) Tries(reference byte) (pin, puk int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.state.PINs[reference]
	if p == nil {
		return -1, -1
	}
	return p.Tries, p.PUKTries
}

// SwapPINs gives each of two PINs the reference of the other, with PUK and
// counters.
func (c *Card) SwapPINs(a, b byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.PINs[a], c.state.PINs[b] = c.state.PINs[b], c.state.PINs[a]
}

// SwapGuards makes each key from now on answer to the other PIN of two than its
// access conditions say, as a card personalised the wrong way round would. With
// two equal references it swaps nothing.
func (c *Card) SwapGuards(a, b byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.guards = map[byte]byte{a: b, b: a}
}

// GuardBy makes each key from now on that a PIN is to guard answer to another one,
// or with 0 to anybody.
func (c *Card) GuardBy(pin, other byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.guards = map[byte]byte{pin: other}
}

// FileIDs are the identifiers of all files, in order.
func (c *Card) FileIDs() []uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.state.Files))
}
