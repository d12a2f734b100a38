package exec

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"slices"

	"inscribe/plan"
)

// A generation that is cut off may have made its keys, one of them, or none, and
// another program may make keys of the same label before the run goes on. So each
// generation has a CKA_ID of its own, drawn at random, which the journal knows before
// the token does and which the keys have until they get the one that the public key
// makes. What has either is what was left. Nothing else is used or removed, however
// like it is.

// halves is what a generation that was cut off may have left: keys under a CKA_ID.
type halves struct {
	draft []byte   // the one of the generation
	final [][]byte // those that its keys make
}

// recallHalves takes in the "start" of a generation.
func (r *run) recallHalves(rec Record) {
	h := r.halves[rec.ID]
	if h == nil {
		h = &halves{}
		r.halves[rec.ID] = h
	}
	if draft, err := hex.DecodeString(rec.Draft); err == nil && len(draft) > 0 {
		h.draft = draft
	}
	if final, err := hex.DecodeString(rec.KeyID); err == nil && len(final) > 0 {
		h.final = append(h.final, final)
	}
}

// draft gives the CKA_ID of a generation: that of the run that was cut off in it, or
// a new one.
func (r *run) draft(op *plan.Op) string {
	if h := r.halves[op.ID]; h != nil && h.draft != nil {
		return hex.EncodeToString(h.draft)
	}
	id := make([]byte, 20) // as long as those that keys make
	copy(id, op.ID)        // a model has no other program beside it
	if !r.Symbolic {
		_, _ = rand.Read(id) // it never fails
	}
	return hex.EncodeToString(id)
}

// noteID has the journal know the CKA_ID that a key makes before the key gets it.
func (r *run) noteID(op *plan.Op, slot string, record *Record, id []byte) error {
	if h := r.halves[op.ID]; h != nil && slices.ContainsFunc(h.final, func(f []byte) bool { return bytes.Equal(f, id) }) {
		return nil
	}
	return r.noteStart(Record{ID: op.ID, Op: string(op.Kind), Slot: slot, Draft: record.Draft, KeyID: hex.EncodeToString(id)})
}

// ids are all of the CKA_IDs.
func (h *halves) ids() [][]byte {
	if h == nil {
		return nil
	}
	ids := slices.Clone(h.final)
	if h.draft != nil {
		ids = append(ids, h.draft)
	}
	return ids
}

// left reports whether keys under a CKA_ID of a slot are what a generation that was
// cut off left. One for which somebody wrote a certificate is in use.
func (r *run) left(slot string, id []byte) (bool, error) {
	for _, h := range r.halves {
		if !slices.ContainsFunc(h.ids(), func(i []byte) bool { return bytes.Equal(i, id) }) {
			continue
		}
		_, certified, err := r.certificateUnder(slot, id, func(string) bool { return true })
		return !certified, err
	}
	return false, nil
}

// stray is an object that is to be removed.
type stray struct {
	slot   string
	object Object
}

// orphan finds the key pair that an interrupted generation left. Where it left
// less than a pair, private is 0 and rest is what to remove. A module makes the two
// keys one after the other, and some show a public key that has no private one, be it
// for a moment, in the card's first slot.
func (r *run) orphan(op *plan.Op, slot string) (public, private Object, rest []stray, err error) {
	t := r.token(slot)
	var publics, privates []Object
	for _, id := range r.halves[op.ID].ids() {
		left, err := r.left(slot, id)
		if err != nil {
			return 0, 0, nil, err
		}
		if !left {
			continue
		}
		for class, into := range map[uint64]*[]Object{CKOPublicKey: &publics, CKOPrivateKey: &privates} {
			found, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, class), Bytes(CKAID, id)})
			if err != nil {
				return 0, 0, nil, err
			}
			*into = append(*into, found...)
		}
		other := otherSlot(slot)
		if !r.at(other).session || !r.sameCard(slot, other) {
			continue
		}
		astray, err := r.token(other).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPublicKey), Bytes(CKAID, id)})
		if err != nil {
			return 0, 0, nil, err
		}
		for _, o := range astray {
			rest = append(rest, stray{other, o})
		}
	}
	if len(publics) == 1 && len(privates) == 1 {
		return publics[0], privates[0], nil, nil
	}
	for _, o := range append(publics, privates...) {
		rest = append(rest, stray{slot, o})
	}
	return 0, 0, rest, nil
}
