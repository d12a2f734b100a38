package exec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"

	"inscribe/check/profile"
	"inscribe/plan"
)

// lookKey finds the key pair of an application, as a second run would: by what
// the journal noted, else by its label, and holds it against the op.
func (v *verifier) lookKey(op *plan.Op, slot string, f *Finding) error {
	label, err := v.label(op)
	if err != nil {
		f.notSeen("the key: its label has fields without a value")
		return nil
	}
	item := v.findKey(op, label, f)
	if item == nil {
		return v.lookRest(op, slot, label, f)
	}
	item.claimed = op.Application
	w := v.workOf(op)
	w.public, w.id = item.Public, item.id
	id, err := v.Issuer.KeyID(item.Public)
	if err != nil {
		f.differ("the public key cannot be read: %v", err)
		return nil
	}
	facts := v.Plan.Facts()
	if !bytes.Equal(id, item.id) && facts.Is(profile.FreeKeyID) != profile.No {
		f.differ("CKA_ID of the public key is %s instead of %x, which the key makes", item.ID, id)
	}
	if item.Label != label && facts.Is(profile.FreeLabel) != profile.No {
		f.differ("the public key's label is %q instead of %q", item.Label, label)
	}
	if want := op.Key.Short(); item.Key != want {
		f.differ("the key is %s instead of %s", item.Key, want)
	}
	return v.lookPrivate(op, slot, label, item, f)
}

// lookRest looks for what is left of a key whose public one is not there: by what the
// journal noted, else by the label. Its certificate then tells the public key.
func (v *verifier) lookRest(op *plan.Op, slot, label string, f *Finding) error {
	noted := v.earlier[op.ID].KeyID
	rest := Item{}
	for _, i := range v.items {
		fits := i.ID == noted
		if noted == "" {
			fits = i.Label == label && i.claimed == "" && !v.notedByOther(op, i.ID)
		}
		if fits && (i.Class == className(CKOPrivateKey) || i.Class == className(CKOCertificate)) {
			rest.ID, rest.id = i.ID, i.id
			break
		}
	}
	if len(rest.id) == 0 {
		return nil
	}
	w := v.workOf(op)
	w.id = rest.id
	for _, c := range v.certificates(rest.id) {
		if c.cert == nil {
			continue
		}
		if id, err := v.Issuer.KeyID(c.cert.Key); err == nil && bytes.Equal(id, rest.id) {
			w.public = c.cert.Key
		}
	}
	return v.lookPrivate(op, slot, label, &rest, f)
}

// lookPrivate holds the private key against what a generated one must be.
func (v *verifier) lookPrivate(op *plan.Op, slot, label string, public *Item, f *Finding) error {
	if v.sealed != "" {
		f.notSeen("the private key: %s", v.sealed)
		return nil
	}
	var found []*Item
	for _, i := range v.items {
		if i.Class == className(CKOPrivateKey) && bytes.Equal(i.id, public.id) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		f.differ("the private key of CKA_ID %s is gone", public.ID)
		return nil
	}
	if len(found) > 1 {
		f.differ("%d private keys share CKA_ID %s", len(found), public.ID)
	}
	found[0].claimed = op.Application
	decrypt, err := v.Issuer.Decrypts(op.Template)
	if err != nil {
		return err
	}
	want := mustBe(v.Plan.Facts(), op.Key, label, public.id, decrypt)
	got, err := v.token(slot).Attributes(v.ctx, found[0].object, typesOf(want)...)
	if err != nil {
		return err
	}
	for _, d := range differences(want, got) {
		f.differ("private key: %s", d)
	}
	if k := v.workOf(op).public; len(k.Modulus)+len(k.Point) > 0 {
		v.lookBelonging(found[0], k, "", f)
	}
	return v.readable(slot, found[0].object, op.Key.Type, f)
}

// lookBelonging holds a private key against the public one, as far as the token tells.
func (v *verifier) lookBelonging(private *Item, public PublicKey, whose string, f *Finding) {
	switch v.belonging(private.Public, public) {
	case foreign:
		f.differ("the private key%s was replaced: it is not the one of the public key (CKA_ID %s)", whose, private.ID)
	case untold:
		f.note("the token does not tell whether the private key%s is the one of the public key, and nothing is signed to find out", whose)
	}
}

