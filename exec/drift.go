package exec

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"inscribe/plan"
)

// What an earlier run put on a token can be changed by anybody since. What is gone as
// a whole, or can be put back as it was, a run mends. Where a part is left that a new
// one would stand beside, it stops: it removes nothing that nobody said yes to, and
// makes no second key or certificate beside the first.

// drifted looks, before the first write of a run, for what would stop it later on in
// the slots that are open to it: private keys show only after the login.
func (r *run) drifted() error {
	if r.result.Ran > 0 || r.AllowExisting {
		return nil
	}
	looks := map[plan.Kind]look{plan.GenKey: (*run).wholeKey, plan.PutCert: (*run).sameGiven, plan.PutList: (*run).sameGiven, plan.PutData: (*run).sameData}
	for op, slot := range r.due {
		if looks[op.Kind] == nil || r.user[slot] != "user" {
			continue
		}
		if err := looks[op.Kind](r, op, slot); err != nil {
			return r.wrap(err, op, slot)
		}
	}
	return nil
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
	privates, err := r.tokens[slot].FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
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
	return &Error{Kind: Refused, Message: fmt.Sprintf("the key %q that an earlier run made is not whole any more: there are %s, %s and %s of CKA_ID %s",
		rec.Label, number(CKOPrivateKey), number(CKOPublicKey), number(CKOCertificate), rec.KeyID),
		Advice: "remove what is left of it and run again, which makes this key anew; or issue everything anew with --existing replace, which removes what is left, or with --existing add, which leaves it there"}
}

// ownCertificate refuses to put a certificate back beside another one that somebody
// wrote for the key since.
func (r *run) ownCertificate(op *plan.Op, slot string, id []byte, rec Record) error {
	ours := map[string]bool{}
	for _, e := range r.earlier {
		ours[e.Fingerprint] = true
	}
	other := ""
	der, err := r.certificateUnder(slot, id, func(fingerprint string) bool {
		other = fingerprint
		return ours[fingerprint]
	})
	if der != nil || other == "" || err != nil {
		return err
	}
	return &Error{Kind: Refused, Message: fmt.Sprintf("the key %q that an earlier run made has another certificate than was written for it (SHA-256 %s)", rec.Label, other),
		Advice: "remove that certificate and run again, which puts the first one back; or issue everything anew with --existing replace, which removes what has the same label, or with --existing add, which leaves it there"}
}

// isOf reports whether a record is of the key that an application has now.
func (w *work) isOf(id []byte) bool { return w.id != nil && bytes.Equal(w.id, id) }
