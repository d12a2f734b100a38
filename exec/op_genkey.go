package exec

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"inscribe/check/profile"
	"inscribe/plan"
)

// genKey generates a key pair. One that an interrupted run left is used instead, and
// removed where it cannot be; what others put beside it stops the run before.
func (r *run) genKey(op *plan.Op, slot string, record *Record) error {
	t := r.token(slot)
	label, err := r.label(op)
	if err != nil {
		return err
	}
	// Whatever its template says, the key signs its own PKCS#10.
	decrypt, err := r.Issuer.Decrypts(op.Template)
	if err != nil {
		return err
	}
	if err := r.foreign(op, slot, CKOPrivateKey); err != nil {
		return err
	}
	public, private, rest, err := r.orphan(op, slot)
	if err != nil {
		return err
	}
	for _, s := range rest {
		if err := r.token(s.slot).DestroyObject(r.ctx, s.object); err != nil {
			return err
		}
	}
	if private != 0 {
		err := r.nameKey(op, slot, public, private, label, decrypt, record)
		if !r.torn(err) {
			return err
		}
		for _, o := range []Object{private, public} {
			if failed := t.DestroyObject(r.ctx, o); failed != nil {
				return err
			}
		}
	}
	if public, private, err = r.generate(op, slot, label, decrypt, record); err != nil {
		return r.oneLogin(err, slot)
	}
	r.workOf(op).made = true
	return r.nameKey(op, slot, public, private, label, decrypt, record)
}

// torn reports whether a pair that an interrupted run left cannot be used: a module
// that was killed inside the generation may have written a part of each key.
func (r *run) torn(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == Device && r.ctx.Err() == nil
}

// nameKey gives a key pair the CKA_ID that its public key makes, and reads back what
// the token made of it.
func (r *run) nameKey(op *plan.Op, slot string, public, private Object, label string, decrypt bool, record *Record) (err error) {
	t, w := r.token(slot), r.workOf(op)
	w.private, w.slot = private, slot
	if w.public, err = readKey(r.ctx, t, public, keyType(op.Key)); err != nil {
		return err
	}
	if w.id, err = r.Issuer.KeyID(w.public); err != nil {
		return &Error{Kind: Device, Call: "C_GetAttributeValue", Message: err.Error()}
	}
	if err := r.noteID(op, slot, record, w.id); err != nil {
		return err
	}
	for _, o := range []Object{public, private} {
		if err := t.SetAttributes(r.ctx, o, []Attribute{Bytes(CKAID, w.id)}); err != nil {
			return err
		}
	}
	if err := r.checkKey(op, slot, private, label, w.id, decrypt); err != nil {
		return err
	}
	if record.Beside, err = r.standsBeside(slot, label, w.id); err != nil {
		return err
	}
	record.Draft, record.KeyID, record.Label = "", hex.EncodeToString(w.id), label
	r.noteObject(op, slot, label, w.id, nil)
	return nil
}

// generate makes the key pair under the CKA_ID that the journal knows already, or
// without one on a token that does not take it.
func (r *run) generate(op *plan.Op, slot, label string, decrypt bool, record *Record) (public, private Object, err error) {
	t := r.token(slot)
	mechanism, pub, priv := keyTemplates(op.Key, label, decrypt, r.Plan.Facts())
	draft, err := hex.DecodeString(record.Draft)
	if err != nil {
		return 0, 0, err
	}
	id := Bytes(CKAID, draft)
	public, private, err = t.GenerateKeyPair(r.whileGenerating(op.Key), mechanism, append(slices.Clip(pub), id), append(slices.Clip(priv), id))
	var e *Error
	if !errors.As(err, &e) || !e.CKR.RefusesTemplate() {
		return public, private, err
	}
	made, failed := t.FindObjects(r.ctx, []Attribute{id})
	if failed != nil || len(made) > 0 {
		return 0, 0, err // it was made all the same: the next run finds it
	}
	// From here on nothing tells a key that this run leaves from another program's.
	record.Draft = ""
	if failed := r.noteStart(*record); failed != nil {
		return 0, 0, failed
	}
	return t.GenerateKeyPair(r.whileGenerating(op.Key), mechanism, pub, priv)
}

