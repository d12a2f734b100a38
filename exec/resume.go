package exec

import (
	"bytes"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"inscribe/check/profile"
	"inscribe/plan"
)

// openJournal finds the journal of these tokens and what it tells of an earlier
// run of the same plan.
func (r *run) openJournal() error {
	tokens := r.identities()
	j, earlier, finished, err := r.Journals.Open(tokens, r.workOfRun(), r.Abandon)
	if err != nil {
		return err
	}
	r.journal, r.finished = j, finished
	if r.Saved {
		when, err := r.Journals.Spent(tokens, r.Plan.PlanSHA256)
		if err != nil {
			return err
		}
		if when != "" {
			return &Error{Kind: Refused, Message: "this saved plan was run on this token already, on " + when,
				Advice: "make a new plan, or apply the description itself"}
		}
	}
	r.recallIssued(earlier)
	if finished && r.AllowExisting {
		earlier = nil // everything anew, on purpose
	}
	r.recall(earlier)
	r.begun = len(earlier) > 0 && !finished
	r.resumes = r.begun && r.Saved && !slices.ContainsFunc(earlier, func(rec Record) bool { return rec.PlanSHA256 == r.Plan.PlanSHA256 })
	return nil
}

// recall takes in what the journal of earlier runs tells.
func (r *run) recall(earlier []Record) {
	for _, rec := range earlier {
		if rec.Given != nil {
			r.noted[rec.ID] = rec.Given
		}
		switch rec.Event {
		case "run":
			// A run that goes on knows no better than the one before which keys
			// were there already.
			r.AllowExisting = r.AllowExisting || rec.Existing && !r.finished
			for _, e := range rec.Earlier {
				r.earlier[e.ID] = e
				r.stoodBeside(e)
				if e.Given != nil {
					r.noted[e.ID] = e.Given
				}
			}
		case "start":
			r.began[rec.ID] = true
			delete(r.oldNext, rec.ID)
			if rec.Op == string(plan.GenKey) {
				r.recallHalves(rec)
			}
			for _, id := range rec.Keyless {
				r.keyless[rec.ID+" "+id] = !r.finished
			}
		case "done":
			r.earlier[rec.ID] = rec
			r.stoodBeside(rec)
			delete(r.began, rec.ID)
			delete(r.oldNext, rec.ID)
			delete(r.halves, rec.ID)
		case "failed":
			if rec.Untouched {
				delete(r.began, rec.ID)
			}
			r.oldNext[rec.ID] = rec.Wrong == "new" && !rec.Untouched
		}
	}
}

// begin writes the first record of a run, before its first write: a run that ends
// at a wrong PIN leaves no journal and stands in nobody's way. A saved plan that goes on
// with a run of others is noted too: it is spent once that ends.
func (r *run) begin() error {
	if r.begun && !r.resumes {
		return nil
	}
	rec := Record{Event: "resume"}
	if !r.begun {
		work := r.workOfRun()
		rec = Record{Event: "run", OpsSHA256: work.OpsSHA256, Purpose: work.Purpose, Holder: work.Holder, File: r.Plan.Description.File, Tokens: r.identities(),
			Earlier: r.objects(), Existing: r.AllowExisting, Replaces: work.Replaces, Batch: r.Batch, Row: r.Row}
	}
	if r.Saved {
		rec.PlanSHA256 = r.Plan.PlanSHA256
	}
	if err := r.journal.Write(rec); err != nil {
		return err
	}
	r.begun, r.resumes = true, false
	return nil
}

// identities are those of the chosen tokens, by slot.
func (r *run) identities() map[string]Identity {
	ids := map[string]Identity{}
	for slot, s := range r.chosen {
		ids[slot] = s.listed.Token.Identity(r.Plan.Facts())
		if s.knownAs != nil {
			ids[slot] = *s.knownAs
		}
	}
	return ids
}

// objects are the records of what earlier runs put on the tokens. They go into
// the journal of the new run, which is the only one that the next looks at. A PIN
// that was set once is no reason not to set it again.
func (r *run) objects() []Record {
	var out []Record
	for _, id := range slices.Sorted(maps.Keys(r.earlier)) {
		rec := r.earlier[id]
		switch plan.Kind(rec.Op) {
		case plan.InitToken, plan.InitPIN, plan.Unblock, plan.SetPIN, plan.SetPUK:
		default:
			out = append(out, rec)
		}
	}
	return out
}

