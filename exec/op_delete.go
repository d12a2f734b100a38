package exec

import (
	"bytes"
	"fmt"
	"slices"

	"inscribe/plan"
)

// deleteOlder removes the objects under the label of a new one that this run did
// not write, and looks that they are gone.
func (r *run) deleteOlder(op *plan.Op, slot string, _ *Record) error {
	label, err := r.label(op)
	if err != nil {
		return err
	}
	// A given certificate may have no label of the plan, a key always has.
	if w := r.work[op.Application]; label == "" && w != nil && w.cert != nil {
		label = w.cert.Display.Subject
	}
	older := func() ([]stray, error) {
		var out []stray
		for _, change := range op.Changes {
			found, err := r.older(slot, Text(CKALabel, label), map[string][]uint64{"-key": {CKOPrivateKey, CKOPublicKey}, "-certificate": {CKOCertificate}, "-data": {CKOData}}[change]...)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
		return out, nil
	}
	objects, err := older()
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := r.token(o.slot).DestroyObject(r.ctx, o.object); err != nil {
			return err
		}
		r.result.Deleted++
	}
	if len(objects) == 0 {
		return nil
	}
	left, err := older()
	if err == nil && len(left) > 0 {
		err = &Error{Kind: Device, Call: "C_DestroyObject", Message: fmt.Sprintf("the token says that %d older objects are gone, and still shows them", len(left)), Advice: "ask the vendor of the token"}
	}
	return err
}

// older are the objects of a label or CKA_ID and of the classes that are not of this run. Of
// a card that shows what has no private key in its first slot, those are looked for
// there too, where its private keys show.
func (r *run) older(slot string, by Attribute, classes ...uint64) ([]stray, error) {
	var out []stray
	for _, class := range classes {
		slots := []string{slot}
		if other := otherSlot(slot); len(r.shown(slot)) > 1 && r.at(other).user == "user" && (class == CKOPublicKey || class == CKOCertificate) {
			slots = append(slots, other)
		}
		for _, at := range slots {
			found, err := r.token(at).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, class), by})
			if err != nil {
				return nil, err
			}
			for _, o := range found {
				keep, err := r.mine(at, o, class)
				if err == nil && !keep && at != slot {
					keep, err = r.paired(at, o)
				}
				if err != nil {
					return nil, err
				}
				if !keep {
					out = append(out, stray{at, o})
				}
			}
		}
	}
	return out, nil
}

// paired reports whether a private key is beside a public one or a certificate.
func (r *run) paired(slot string, o Object) (bool, error) {
	t := r.token(slot)
	attrs, err := t.Attributes(r.ctx, o, CKAID)
	if err != nil {
		return false, err
	}
	privates, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, attrs[0].Value)})
	return len(privates) > 0, err
}

// mine reports whether this run wrote an object or found it done: a key by its
// CKA_ID, a certificate by its bytes, a data object by all of its attributes.
func (r *run) mine(slot string, o Object, class uint64) (bool, error) {
	t := r.token(slot)
	switch class {
	case CKOCertificate:
		attrs, err := t.Attributes(r.ctx, o, CKAValue)
		if err != nil {
			return false, err
		}
		print := fingerprintOf(attrs[0].Value)
		for _, rec := range r.earlier {
			if rec.Fingerprint == print {
				return true, nil
			}
		}
		for _, w := range r.work {
			if w.cert != nil && bytes.Equal(w.cert.DER, attrs[0].Value) {
				return true, nil
			}
		}
		return false, nil
	case CKOData:
		for other, at := range r.due {
			if other.Kind != plan.PutData || at != slot {
				continue
			}
			attributes, err := r.dataAttributes(other)
			if err != nil {
				return false, err
			}
			same, err := t.FindObjects(r.ctx, append([]Attribute{Ulong(CKAClass, CKOData)}, attributes...))
			if err != nil || slices.Contains(same, o) {
				return true, err
			}
		}
		return false, nil
	}
	attrs, err := t.Attributes(r.ctx, o, CKAID)
	if err != nil {
		return false, err
	}
	return r.ours(attrs[0].Value), nil
}