// keyTemplates are the attributes that a key pair is generated with: on the
// token, not to be read, and decrypting only where its certificate is for that.
// A token whose keys always do both is not told what they are for.
func keyTemplates(k *plan.Key, label string, decrypt bool, facts *profile.Profile) (m MechanismType, public, private []Attribute) {
	public = []Attribute{Bool(CKAToken, true), Bool(CKAPrivate, false), Text(CKALabel, label), Bool(CKAVerify, true)}
	private = []Attribute{Bool(CKAToken, true), Bool(CKAPrivate, true), Bool(CKASensitive, true), Bool(CKAExtractable, false),
		Text(CKALabel, label), Bool(CKASign, true)}
	free := facts.Is(profile.FreeUse) != profile.No
	if k.Type == "RSA" {
		public = append(public, Ulong(CKAModulusBits, uint64(k.Bits)), Bytes(CKAPublicExponent, []byte{1, 0, 1}))
		if free {
			public = append(public, Bool(CKAEncrypt, decrypt), Bool(CKAWrap, false))
			private = append(private, Bool(CKADecrypt, decrypt), Bool(CKAUnwrap, false))
		}
		return CKMRSAKeyPairGen, public, private
	}
	curve, _ := CurveNamed(k.Curve)
	public = append(public, Bytes(CKAECParams, curve.Params))
	if free {
		public = append(public, Bool(CKAEncrypt, false), Bool(CKAWrap, false))
		private = append(private, Bool(CKADerive, decrypt), Bool(CKADecrypt, false), Bool(CKAUnwrap, false))
	}
	return curve.KeyGen, public, private
}

// checkKey reads the private key back.
func (r *run) checkKey(op *plan.Op, slot string, private Object, label string, id []byte, decrypt bool) error {
	want := mustBe(r.Plan.Facts(), op.Key, label, id, decrypt)
	if r.blind(slot) { // what a key is for does not show beside it
		want = slices.DeleteFunc(want, func(a Attribute) bool { return a.Type == CKADecrypt || a.Type == CKADerive })
	}
	attrs, err := r.token(slot).Attributes(r.ctx, private, typesOf(want)...)
	if err != nil {
		return err
	}
	if err := compare("private key", want, attrs); err != nil {
		return err
	}
	if err := r.cannotBeRead(slot, private, op.Key.Type); err != nil {
		return err
	}
	return r.onlyHere(slot, id)
}

// cannotBeRead asks for the private part itself: some tokens say that a key is
// sensitive, and give it to whoever asks.
func (r *run) cannotBeRead(slot string, private Object, kind string) error {
	part := CKAValue
	if kind == "RSA" {
		part = CKAPrivateExponent
	}
	attrs, err := r.token(slot).Attributes(r.ctx, private, part)
	if err != nil {
		return err
	}
	if len(attrs) != 1 || len(attrs[0].Value) > 0 {
		for _, a := range attrs {
			clear(a.Value)
		}
		return &Error{Kind: Device, Call: "C_GetAttributeValue", Message: "the token says that the private key is sensitive, and gives it away when asked for it",
			Advice: "do not use this token: its keys can be copied; ask the vendor"}
	}
	return nil
}

// onlyHere demands that a new key is not seen under the login of the other slot:
// then the wrong PIN would guard it.
func (r *run) onlyHere(slot string, id []byte) error {
	other := otherSlot(slot)
	if r.at(other).user != "user" {
		return nil
	}
	found, err := r.token(other).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return &Error{Kind: Device, Call: "C_FindObjects", Message: "the new key of the " + slot + " slot can be used under the PIN of the " + other + " slot",
			Advice: "the two slots are not apart on this token; see that default.token and signature.token name its two slots, and ask the vendor"}
	}
	return nil
}

// mustBe is what a generated private key must read back as, but for what the
// profile says that the token does not tell, or does not let choose.
func mustBe(facts *profile.Profile, key *plan.Key, label string, id []byte, decrypt bool) []Attribute {
	use := CKADecrypt
	if key.Type != "RSA" {
		use = CKADerive
	}
	must := []Attribute{Text(CKALabel, label), Bytes(CKAID, id), Bool(CKAPrivate, true), Bool(CKAExtractable, false), Bool(CKASign, true)}
	if facts.Is(profile.HonestKeys) != profile.No {
		must = append(must, Bool(CKASensitive, true), Bool(CKAAlwaysSensitive, true), Bool(CKANeverExtractable, true))
	}
	if facts.Is(profile.TellsLocal) != profile.No {
		must = append(must, Bool(CKALocal, true))
	}
	if facts.Is(profile.FreeUse) != profile.No {
		must = append(must, Bool(use, decrypt))
	}
	return must
}