// ours reports whether an earlier run of this plan noted the CKA_ID.
func (r *run) ours(id []byte) bool {
	for _, rec := range r.earlier {
		if rec.KeyID != "" && rec.KeyID == hex.EncodeToString(id) {
			return true
		}
	}
	for _, w := range r.work {
		if w.id != nil && bytes.Equal(w.id, id) {
			return true
		}
	}
	return false
}

// generating reports whether an earlier run was cut off while it generated a key
// of that label on the card of that slot.
func (r *run) generating(slot, label string) bool {
	for i := range r.Plan.Ops {
		op := &r.Plan.Ops[i]
		if op.Kind != plan.GenKey || !r.began[op.ID] || !r.sameCard(r.slot(op), slot) {
			continue
		}
		if l, err := r.label(op); err == nil && l == label {
			return true
		}
	}
	return false
}

// sameCard reports whether two slots are one, or those of one card.
func (r *run) sameCard(a, b string) bool {
	return a == b || r.Plan.Facts().Is(profile.SignatureSlot) == profile.Yes && sameNumber(r.info(a), r.info(b))
}

// sameNumber reports whether two tokens have one serial number, of one maker's model.
func sameNumber(a, b TokenInfo) bool {
	return a.Serial != "" && a.Serial == b.Serial && a.Manufacturer == b.Manufacturer && a.Model == b.Model
}

// checkCutOff refuses to go on where an earlier run was cut off while it changed a
// PUK or SO PIN: the old value may hold or the new one, and a wrong try of these can
// be for ever. It is asked before the first login, which would be such a try.
func (r *run) checkCutOff(op *plan.Op, _ string) error {
	if op.Kind != plan.SetPUK || r.finished || !r.began[op.ID] {
		return nil
	}
	return &Error{Kind: Refused, Message: "an earlier run was cut off while it changed the PUK, and which one holds is not known; a PUK is not tried",
		Advice: "find out which one opens the token, then give up the earlier run with --abandon"}
}

// skip decides whether an op was done by an earlier run and needs no second
// time. Of a finished run only keys and certificates that are still there count;
// of an unfinished one everything that was noted as done does.
func (r *run) skip(op *plan.Op, slot string) (skip bool, why string, err error) {
	if r.blockedBefore(slot) {
		return r.skipBlocked(op, slot)
	}
	switch op.Kind {
	case plan.OpenSlot:
		return r.at(slot).opened, "it is open already", nil
	case plan.CloseSlot:
		return !r.at(slot).opened, "it is not open", nil
	case plan.GenKey, plan.ReqCert, plan.PutCert:
		return r.skipObject(op, slot)
	case plan.PutData:
		if err := r.sameData(op, slot); err != nil {
			return false, "", err
		}
		there, err := r.dataThere(op, slot)
		return there, "the data object is there already", err
	case plan.PutList:
		if err := r.sameGiven(op, slot); err != nil {
			return false, "", err
		}
		there, err := r.listThere(op, slot)
		return there, "all of the list is there already", err
	case plan.InitToken, plan.InitPIN, plan.Unblock, plan.SetPIN, plan.SetPUK:
		if r.finished {
			return false, "", nil
		}
		if _, done := r.earlier[op.ID]; done {
			return true, "done before the interruption", nil
		}
	case plan.Block:
		info, err := r.token(slot).Info(r.ctx)
		return err == nil && info.Flags.Has(FlagUserPINLocked), "the PIN is locked already", err
	case plan.Login:
		if !op.Proves && r.at(slot).user == op.As {
			return true, "logged in already", nil
		}
		change := r.changeAfter(op)
		if (op.As == "so" || change != nil) && r.groupDone(op, slot) {
			return true, "nothing is left to do under this login", nil
		}
		if change != nil && r.cutOff(change) {
			return true, "the change of the PIN finds out which one opens", nil
		}
	case plan.Logout:
		if r.at(slot).user == "" || op.Application == "" {
			return r.at(slot).user == "", "nobody is logged in", nil
		}
		alone, err := r.standsAlone(op)
		return !alone, "no request is to be signed", err
	}
	return false, "", nil
}