// readable asks for the private part itself, as a run does with a new key.
func (v *verifier) readable(slot string, private Object, kind string, f *Finding) error {
	err := v.cannotBeRead(slot, private, kind)
	var e *Error
	if errors.As(err, &e) && e.CKR == CKROK && e.Kind == Device && e.Cause == nil {
		f.differ("%s", e.Message)
		return nil
	}
	return err
}

// findKey chooses the public key of an op. What the journal noted comes first.
// Without it a key that fits and has its certificate goes before one that only
// has the label.
func (v *verifier) findKey(op *plan.Op, label string, f *Finding) *Item {
	if noted := v.earlier[op.ID].KeyID; noted != "" {
		for _, i := range v.items {
			if i.Class == className(CKOPublicKey) && i.ID == noted {
				return i
			}
		}
		if v.restOf(noted) {
			f.differ("the public key that was put there (CKA_ID %s) is gone", noted)
			return nil
		}
		f.differ("the key that was put there (CKA_ID %s) is gone", noted)
	}
	var best *Item
	most := -1
	for _, i := range v.items {
		if i.Class != className(CKOPublicKey) || i.Label != label || i.claimed != "" || v.notedByOther(op, i.ID) {
			continue
		}
		points := 0
		if id, err := v.Issuer.KeyID(i.Public); err == nil && bytes.Equal(id, i.id) {
			points++
		}
		if i.Key == op.Key.Short() {
			points += 2
		}
		for _, c := range v.certificates(i.id) {
			if c.cert != nil && v.Issuer.SameKey(c.cert.Key, i.Public) {
				points += 4
			}
		}
		if points > most {
			best, most = i, points
		}
	}
	switch {
	case best == nil && f.Differs == nil:
		f.differ("there is no public key with the label %q", label)
	case best != nil && f.Differs != nil:
		f.differ("another key with the label %q is in its place (CKA_ID %s)", label, best.ID)
	}
	return best
}

// restOf reports whether a private key or a certificate of a CKA_ID is there.
func (v *verifier) restOf(id string) bool {
	return slices.ContainsFunc(v.items, func(i *Item) bool {
		return i.ID == id && (i.Class == className(CKOPrivateKey) || i.Class == className(CKOCertificate))
	})
}

// notedByOther reports whether the journal gives a key to another op.
func (v *verifier) notedByOther(op *plan.Op, id string) bool {
	for _, rec := range v.earlier {
		if rec.KeyID == id && rec.ID != op.ID && plan.Kind(rec.Op) == plan.GenKey {
			return true
		}
	}
	return false
}

func (v *verifier) certificates(id []byte) []*Item {
	var out []*Item
	for _, i := range v.items {
		if i.Class == className(CKOCertificate) && bytes.Equal(i.id, id) {
			out = append(out, i)
		}
	}
	return out
}

// certificateOf finds the certificate beside the key of an application: the one
// that the journal noted, else the only one, else the first for that key.
func (v *verifier) certificateOf(op *plan.Op) *Item {
	w := v.work[op.Application]
	if w == nil || w.id == nil {
		return nil
	}
	found := v.certificates(w.id)
	for _, c := range found {
		if c.cert != nil && fingerprintOf(c.cert.DER) == v.earlier[v.putOf(op)].Fingerprint {
			return c
		}
	}
	for _, c := range found {
		if c.cert != nil && v.Issuer.SameKey(c.cert.Key, w.public) {
			return c
		}
	}
	if len(found) > 0 {
		return found[0]
	}
	return nil
}

// lookContents holds what a certificate says against its template.
func (v *verifier) lookContents(op *plan.Op, slot string, f *Finding) error {
	item := v.certificateOf(op)
	switch {
	case item == nil || item.cert == nil:
		f.notSeen("what the certificate says: there is none to be read")
		return nil
	case v.o.Matcher == nil:
		f.notSeen("what the certificate says: nothing is known of its template")
		return nil
	}
	req := v.certificateRequest(op, slot)
	req.Key = v.workOf(op).public
	err := v.o.Matcher.Matches(req, *item.cert)
	var e *Error
	switch {
	case err == nil:
	case errors.As(err, &e) && e.Kind == Device:
		f.differ("%s", err)
	default:
		f.notSeen("what the certificate says: %v", err)
	}
	return nil
}