func typesOf(attributes []Attribute) []AttributeType {
	var types []AttributeType
	for _, a := range attributes {
		types = append(types, a.Type)
	}
	return types
}

// compare demands that what was read is what was written.
func compare(what string, want, got []Attribute) error {
	for i, w := range want {
		if i >= len(got) || got[i].Type != w.Type || !bytes.Equal(got[i].Value, w.Value) {
			return &Error{Kind: Device, Call: "C_GetAttributeValue", Message: fmt.Sprintf("the %s reads back with another %s than was written", what, attributeName(w.Type)),
				Advice: "this token does not keep what it is told; ask the vendor"}
		}
	}
	return nil
}

func attributeName(t AttributeType) string {
	names := map[AttributeType]string{CKALabel: "CKA_LABEL", CKAID: "CKA_ID", CKAPrivate: "CKA_PRIVATE", CKASensitive: "CKA_SENSITIVE",
		CKAExtractable: "CKA_EXTRACTABLE", CKAAlwaysSensitive: "CKA_ALWAYS_SENSITIVE", CKANeverExtractable: "CKA_NEVER_EXTRACTABLE",
		CKALocal: "CKA_LOCAL", CKASign: "CKA_SIGN", CKADecrypt: "CKA_DECRYPT", CKADerive: "CKA_DERIVE", CKAValue: "CKA_VALUE",
		CKASubject: "CKA_SUBJECT", CKAIssuer: "CKA_ISSUER", CKASerialNumber: "CKA_SERIAL_NUMBER"}
	if n, ok := names[t]; ok {
		return n
	}
	return fmt.Sprintf("attribute 0x%x", uint64(t))
}

// oneLogin says of a module that fails without a reason in the signature slot
// what the reason is on some cards.
func (r *run) oneLogin(err error, slot string) error {
	if e, ok := err.(*Error); ok && e.CKR == CKRGeneralError && slot == plan.Signature && r.at(plan.Default).user != "user" {
		e.Message = "the module does not say why; on some cards a key in the signature slot needs the login of the default slot as well, and this run has only that of the signature slot"
		e.Advice = "give PIN for the default slot, and take a profile whose signature-key-needs-both-logins is yes"
	}
	return err
}

// readPublicKey reads a public key object of any kind.
func readPublicKey(ctx context.Context, t Token, o Object) (PublicKey, error) {
	kind, err := t.Attributes(ctx, o, CKAKeyType)
	if err != nil {
		return PublicKey{}, err
	}
	return readKey(ctx, t, o, kind[0].AsUlong())
}

// readKey reads a public key object of a kind that is known, in one call.
func readKey(ctx context.Context, t Token, o Object, kind uint64) (PublicKey, error) {
	parts := []AttributeType{CKAKeyType, CKAECParams, CKAECPoint}
	if kind == CKKRSA {
		parts = []AttributeType{CKAKeyType, CKAModulus, CKAPublicExponent}
	}
	a, err := t.Attributes(ctx, o, parts...)
	if err != nil {
		return PublicKey{}, err
	}
	k := PublicKey{Type: a[0].AsUlong()}
	switch {
	case k.Type != kind:
		return k, &Error{Kind: Device, Call: "C_GetAttributeValue", Message: fmt.Sprintf("the token made a key of type 0x%x, and was asked for one of type 0x%x", k.Type, kind), Advice: "ask the vendor of the token"}
	case kind == CKKRSA:
		k.Modulus, k.Exponent = a[1].Value, a[2].Value
	default:
		k.Params, k.Point = a[1].Value, a[2].Value
	}
	return k, nil
}

// keyType is the CKA_KEY_TYPE of the kind of key that an op makes.
func keyType(k *plan.Key) uint64 {
	if curve, ok := CurveNamed(k.Curve); ok {
		return curve.KeyType
	}
	return CKKRSA
}
