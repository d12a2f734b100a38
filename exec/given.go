package exec

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"

	"inscribe/plan"
)

// What a run was given and wrote is one holder's. A later run of the same plan that is
// given something else neither takes the first for it nor writes the second beside
// it, unless it is told to.

// stoodBeside takes in what an earlier run was told to put something beside: what somebody
// said yes to once is no reason to stop later.
func (r *run) stoodBeside(rec Record) {
	for _, id := range rec.Beside {
		r.beside[id] = true
	}
}

// standsBeside gives the CKA_IDs of the keys and certificates of a label that a new key
// was put beside. What is about to be replaced is not meant to stay.
func (r *run) standsBeside(slot, label string, own []byte) ([]string, error) {
	if !r.AllowExisting && len(r.beside) == 0 || r.Plan.Replace {
		return nil, nil
	}
	var out []string
	for _, class := range []uint64{CKOPublicKey, CKOPrivateKey, CKOCertificate} {
		objects, err := r.token(slot).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, class), Text(CKALabel, label)})
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			attrs, err := r.token(slot).Attributes(r.ctx, o, CKAID)
			if err != nil {
				return nil, err
			}
			id := hex.EncodeToString(attrs[0].Value)
			if !bytes.Equal(attrs[0].Value, own) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out, nil
}

// Written names a certificate that an op wrote or was about to write.
type Written struct {
	KeyID       string `json:"keyId"`
	Fingerprint string `json:"sha256"`
}

// givenCertificates are those that fields hold for an op: one, or those of a list.
func (r *run) givenCertificates(op *plan.Op) (certificates []Certificate, err error) {
	switch {
	case op.Kind == plan.PutCert && op.Certificate != nil:
		cert, err := r.given(op)
		return []Certificate{cert}, err
	case op.Kind == plan.PutList:
		entries, err := r.list(op)
		for _, e := range entries {
			certificates = append(certificates, e.Certificate)
		}
		return certificates, err
	}
	return nil, nil
}

// givenTo names the certificates that fields hold for an op.
func (r *run) givenTo(op *plan.Op) ([]Written, error) {
	certificates, err := r.givenCertificates(op)
	if err != nil {
		return nil, err
	}
	var out []Written
	for _, c := range certificates {
		id, err := r.certificateID(c)
		if err != nil {
			return nil, err
		}
		out = append(out, Written{hex.EncodeToString(id), fingerprintOf(c.DER)})
	}
	return out, nil
}

// checkGiven holds what is given against what is on the token, before the first login.
func (r *run) checkGiven(op *plan.Op, slot string) error {
	if op.Certificate == nil && op.List == nil || r.AllowExisting || r.initialisedBefore(op, slot) || !r.info(slot).Flags.Has(FlagTokenInitialized) {
		return nil
	}
	t := r.token(slot)
	if err := t.OpenSession(r.ctx); err != nil {
		return err
	}
	defer func() { _ = t.CloseSession(r.ctx) }()
	return r.sameGiven(op, slot)
}

// sameGiven refuses to write what is given where an earlier run of this plan was given
// something else, which is on the token still, or where another certificate from
// elsewhere has the label or the CKA_ID.
func (r *run) sameGiven(op *plan.Op, slot string) error {
	if r.AllowExisting || r.Symbolic && !r.Seeded {
		return nil
	}
	if err := r.givenBefore(op, slot); err != nil {
		return err
	}
	found, err := r.strangersTo(op, slot)
	for _, s := range found {
		if r.beside[s.fingerprint] {
			continue
		}
		e := &Error{Kind: Refused, Message: s.says, Advice: "remove it, or say --existing add to write beside it"}
		if s.labelled && op.Certificate != nil {
			e.Advice += ", or --existing replace to delete it"
		}
		return e
	}
	return err
}

func (r *run) givenBefore(op *plan.Op, slot string) error {
	if r.noted[op.ID] == nil {
		return nil
	}
	given, err := r.givenTo(op)
	if err != nil {
		return err
	}
	field := op.Certificate
	if field == nil {
		field = op.List
	}
	now := map[string]bool{}
	for _, w := range given {
		now[w.Fingerprint], now[w.KeyID] = true, true
	}
	for _, w := range r.noted[op.ID] {
		if now[w.Fingerprint] {
			continue
		}
		what, err := r.find(slot, w, !now[w.KeyID])
		if err != nil {
			return err
		}
		if what != "" {
			return &Error{Kind: Refused, Message: fmt.Sprintf("an earlier run was given something else as %s, and wrote %s, which is on the token still", field.Words(), what),
				Advice: "if another holder's card is in the reader, take another one; else give the values of the first run, or say --existing add to write beside it, or --existing replace to delete what has the same label"}
		}
	}
	return nil
}

// stranger is a certificate on the token that no run of this plan wrote.
type stranger struct {
	fingerprint, says string
	labelled          bool // as the given one
}