// lookCertificate holds a certificate object against what was written.
func (v *verifier) lookCertificate(op *plan.Op, slot string, f *Finding) error {
	if op.Certificate != nil {
		return v.lookGiven(op, slot, f)
	}
	w := v.workOf(op)
	if _, err := v.label(op); err != nil && w.id == nil {
		f.notSeen("the certificate: the label of its key has fields without a value")
		return nil
	}
	if w.id == nil {
		f.differ("there is no certificate, since its key is not there")
		return nil
	}
	item := v.certificateOf(op)
	if item == nil {
		f.differ("there is no certificate beside the key (CKA_ID %x)", w.id)
		return nil
	}
	if n := len(v.certificates(w.id)); n > 1 && !v.AllowExisting {
		f.differ("%d certificates share CKA_ID %x", n, w.id)
	}
	if item.cert == nil {
		f.differ("the certificate cannot be read: %s", item.Damage)
		return nil
	}
	if noted := v.earlier[op.ID].Fingerprint; noted != "" && noted != fingerprintOf(item.cert.DER) {
		f.differ("the certificate was replaced: its SHA-256 is %s instead of %s", fingerprintOf(item.cert.DER), noted)
	}
	if !v.Issuer.SameKey(item.cert.Key, w.public) {
		f.differ("the certificate is for another public key than the one beside it")
	}
	label, err := v.label(op)
	if err != nil {
		f.notSeen("the certificate's label: it has fields without a value")
		label = item.Label
	}
	return v.lookBeside(item, *item.cert, slot, label, w.id, f)
}

// lookBeside holds the attributes of a certificate object against the
// certificate in it.
func (v *verifier) lookBeside(item *Item, cert Certificate, slot, label string, id []byte, f *Finding) error {
	item.claimed = "a certificate of the plan"
	if label == "" {
		label = cert.Display.Subject
	}
	want := []Attribute{Text(CKALabel, label), Bytes(CKAID, id), Bytes(CKASubject, cert.Subject), Bytes(CKAIssuer, cert.Issuer), Bytes(CKASerialNumber, cert.Serial)}
	got, err := v.token(slot).Attributes(v.ctx, item.object, typesOf(want)...)
	if err != nil {
		return err
	}
	for _, d := range differences(want, got) {
		f.differ("certificate: %s", d)
	}
	if v.expired(cert) {
		f.note("the certificate expired on %s", cert.Display.NotAfter)
	}
	return nil
}

// lookGiven looks for a certificate that a field holds.
func (v *verifier) lookGiven(op *plan.Op, slot string, f *Finding) error {
	if _, given := v.Inputs.Text[op.Certificate.Field]; !given {
		f.notSeen("the certificate: no value was given for %s", op.Certificate.Words())
		return nil
	}
	cert, err := v.given(op)
	if err != nil {
		return err
	}
	id, err := v.Issuer.KeyID(cert.Key)
	if err != nil {
		return &Error{Kind: Refused, Message: "the certificate of " + op.Certificate.Words(), Cause: err}
	}
	label, err := v.label(op)
	if err != nil {
		return err
	}
	if err := v.lookFor(cert, slot, label, id, "the certificate of "+op.Certificate.Words(), f); err != nil {
		return err
	}
	return v.lookStrangers(op, slot, f)
}

// lookStrangers finds certificates that a run would refuse to write beside.
func (v *verifier) lookStrangers(op *plan.Op, slot string, f *Finding) error {
	if v.AllowExisting {
		return nil
	}
	for other := range v.due {
		if _, err := v.givenTo(other); err != nil {
			return nil // what nobody gave may be among them
		}
	}
	found, err := v.strangersTo(op, slot)
	for _, s := range found {
		if v.beside[s.fingerprint] {
			f.note("%s; --existing add said to write beside it", s.says)
		} else {
			f.differ("%s", s.says)
		}
	}
	return err
}

// lookFor looks for one certificate by its bytes.
func (v *verifier) lookFor(cert Certificate, slot, label string, id []byte, what string, f *Finding) error {
	for _, c := range v.certificates(id) {
		if c.cert != nil && bytes.Equal(c.cert.DER, cert.DER) {
			return v.lookBeside(c, cert, slot, label, id, f)
		}
	}
	f.differ("%s is not there (CKA_ID %x, SHA-256 %s)", what, id, fingerprintOf(cert.DER))
	return nil
}