// blockedBefore reports whether an earlier run of the plan blocked the PIN of a slot,
// which is the last that a plan does there: all the rest was done, and nobody logs in any
// more.
func (r *run) blockedBefore(slot string) bool {
	op := r.dueIn(slot, plan.Block)
	if op == nil || !r.info(slot).Flags.Has(FlagUserPINLocked) {
		return false
	}
	_, done := r.earlier[op.ID]
	return done || r.began[op.ID]
}

// skipBlocked is skip in a slot whose PIN an earlier run blocked. Certificates are looked
// for, since that wants no login.
func (r *run) skipBlocked(op *plan.Op, slot string) (bool, string, error) {
	var err error
	switch op.Kind {
	case plan.OpenSlot, plan.CloseSlot:
		return false, "", nil
	case plan.Login:
		err = r.openSession(slot)
	case plan.PutCert:
		rec := r.earlier[op.ID]
		id, _ := hex.DecodeString(rec.KeyID)
		var there bool
		if there, err = r.keepCertificate(op, slot, id, rec); err == nil && !there {
			err = &Error{Kind: Refused, Message: "the certificate that an earlier run put there is gone, and the PIN, which that run blocked, is wanted for another one",
				Advice: "unblock the PIN with the PUK, then run the same command again"}
		}
	}
	return true, "an earlier run did all and blocked the PIN", err
}

// changeAfter gives the change of the PIN that a user's login is for, where one
// comes next: once that is done, the login's value is the old one.
func (r *run) changeAfter(op *plan.Op) *plan.Op {
	i := slices.IndexFunc(r.Plan.Ops, func(o plan.Op) bool { return o.ID == op.ID }) + 1
	if i == len(r.Plan.Ops) || r.Plan.Ops[i].Kind != plan.SetPIN || r.Plan.Ops[i].Slot != op.Slot {
		return nil
	}
	return &r.Plan.Ops[i]
}

// cutOff reports whether an earlier run was cut off in the op.
func (r *run) cutOff(op *plan.Op) bool { return r.began[op.ID] && !r.finished }

// groupDone reports whether everything that such a login was for is done: the
// writes between the login and its logout. A login that only proves a value has
// none and is never skipped.
func (r *run) groupDone(op *plan.Op, slot string) bool {
	if r.finished {
		return false
	}
	writes, done := 0, 0
	inside := false
	for i := range r.Plan.Ops {
		o := &r.Plan.Ops[i]
		if o.ID == op.ID {
			inside = true
			continue
		}
		if !inside || r.slot(o) != slot {
			continue
		}
		if o.Kind == plan.Logout {
			break
		}
		if o.Writes() {
			writes++
			if _, ok := r.earlier[o.ID]; ok {
				done++
			}
		}
	}
	return writes > 0 && writes == done
}

// skipObject looks for what an earlier run noted, on the token itself.
func (r *run) skipObject(op *plan.Op, slot string) (bool, string, error) {
	rec, done := r.earlier[op.ID]
	if op.Certificate != nil {
		there, err := r.skipGiven(op, slot, rec)
		return there, "the certificate is there already", err
	}
	if !done {
		return false, "", nil
	}
	id, err := hex.DecodeString(rec.KeyID)
	if err != nil {
		return false, "", nil
	}
	w := r.workOf(op)
	switch op.Kind {
	case plan.GenKey:
		found, err := r.adopt(w, slot, id)
		switch {
		case err == nil && !found:
			err = r.wholeKey(op, slot)
		case err == nil:
			if err = r.sameLabel(op, CKOPrivateKey, rec); err == nil && !r.AllowExisting {
				err = r.ownCertificate(op, slot, id, rec)
			}
		}
		if err != nil || !found {
			delete(r.earlier, op.ID) // it is made anew, and what is left of it is not this run's
			return false, "", err
		}
		r.noteObject(op, slot, rec.Label, id, nil)
		return true, "the key is there already", nil
	case plan.ReqCert:
		if !w.isOf(id) {
			delete(r.earlier, op.ID)
			return false, "", nil // the key was made anew, and its certificate is to come
		}
		if put, ok := r.earlier[r.putOf(op)]; ok {
			if there, err := r.certificateThere(slot, id, put.Fingerprint); there || err != nil {
				return there, "its certificate is there already", err
			}
		}
		if len(rec.DER) == 0 {
			return false, "", nil
		}
		cert, err := r.Issuer.Parse(rec.DER)
		switch {
		case err != nil:
			return false, "", nil
		case !r.Issuer.SameKey(cert.Key, w.public):
			w.renewed = "the certificate that was issued before is for another key"
		case r.expired(cert):
			w.renewed = "the certificate that was issued before expired on " + cert.Display.NotAfter + " and was not written"
		}
		if w.renewed != "" {
			return false, "", nil
		}
		w.cert = &cert
		return true, "the certificate was issued already", nil
	default:
		if !w.isOf(id) {
			delete(r.earlier, op.ID)
			return false, "", nil
		}
		there, err := r.keepCertificate(op, slot, id, rec)
		return there, "the certificate is there already", err
	}
}

