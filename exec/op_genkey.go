package exec

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"inscribe/check/profile"
	"inscribe/plan"
)

// genKey generates a key pair, gives it the CKA_ID that its public key makes,
// and reads back what the token made of it. A key that an interrupted run left
// behind is used instead.
func (r *run) genKey(op *plan.Op, slot string, record *Record) error {
	t := r.tokens[slot]
	label, err := r.label(op)
	if err != nil {
		return err
	}
	w := r.workOf(op)
	// Whatever its template says, the key signs its own PKCS#10.
	_, decrypt, err := r.Issuer.KeyUsage(op.Template)
	if err != nil {
		return err
	}
	var public, private Object
	if r.began[op.ID] {
		var rest []stray
		if public, private, rest, err = r.orphan(slot, label); err != nil {
			return err
		}
		for _, s := range rest {
			if err := r.tokens[s.slot].DestroyObject(r.ctx, s.object); err != nil {
				return err
			}
		}
	}
	if private == 0 {
		if err := r.foreign(op, slot, CKOPrivateKey); err != nil {
			return err
		}
		mechanism, pub, priv := keyTemplates(op.Key, label, decrypt, r.Plan.Facts())
		public, private, err = t.GenerateKeyPair(r.whileGenerating(op.Key), mechanism, pub, priv)
		if err != nil {
			return r.oneLogin(err, slot)
		}
		w.made = true
	}
	w.private, w.slot = private, slot
	if w.public, err = readKey(r.ctx, t, public, keyType(op.Key)); err != nil {
		return err
	}
	if w.id, err = r.Issuer.KeyID(w.public); err != nil {
		return &Error{Kind: Device, Call: "C_GetAttributeValue", Message: err.Error()}
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
	record.KeyID, record.Label = hex.EncodeToString(w.id), label
	r.noteObject(op, slot, label, w.id, nil)
	return nil
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
	attrs, err := r.tokens[slot].Attributes(r.ctx, private, typesOf(want)...)
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
	attrs, err := r.tokens[slot].Attributes(r.ctx, private, part)
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
	if r.user[other] != "user" {
		return nil
	}
	found, err := r.tokens[other].FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
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
	if e, ok := err.(*Error); ok && e.CKR == CKRGeneralError && slot == plan.Signature && r.user[plan.Default] != "user" {
		e.Message = "the module does not say why; on some cards a key in the signature slot needs the login of the default slot as well, and this run has only that of the signature slot"
		e.Advice = "give PIN for the default slot, and take a profile whose signature-key-needs-both-logins is yes"
	}
	return err
}

// stray is an object that is to be removed.
type stray struct {
	slot   string
	object Object
}

// orphan finds the key pair that an interrupted generation left. Where it left
// less than a pair, private is 0 and rest is what to remove. A module makes the two
// keys one after the other, and may give them CKA_IDs of its own, which then differ
// for a moment.
func (r *run) orphan(slot, label string) (public, private Object, rest []stray, err error) {
	t := r.tokens[slot]
	found, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPublicKey), Text(CKALabel, label)})
	if err != nil {
		return 0, 0, nil, err
	}
	var publics, privates []Object
	var id []byte
	for _, p := range found {
		madeID, left, err := r.leftover(slot, p)
		if err != nil {
			return 0, 0, nil, err
		}
		if left {
			publics, id = append(publics, p), madeID
		}
	}
	if found, err = t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Text(CKALabel, label)}); err != nil {
		return 0, 0, nil, err
	}
	for _, p := range found {
		attrs, err := t.Attributes(r.ctx, p, CKAID)
		if err != nil {
			return 0, 0, nil, err
		}
		left, err := r.unclaimed(slot, attrs[0].Value, id)
		if err != nil {
			return 0, 0, nil, err
		}
		if left {
			privates = append(privates, p)
		}
	}
	if len(publics) == 1 && len(privates) == 1 {
		return publics[0], privates[0], nil, nil
	}
	if r.AllowExisting {
		return 0, 0, nil, nil
	}
	if rest, err = r.astray(slot, label); err != nil {
		return 0, 0, nil, err
	}
	for _, o := range append(publics, privates...) {
		rest = append(rest, stray{slot, o})
	}
	return 0, 0, rest, nil
}

// astray finds public keys of an interrupted generation in the other slot of the
// same card: some modules show a public key that has no private one, be it for a
// moment, in the card's first slot.
func (r *run) astray(slot, label string) ([]stray, error) {
	other := otherSlot(slot)
	t := r.tokens[other]
	if !r.session[other] || !r.sameCard(slot, other) {
		return nil, nil
	}
	publics, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPublicKey), Text(CKALabel, label)})
	if err != nil {
		return nil, err
	}
	var out []stray
	for _, p := range publics {
		made, left, err := r.leftover(other, p)
		if err != nil {
			return nil, err
		}
		attrs, err := t.Attributes(r.ctx, p, CKAID)
		if err != nil {
			return nil, err
		}
		privates, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, attrs[0].Value)})
		if err != nil {
			return nil, err
		}
		// Its CKA_ID is the one that this plan gives; others are not ours to remove.
		if left && len(privates) == 0 && bytes.Equal(attrs[0].Value, made) {
			out = append(out, stray{other, p})
		}
	}
	return out, nil
}

// leftover reports whether a public key can be what an interrupted generation
// left: no run of this plan noted it, and no certificate is for it. id is the
// CKA_ID that it makes.
func (r *run) leftover(slot string, public Object) (id []byte, left bool, err error) {
	t := r.tokens[slot]
	key, err := readPublicKey(r.ctx, t, public)
	if err != nil {
		return nil, false, err
	}
	if id, err = r.Issuer.KeyID(key); err != nil || r.ours(id) {
		return nil, false, nil // a key of a kind that this plan does not make
	}
	attrs, err := t.Attributes(r.ctx, public, CKAID)
	if err != nil {
		return nil, false, err
	}
	if left, err = r.unclaimed(slot, attrs[0].Value, id); err != nil || !left {
		return nil, false, err
	}
	certificates, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOCertificate), Bytes(CKAID, id)})
	return id, len(certificates) == 0, err
}

// unclaimed reports whether a key under this CKA_ID can be what an interrupted
// generation left. made is the CKA_ID that the key makes. Keys of the label that
// were there before would have stopped the interrupted run, unless it was told to
// add to them: then only a key without a CKA_ID, or with the one that this plan
// gives, is taken for its own.
func (r *run) unclaimed(slot string, id, made []byte) (bool, error) {
	if len(id) == 0 || bytes.Equal(id, made) {
		return true, nil
	}
	if r.AllowExisting || r.ours(id) {
		return false, nil
	}
	certificates, err := r.tokens[slot].FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOCertificate), Bytes(CKAID, id)})
	return len(certificates) == 0, err
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
