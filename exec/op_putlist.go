package exec

import (
	"encoding/hex"
	"fmt"
	"strings"

	"inscribe/check/profile"
	"inscribe/plan"
)

// list reads the certificate-key list of an op.
func (r *run) list(op *plan.Op) ([]ListEntry, error) {
	value := r.Inputs.Secrets[op.List.Field]
	switch {
	case !value.IsSet() && !r.Symbolic:
		return nil, noValue(op.List)
	case !value.IsSet():
		return r.Issuer.ParseList(nil)
	}
	entries, err := r.Issuer.ParseList(value.Reveal())
	if err != nil {
		return nil, &Error{Kind: Refused, Message: "the list of " + op.List.Words() + " cannot be read", Cause: err,
			Advice: "give certificate,key;certificate,key;… with each part as base64 (X.509 and PKCS#8), and no key where there is none"}
	}
	return entries, nil
}

// listThere reports whether every certificate and key of the list is there.
func (r *run) listThere(op *plan.Op, slot string) (bool, error) {
	entries, err := r.list(op)
	if err != nil || r.Symbolic && !r.Seeded {
		return false, err
	}
	for _, e := range entries {
		id, err := r.Issuer.KeyID(e.Certificate.Key)
		if err != nil {
			return false, nil // putList says what is wrong with it
		}
		there, err := r.certificateThere(slot, id, fingerprintOf(e.Certificate.DER))
		if err != nil || !there {
			return false, err
		}
		if e.Private == nil || r.takenFor(op, slot) {
			continue
		}
		keys, err := r.keysUnder(slot, id, e.Certificate.Key)
		if err != nil || len(keys) == 0 {
			return false, err
		}
	}
	all := make([]bool, len(entries))
	for i, e := range entries {
		all[i] = true
		if err := r.noteEntry(op, slot, e); err != nil {
			return false, err
		}
	}
	if op.Returns != "" {
		r.result.Outputs[op.Returns] = outcome(all)
	}
	return true, nil
}

// outcome says of each entry of a list whether it is on the token.
func outcome(there []bool) string {
	var out []string
	for i, t := range there {
		state := "written"
		if !t {
			state = "not written"
		}
		out = append(out, fmt.Sprintf("%d=%s", i+1, state))
	}
	return strings.Join(out, ";")
}

// putList writes certificates and private keys. With Any, what does not fit is
// left out, but never the first one; any other failure ends the run.
func (r *run) putList(op *plan.Op, slot string, record *Record) error {
	entries, err := r.list(op)
	if err != nil {
		return err
	}
	var written []bool
	for i, e := range entries {
		tried, err := r.putEntry(op, slot, e)
		there := err == nil
		if err != nil && i > 0 && op.Any && unfit(err) {
			there, err = r.leaveOut(slot, e, tried)
		}
		if err != nil {
			if inner, ok := err.(*Error); ok && inner.Message == "" {
				inner.Message = fmt.Sprintf("entry %d of the list", i+1)
			}
			return err
		}
		written = append(written, there)
		if there {
			if err := r.noteEntry(op, slot, e); err != nil {
				return err
			}
		}
	}
	if op.Returns != "" {
		r.result.Outputs[op.Returns] = outcome(written)
	}
	record.Beside, err = r.writtenBeside(op, slot)
	return err
}

// noteEntry puts an entry that is on the token into the result.
func (r *run) noteEntry(op *plan.Op, slot string, e ListEntry) error {
	id, err := r.certificateID(e.Certificate)
	if err == nil {
		display := e.Certificate.Display
		r.result.Objects = append(r.result.Objects, ResultObject{Application: op.Application, Slot: slot, Label: display.Subject, ID: hex.EncodeToString(id), Certificate: &display})
	}
	return err
}

// unfit reports whether an entry failed because the token does not take it, and not
// because something is wrong.
func unfit(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Call == "C_CreateObject" && e.CKR.Unfit()
}