// lookList looks for the certificates and private keys of a list.
func (v *verifier) lookList(op *plan.Op, slot string, f *Finding) error {
	if !v.Inputs.Secrets[op.List.Field].IsSet() {
		f.notSeen("the list: no value was given for %s", op.List.Words())
		return nil
	}
	entries, err := v.list(op)
	if err != nil {
		return err
	}
	for n, e := range entries {
		if op.Any && n > 0 {
			f.note("of the list only the first entry must be there")
			break
		}
		id, err := v.Issuer.KeyID(e.Certificate.Key)
		if err != nil {
			return &Error{Kind: Refused, Message: "the certificate's key", Cause: err}
		}
		if err := v.lookFor(e.Certificate, slot, e.Certificate.Display.Subject, id, "the certificate for "+e.Certificate.Display.Subject, f); err != nil {
			return err
		}
		if e.Private == nil {
			continue
		}
		if v.sealed != "" {
			f.notSeen("the private key for %s: %s", e.Certificate.Display.Subject, v.sealed)
			continue
		}
		if err := v.lookImported(slot, e, id, f); err != nil {
			return err
		}
	}
	return v.lookStrangers(op, slot, f)
}

func (v *verifier) lookImported(slot string, e ListEntry, id []byte, f *Finding) error {
	for _, i := range v.items {
		if i.Class != className(CKOPrivateKey) || !bytes.Equal(i.id, id) {
			continue
		}
		i.claimed = "a list"
		want := importedMustBe(v.Plan.Facts())
		got, err := v.token(slot).Attributes(v.ctx, i.object, typesOf(want)...)
		if err != nil {
			return err
		}
		for _, d := range differences(want, got) {
			f.differ("private key for %s: %s", e.Certificate.Display.Subject, d)
		}
		v.lookBelonging(i, e.Certificate.Key, " for "+e.Certificate.Display.Subject, f)
		return nil
	}
	f.differ("the private key for %s is not there (CKA_ID %s)", e.Certificate.Display.Subject, hex.EncodeToString(id))
	return nil
}

// lookData looks for a data object that is equal in all of it, and says of one
// that only has the label what differs.
func (v *verifier) lookData(op *plan.Op, slot string, f *Finding) error {
	if _, given := v.Inputs.Text[op.Data.Field]; !given {
		f.notSeen("the data object: no value was given for %s", op.Data.Words())
		return nil
	}
	want, err := v.dataAttributes(op)
	if err != nil {
		return err
	}
	var differ []string
	for _, i := range v.items {
		if i.Class != className(CKOData) || i.Label != string(want[0].Value) {
			continue
		}
		got, err := v.token(slot).Attributes(v.ctx, i.object, typesOf(want)...)
		if err != nil {
			return err
		}
		d := differences(want, got)
		if d == nil {
			return nil
		}
		differ = d
	}
	switch {
	case differ != nil:
		for _, d := range differ {
			f.differ("data object %q: %s", want[0].Value, d)
		}
	case v.sealed != "" && mayBePrivate(want):
		f.notSeen("the data object %q, which may be private: %s", want[0].Value, v.sealed)
	default:
		f.differ("there is no data object with the label %q", want[0].Value)
	}
	return nil
}

// mayBePrivate reports whether a data object shows only after a login. Where the
// description does not say, the token decides.
func mayBePrivate(attributes []Attribute) bool {
	for _, a := range attributes {
		if a.Type == CKAPrivate {
			return a.AsBool()
		}
	}
	return true
}

// strangers finds keys and certificates that carry the label of a key of the plan and
// that no run of it put there. A run would refuse to write beside them.
func (v *verifier) strangers(slot string) {
	if v.AllowExisting {
		return
	}
	for op, s := range v.due {
		if op.Kind != plan.GenKey || s != slot {
			continue
		}
		label, err := v.label(op)
		if err != nil {
			continue
		}
		for _, i := range v.items {
			if i.Class == className(CKOData) || i.Label != label || i.claimed != "" || v.ours(i.id) {
				continue
			}
			i.claimed = "a stranger"
			if v.beside[i.ID] {
				v.findings[op.ID].note("another %s with the label %q stands beside it (CKA_ID %s), as --existing add said", i.Class, label, i.ID)
				continue
			}
			v.findings[op.ID].differ("another %s with the label %q is on the token, which this description did not put there (CKA_ID %s)", i.Class, label, i.ID)
		}
	}
}