// expired reports whether a certificate is of no use any more. One that does not say
// when it ends is a model's.
func (r *run) expired(cert Certificate) bool {
	end, err := time.Parse(time.RFC3339, cert.Display.NotAfter)
	return err == nil && !r.Now().Before(end)
}

// putOf is the op that writes the certificate of a request.
func (r *run) putOf(op *plan.Op) string {
	for i := range r.Plan.Ops {
		o := &r.Plan.Ops[i]
		if o.Kind == plan.PutCert && o.Application == op.Application {
			return o.ID
		}
	}
	return ""
}

// adopt takes a key pair that is on the token for the application's. It takes none of
// which the token says that the private key is not of the public one.
func (r *run) adopt(w *work, slot string, id []byte) (bool, error) {
	t := r.token(slot)
	private, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
	if err != nil {
		return false, err
	}
	public, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPublicKey), Bytes(CKAID, id)})
	if err != nil {
		return false, err
	}
	if len(private) != 1 || len(public) != 1 {
		return false, nil
	}
	key, err := readPublicKey(r.ctx, t, public[0])
	if err != nil {
		return false, err
	}
	if want, err := r.Issuer.KeyID(key); err != nil || !bytes.Equal(want, id) {
		return false, nil
	}
	half, err := readPublicKey(r.ctx, t, private[0])
	if err != nil {
		return false, err
	}
	if r.belonging(half, key) == foreign {
		return false, nil
	}
	w.slot, w.private, w.public, w.id = slot, private[0], key, id
	return true, nil
}

// certificateThere reports whether the token holds the certificate of that
// fingerprint under that CKA_ID.
func (r *run) certificateThere(slot string, id []byte, fingerprint string) (bool, error) {
	der, err := r.readCertificate(slot, id, fingerprint)
	return der != nil, err
}

// readCertificate reads the certificate of that fingerprint under that CKA_ID; nil
// where there is none.
func (r *run) readCertificate(slot string, id []byte, fingerprint string) ([]byte, error) {
	der, _, err := r.certificateUnder(slot, id, func(f string) bool { return f == fingerprint })
	return der, err
}

// certificateUnder reads the certificates under a CKA_ID until one has a fingerprint
// that is wanted, and gives that one. One that is found may have no value: not every
// token tells it.
func (r *run) certificateUnder(slot string, id []byte, wanted func(fingerprint string) bool) (der []byte, found bool, err error) {
	for _, t := range r.shown(slot) {
		objects, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOCertificate), Bytes(CKAID, id)})
		if err != nil {
			return nil, false, err
		}
		for _, o := range objects {
			attrs, err := t.Attributes(r.ctx, o, CKAValue)
			if err != nil {
				return nil, false, err
			}
			if wanted(fingerprintOf(attrs[0].Value)) {
				return attrs[0].Value, true, nil
			}
		}
	}
	return nil, false, nil
}

// keepCertificate puts a certificate that is there already into the result.
func (r *run) keepCertificate(op *plan.Op, slot string, id []byte, rec Record) (bool, error) {
	der, err := r.readCertificate(slot, id, rec.Fingerprint)
	if der == nil || err != nil {
		return false, err
	}
	cert, err := r.Issuer.Parse(der)
	if err != nil {
		return false, err
	}
	r.noteObject(op, slot, rec.Label, id, &cert.Display)
	return true, nil
}

// shown are the slots in which a public object of a slot may show: some modules show
// one that has no private key in the card's first slot, whichever it was written to.
func (r *run) shown(slot string) []Token {
	out := []Token{r.token(slot)}
	if other := otherSlot(slot); slot == plan.Signature && r.at(other).session && r.sameCard(slot, other) {
		out = append(out, r.token(other))
	}
	return out
}