// leaveOut sees to it that an entry which did not fit leaves no key of this run
// without its certificate. Both may be there all the same, where only the answer was
// wrong.
func (r *run) leaveOut(slot string, e ListEntry, triedKey bool) (there bool, err error) {
	id, err := r.Issuer.KeyID(e.Certificate.Key)
	if err != nil {
		return false, nil // nothing was written of it
	}
	if there, err := r.certificateThere(slot, id, fingerprintOf(e.Certificate.DER)); err != nil || there || !triedKey {
		return there, err
	}
	keys, err := r.token(slot).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
	if err != nil {
		return false, err
	}
	for _, o := range keys {
		if err := r.token(slot).DestroyObject(r.ctx, o); err != nil {
			return false, err
		}
	}
	return false, nil
}

// keylessOf are the CKA_IDs of a list's entries that have no private key yet.
func (r *run) keylessOf(op *plan.Op, slot string) ([]string, error) {
	if !op.Any || r.at(slot).user != "user" {
		return nil, nil // nothing is left out, or private keys do not show
	}
	entries, err := r.list(op)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		id, err := r.certificateID(e.Certificate)
		if err != nil {
			return nil, err
		}
		if e.Private == nil {
			continue
		}
		there, err := r.token(slot).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
		if err != nil {
			return nil, err
		}
		if len(there) == 0 {
			out = append(out, hex.EncodeToString(id))
		}
	}
	return out, nil
}

// putEntry writes one entry; triedKey says that a private key was, or may have
// been, written for it, by this run or by the one that was cut off.
func (r *run) putEntry(op *plan.Op, slot string, e ListEntry) (triedKey bool, err error) {
	id, err := r.certificateID(e.Certificate)
	if err != nil {
		return false, err
	}
	label := e.Certificate.Display.Subject
	if e.Private != nil {
		there, err := r.keysUnder(slot, id, e.Certificate.Key)
		if err != nil {
			return false, err
		}
		triedKey = len(there) == 0 || r.keyless[op.ID+" "+hex.EncodeToString(id)]
		if len(there) == 0 {
			if err := r.putPrivateKey(slot, label, id, e); err != nil {
				return true, err
			}
		}
	}
	if there, err := r.certificateThere(slot, id, fingerprintOf(e.Certificate.DER)); err != nil || there {
		return triedKey, err
	}
	return triedKey, r.writeCertificate(slot, label, id, e.Certificate)
}

// putPrivateKey imports a private key and reads back that it cannot be read.
func (r *run) putPrivateKey(slot, label string, id []byte, e ListEntry) error {
	t := r.token(slot)
	use := []Attribute{Bool(CKASign, true), Bool(CKADecrypt, true)}
	if e.Certificate.Key.Type != CKKRSA {
		use = []Attribute{Bool(CKASign, true), Bool(CKADerive, true)}
	}
	object, err := t.CreateObject(r.ctx, append(append([]Attribute{Ulong(CKAClass, CKOPrivateKey), Ulong(CKAKeyType, e.Certificate.Key.Type), Bool(CKAToken, true),
		Bool(CKAPrivate, true), Bool(CKASensitive, true), Bool(CKAExtractable, false), Text(CKALabel, label), Bytes(CKAID, id), Bytes(CKASubject, e.Certificate.Subject)}, use...), e.Private()...))
	if err != nil {
		return err
	}
	want := append([]Attribute{Text(CKALabel, label), Bytes(CKAID, id), Bool(CKALocal, false)}, importedMustBe(r.Plan.Facts())...)
	read, err := t.Attributes(r.ctx, object, typesOf(want)...)
	if err != nil {
		return err
	}
	if err := compare("imported private key", want, read); err != nil {
		return err
	}
	kind := "EC"
	if e.Certificate.Key.Type == CKKRSA {
		kind = "RSA"
	}
	return r.cannotBeRead(slot, object, kind)
}

// importedMustBe is how an imported private key must be guarded, but for what the
// profile says that the token does not tell.
func importedMustBe(facts *profile.Profile) []Attribute {
	must := []Attribute{Bool(CKAPrivate, true), Bool(CKAExtractable, false)}
	if facts.Is(profile.HonestKeys) != profile.No {
		must = append(must, Bool(CKASensitive, true))
	}
	return must
}