// strangersTo finds those that have the label or the CKA_ID of a certificate that is given.
func (r *run) strangersTo(op *plan.Op, slot string) (out []stranger, err error) {
	known := map[string]bool{}
	for other := range r.due {
		given, _ := r.givenTo(other) // what cannot be read is not written
		for _, w := range append(given, r.noted[other.ID]...) {
			known[w.Fingerprint] = true
		}
	}
	certificates, err := r.givenCertificates(op)
	if err != nil {
		return nil, err
	}
	for _, c := range certificates {
		id, err := r.certificateID(c)
		if err != nil {
			return nil, err
		}
		label, err := r.label(op)
		if err != nil {
			return nil, err
		}
		label = cmp.Or(label, c.Display.Subject)
		for i, by := range []Attribute{Text(CKALabel, label), Bytes(CKAID, id)} {
			objects, err := r.older(slot, by, CKOCertificate)
			if err != nil {
				return nil, err
			}
			for _, o := range objects {
				attrs, err := r.token(o.slot).Attributes(r.ctx, o.object, CKAID, CKAValue)
				if err != nil {
					return nil, err
				}
				at, print := attrs[0].Value, fingerprintOf(attrs[1].Value)
				if known[print] || !bytes.Equal(at, id) && (r.ours(at) || r.beside[hex.EncodeToString(at)]) {
					continue
				}
				known[print] = true // by now
				says := fmt.Sprintf("a certificate with the label %q", label)
				if i > 0 {
					says = "another certificate of the same key"
				}
				out = append(out, stranger{print, says + fmt.Sprintf(" is on the token already (CKA_ID %x, SHA-256 %s), and this plan did not put it there", at, print), i == 0})
			}
		}
	}
	return out, nil
}

// writtenBeside gives the fingerprints of those that what is given was put beside. What
// is about to be replaced is not meant to stay.
func (r *run) writtenBeside(op *plan.Op, slot string) (out []string, err error) {
	if !r.AllowExisting && len(r.beside) == 0 {
		return nil, nil
	}
	found, err := r.strangersTo(op, slot)
	for _, s := range found {
		if !s.labelled || !r.Plan.Replace {
			out = append(out, s.fingerprint)
		}
	}
	return out, err
}

// find looks for a certificate that was written, and says what it is; "" where it is
// gone. With orphan, a private key of its CKA_ID counts too.
func (r *run) find(slot string, w Written, orphan bool) (string, error) {
	id, err := hex.DecodeString(w.KeyID)
	if err != nil {
		return "", nil
	}
	der, err := r.readCertificate(slot, id, w.Fingerprint)
	if err != nil {
		return "", err
	}
	if der != nil {
		cert, err := r.Issuer.Parse(der)
		return fmt.Sprintf("the certificate for %s (SHA-256 %s)", cert.Display.Subject, w.Fingerprint), err
	}
	if !orphan {
		return "", nil
	}
	found, err := r.token(slot).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
	if len(found) == 0 || err != nil {
		return "", err
	}
	return "a private key of CKA_ID " + w.KeyID, nil
}

// sameData refuses to write a data object where an earlier run of this plan wrote one
// under another label, which is on the token still.
func (r *run) sameData(op *plan.Op, slot string) error {
	rec := r.earlier[op.ID]
	label, err := r.label(op)
	if err != nil || rec.Label == "" || rec.Label == label || r.AllowExisting {
		return err
	}
	there, err := r.dataObjects(slot, []Attribute{Text(CKALabel, rec.Label)})
	if err != nil || len(there) == 0 {
		return err
	}
	return otherLabel("data object", rec.Label, label)
}

// sameLabel refuses to keep a key or certificate that an earlier run put there under
// another label.
func (r *run) sameLabel(op *plan.Op, class uint64, rec Record) error {
	label, err := r.label(op)
	if err != nil || label == "" || rec.Label == label || r.AllowExisting {
		return err // without a label of the plan, it is the certificate's own subject
	}
	return otherLabel(className(class), rec.Label, label)
}

func otherLabel(what, then, now string) error {
	return &Error{Kind: Refused, Message: fmt.Sprintf("an earlier run put a %s with the label %q on this token, and this run asks for the label %q", what, then, now),
		Advice: "if another holder's card is in the reader, take another one; else give the values of the first run, or say --existing add to write beside it"}
}

// skipGiven decides on a certificate that a field holds: it is there already where its
// own bytes are, whatever an earlier run was given.
func (r *run) skipGiven(op *plan.Op, slot string, rec Record) (bool, error) {
	if err := r.sameGiven(op, slot); err != nil {
		return false, err
	}
	given, err := r.givenTo(op)
	if err != nil {
		return false, err
	}
	id, err := hex.DecodeString(given[0].KeyID)
	if err != nil || given[0].Fingerprint != rec.Fingerprint {
		delete(r.earlier, op.ID) // what the record tells of is not this run's
		return false, err
	}
	there, err := r.keepCertificate(op, slot, id, rec)
	if there && err == nil {
		err = r.sameLabel(op, CKOCertificate, rec)
	}
	return there, err
}
