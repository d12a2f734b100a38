package exec

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"inscribe/check/profile"
	"inscribe/plan"
)

// What an earlier run put on a token can be changed by anybody since. What is gone as
// a whole, or can be put back as it was, a run mends. Where a part is left that a new
// one would stand beside, it stops: it removes nothing that nobody said yes to, and
// makes no second key or certificate beside the first.

// drifted looks, before the first write of a run, for what would stop it later on.
// Private keys show only after the login of their slot, so one that an earlier run put
// something into is opened for that.
func (r *run) drifted() error {
	if r.result.Ran > 0 || r.AllowExisting {
		return nil
	}
	looks := map[plan.Kind]look{plan.GenKey: (*run).wholeKey, plan.PutCert: (*run).sameGiven, plan.PutList: (*run).sameGiven, plan.PutData: (*run).sameData}
	for op, slot := range r.due {
		_, done := r.earlier[op.ID]
		if looks[op.Kind] == nil {
			continue
		}
		if done || r.noted[op.ID] != nil {
			if err := r.logInToLook(slot); err != nil {
				return err
			}
		}
		if r.at(slot).user != "user" {
			continue
		}
		if err := looks[op.Kind](r, op, slot); err != nil {
			return r.failed(op, r.event(op, slot), Record{}, err)
		}
	}
	return nil
}

// logInToLook opens a slot and logs in to it by the ops that do so later on, which then
// find it done; once, since a logout is there for a reason. It leaves a slot alone whose
// PIN is another one by then, and tokens where one login may end the other. On a card,
// a key of the other slot is then not requested for under one login alone: what its
// slot is guarded by was seen when the first one was made.
func (r *run) logInToLook(slot string) error {
	s := r.at(slot)
	if s.pin.Name != "" || s.user != "" || r.Plan.Facts().Is(profile.ExclusiveLogins) != profile.No {
		return nil
	}
	var open *plan.Op
	for op, at := range r.due {
		switch {
		case op.Hook && !r.passed(op), at == slot && op.Writes() && !r.passed(op):
			return nil
		case at != slot:
		case op.Kind == plan.OpenSlot && !s.opened:
			open = op
		case op.Kind == plan.Login && op.As == "user" && !op.Proves:
			if open != nil {
				if err := r.op(open); err != nil {
					return err
				}
			}
			return r.op(op)
		}
	}
	return nil
}

// passed reports whether an unfinished run that this one continues did an op.
func (r *run) passed(op *plan.Op) bool {
	_, done := r.earlier[op.ID]
	return done && !r.finished
}

// wholeKey refuses to make a key anew beside what is left of the one that an earlier
// run made.
func (r *run) wholeKey(op *plan.Op, slot string) error {
	rec, done := r.earlier[op.ID]
	id, err := hex.DecodeString(rec.KeyID)
	if err != nil || !done || r.AllowExisting {
		return err
	}
	found, err := r.adopt(&work{}, slot, id)
	if err != nil {
		return err
	}
	if found {
		if err := r.sameLabel(op, CKOPrivateKey, rec); err != nil {
			return err
		}
		return r.ownCertificate(op, slot, id, rec)
	}
	privates, err := r.token(slot).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
	if err != nil {
		return err
	}
	left := map[uint64]int{CKOPrivateKey: len(privates)}
	for _, class := range []uint64{CKOPublicKey, CKOCertificate} {
		for _, t := range r.shown(slot) {
			found, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, class), Bytes(CKAID, id)})
			if err != nil {
				return err
			}
			left[class] += len(found)
		}
	}
	number := func(class uint64) string {
		if class == CKOPrivateKey && r.blind(slot) {
			return "private keys that nobody saw"
		}
		if n := left[class]; n != 1 {
			return fmt.Sprintf("%d %ss", n, className(class))
		}
		return "1 " + className(class)
	}
	if left[CKOPrivateKey]+left[CKOPublicKey]+left[CKOCertificate] == 0 {
		return nil
	}
	if left[CKOPrivateKey] == 1 && left[CKOPublicKey] == 1 {
		return &Error{Kind: Refused, Message: fmt.Sprintf("the key %q that an earlier run made was replaced: the private and the public key of CKA_ID %s are not the two that it stands for", rec.Label, rec.KeyID),
			Advice: adviseRest}
	}
	return &Error{Kind: Refused, Message: fmt.Sprintf("the key %q that an earlier run made is not whole any more: there are %s, %s and %s of CKA_ID %s",
		rec.Label, number(CKOPrivateKey), number(CKOPublicKey), number(CKOCertificate), rec.KeyID),
		Advice: adviseRest}
}

const adviseRest = "remove what is left of it and run again, which makes this key anew; or issue everything anew with --existing replace, which removes what is left, or with --existing add, which leaves it there"

// ownCertificate refuses a key that has another certificate than the one that was written
// for it, be it in its place or beside it: programs that pair the two by CKA_ID take any.
func (r *run) ownCertificate(op *plan.Op, slot string, id []byte, rec Record) error {
	ours := map[string]bool{}
	for _, e := range r.earlier {
		ours[e.Fingerprint] = true
	}
	other, there, all := "", false, 0
	_, _, err := r.certificateUnder(slot, id, func(fingerprint string) bool {
		all++
		if ours[fingerprint] {
			there = true
		} else {
			other = fingerprint
		}
		return false
	})
	if err != nil || other == "" && all < 2 {
		return err
	}
	if there {
		return &Error{Kind: Refused, Message: fmt.Sprintf("the key %q that an earlier run made has %d certificates of its CKA_ID %s, and one was written for it", rec.Label, all, rec.KeyID),
			Advice: "remove the others and run again; or issue everything anew with --existing replace, which removes what has the same label, or with --existing add, which leaves it there"}
	}
	return &Error{Kind: Refused, Message: fmt.Sprintf("the key %q that an earlier run made has another certificate than was written for it (SHA-256 %s)", rec.Label, other),
		Advice: "remove that certificate and run again, which puts the first one back; or issue everything anew with --existing replace, which removes what has the same label, or with --existing add, which leaves it there"}
}

// isOf reports whether a record is of the key that an application has now.
func (w *work) isOf(id []byte) bool { return w.id != nil && bytes.Equal(w.id, id) }
