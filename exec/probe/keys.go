package probe

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
)

func decimal(n int) string { return strconv.Itoa(n) }

// name is the label of all that the script makes.
const name = "inscribe probe"

// kind is a kind of key pair.
type kind struct {
	words string
	bits  int        // of RSA
	curve exec.Curve // else
}

// generate makes a key pair with more attributes for its private half.
func (p *prober) generate(k kind, private ...exec.Attribute) (pub, priv exec.Object, rv exec.CKR) {
	return p.generateOn(p.token, k, nil, private)
}

// generateOn makes a key pair on a token with more attributes for its halves.
func (p *prober) generateOn(t exec.Token, k kind, morePublic, morePrivate []exec.Attribute) (pub, priv exec.Object, rv exec.CKR) {
	public := []exec.Attribute{exec.Bool(exec.CKAToken, true), exec.Bool(exec.CKAPrivate, false), exec.Text(exec.CKALabel, name), exec.Bool(exec.CKAVerify, true)}
	private := []exec.Attribute{exec.Bool(exec.CKAToken, true), exec.Bool(exec.CKAPrivate, true), exec.Bool(exec.CKASensitive, true),
		exec.Text(exec.CKALabel, name), exec.Bool(exec.CKASign, true)}
	mechanism := exec.CKMRSAKeyPairGen
	if k.bits > 0 {
		public = append(public, exec.Ulong(exec.CKAModulusBits, uint64(k.bits)), exec.Bytes(exec.CKAPublicExponent, []byte{1, 0, 1}))
	} else {
		public = append(public, exec.Bytes(exec.CKAECParams, k.curve.Params))
		mechanism = k.curve.KeyGen
	}
	pub, priv, err := t.GenerateKeyPair(p.ctx, mechanism, append(public, morePublic...), append(private, morePrivate...))
	return pub, priv, p.rv(err)
}

// works reports whether a key pair can be generated under the user's login, and
// is of the kind that was asked for. It is destroyed again.
func (p *prober) works(k kind) (bool, exec.CKR) {
	pub, priv, rv := p.generate(k)
	if rv != exec.CKROK {
		return false, rv
	}
	as := true
	if k.bits > 0 {
		a, err := p.token.Attributes(p.ctx, pub, exec.CKAModulus)
		p.must(err)
		as = new(big.Int).SetBytes(a[0].Value).BitLen() == k.bits
	} else {
		a, err := p.token.Attributes(p.ctx, pub, exec.CKAECPoint)
		p.must(err)
		as = len(a[0].Value) >= int(k.curve.Bits)/8
	}
	if !as {
		p.note("the token generates another key than %s, and reports success", k.words)
	}
	p.destroy(pub, priv)
	return as, rv
}

func (p *prober) destroy(objects ...exec.Object) {
	for _, o := range objects {
		p.rv(p.token.DestroyObject(p.ctx, o))
	}
}

// rsaTried are the sizes of RSA keys that are generated. Larger ones take a token
// minutes, and are believed.
var rsaTried = []int{1024, 2048, 3072, 4096}

// keys finds key types, sizes and curves.
func (p *prober) keys() {
	p.need("")
	if _, _, rv := p.generate(kind{words: "RSA 2048", bits: 2048}); rv == exec.CKROK {
		p.note("flags or login lie: a private key can be generated with nobody logged in")
	}
	p.need("user")
	offered, err := p.token.Mechanisms(p.ctx)
	p.must(err)
	limits := map[exec.MechanismType]exec.Mechanism{}
	for _, m := range offered {
		limits[m.Type] = m
	}
	p.rsa(limits[exec.CKMRSAKeyPairGen])
	curves := []string{}
	for _, c := range exec.Curves() {
		ok, rv := p.works(kind{words: c.Name, curve: c})
		if ok {
			curves = append(curves, c.Name)
			continue
		}
		if _, listed := limits[c.KeyGen]; listed {
			p.note("%s: C_GenerateKeyPair answers %s, although its mechanism is offered", c.Name, rv)
		}
	}
	p.fact(profile.Curves, curves, "a key pair was generated on each, as user")
}

func (p *prober) rsa(claim exec.Mechanism) {
	var good, bad []int
	try := func(bits int) bool {
		ok, rv := p.works(kind{words: "RSA " + decimal(bits), bits: bits})
		if ok {
			good = append(good, bits)
		} else {
			bad = append(bad, bits)
			if bits >= int(claim.Min) && bits <= int(claim.Max) {
				p.note("RSA %d: C_GenerateKeyPair answers %s, although C_GetMechanismInfo offers %d to %d bits", bits, rv, claim.Min, claim.Max)
			}
		}
		return ok
	}
	sizes := append([]int{512}, rsaTried...)
	if least := int(claim.Min); least >= 256 && least < rsaTried[0] && least != 512 {
		sizes = append([]int{least}, sizes...)
	}
	for _, bits := range sizes {
		try(bits)
	}
	if good == nil {
		p.note("no RSA key could be generated")
		return
	}
	low, high := slices.Min(good), slices.Max(good)
	if p.bits = low; slices.Contains(good, 2048) {
		p.bits = 2048
	}
	if low > int(claim.Min) && low == slices.Min(sizes) {
		p.note("RSA keys of less than %d bits were not tried; C_GetMechanismInfo offers %d", low, claim.Min)
	} else {
		p.fact(profile.RSAMin, low, "keys of %v bits were generated, and of %v not; C_GetMechanismInfo says %d", good, bad, claim.Min)
	}
	top := slices.Max(sizes)
	switch {
	case high == top && claim.Max > largestClaim:
		p.note("RSA keys of more than %d bits were not tried; C_GetMechanismInfo offers %d, which is no limit", top, claim.Max)
		return
	case high == top && int(claim.Max) > top:
		high = int(claim.Max)
		p.note("RSA keys of more than %d bits were not tried; C_GetMechanismInfo offers up to %d", top, high)
	}
	p.fact(profile.RSAMax, high, "keys of %v bits were generated, and of %v not; C_GetMechanismInfo says %d", good, bad, claim.Max)
}

// largestClaim is the greatest size of an RSA key that is believed.
const largestClaim = 16384

// cheap is the kind of key that the other tries take.
func (p *prober) cheap() (kind, bool) {
	if curves, ok := p.result.Fact(profile.Curves).([]string); ok {
		for _, c := range curves {
			if found, known := exec.CurveNamed(c); known && found.KeyType == exec.CKKEC {
				return kind{words: c, curve: found}, true
			}
		}
	}
	return kind{words: "RSA", bits: p.bits}, p.bits > 0
}

// attributes finds which attributes a key takes, and which it keeps.
func (p *prober) attributes() {
	k, ok := p.cheap()
	if !ok {
		return
	}
	p.need("user")
	// As a run generates keys: not to be taken out.
	pub, priv, rv := p.generate(k, exec.Bool(exec.CKAExtractable, false))
	if rv != exec.CKROK {
		p.note("CKA_EXTRACTABLE is refused in the template of a private key: %s", rv)
		if pub, priv, rv = p.generate(k); rv != exec.CKROK {
			return
		}
	}
	read := func(t exec.AttributeType) []byte {
		a, err := p.token.Attributes(p.ctx, priv, t)
		p.must(err)
		return a[0].Value
	}
	p.free(profile.FreeKeyID, "CKA_ID", exec.CKAID, []byte{0xca, 0xfe, 0xba, 0xbe}, priv, read)
	p.free(profile.FreeLabel, "CKA_LABEL", exec.CKALabel, []byte("another label"), priv, read)
	var lies []string
	for _, t := range []exec.AttributeType{exec.CKAPrivate, exec.CKASensitive, exec.CKAAlwaysSensitive, exec.CKANeverExtractable} {
		if got := read(t); !bytes.Equal(got, []byte{1}) {
			p.note("a generated private key reads back with %s %x", attributeNames[t], got)
			if t != exec.CKAPrivate {
				lies = append(lies, attributeNames[t])
			}
		}
	}
	if lies == nil {
		p.fact(profile.HonestKeys, true, "CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE and CKA_NEVER_EXTRACTABLE of a generated private key are true")
	} else {
		p.fact(profile.HonestKeys, false, "%s of a generated private key read back as not true", strings.Join(lies, ", "))
	}
	local := read(exec.CKALocal)
	p.fact(profile.TellsLocal, bytes.Equal(local, []byte{1}), "CKA_LOCAL of a generated private key reads back as %x", local)
	for _, t := range []exec.AttributeType{exec.CKAPrivateExponent, exec.CKAValue} {
		if len(read(t)) > 0 {
			p.note("a private key that says it is sensitive gives its private part away")
		}
	}
	p.destroy(pub, priv)
	for _, a := range []exec.Attribute{exec.Bytes(exec.CKAID, []byte{1}), exec.Bool(exec.CKADecrypt, false), exec.Bool(exec.CKAUnwrap, false), exec.Bool(exec.CKADerive, false),
		exec.Bool(exec.CKAModifiable, true), exec.Bool(exec.CKACopyable, false), exec.Bool(exec.CKADestroyable, true), exec.Bool(exec.CKASignRecover, false)} {
		pub, priv, rv := p.generate(k, a)
		if rv != exec.CKROK {
			p.note("%s is refused in the template of a private key: %s", attributeNames[a.Type], rv)
			continue
		}
		p.destroy(pub, priv)
	}
	p.use(k)
}

// use finds whether a key can be kept to signing, by templates as a run has them.
func (p *prober) use(cheap kind) {
	no := func(types ...exec.AttributeType) (out []exec.Attribute) {
		for _, t := range types {
			out = append(out, exec.Bool(t, false))
		}
		return out
	}
	kinds := []kind{cheap}
	if cheap.bits == 0 && p.bits > 0 {
		kinds = append(kinds, kind{words: "RSA", bits: p.bits})
	}
	var seen []string
	for _, k := range kinds {
		private, use := no(exec.CKADecrypt, exec.CKAUnwrap), exec.CKADecrypt
		if k.bits == 0 {
			private, use = no(exec.CKADerive, exec.CKADecrypt, exec.CKAUnwrap), exec.CKADerive
		}
		pub, priv, rv := p.generateOn(p.token, k, no(exec.CKAEncrypt, exec.CKAWrap), private)
		if rv != exec.CKROK {
			p.fact(profile.FreeUse, false, "a template that keeps a key (%s) to signing answers %s", k.words, rv)
			return
		}
		a, err := p.token.Attributes(p.ctx, priv, use)
		p.must(err)
		p.destroy(pub, priv)
		if a[0].AsBool() {
			p.fact(profile.FreeUse, false, "%s of a key (%s) reads back true where the template says that it is not", attributeNames[use], k.words)
			return
		}
		seen = append(seen, k.words)
	}
	p.fact(profile.FreeUse, true, "keys were kept to signing: %s", strings.Join(seen, ", "))
}

// both finds how the logins of two slots go together.
func (p *prober) both() {
	k, ok := p.cheap()
	if !ok {
		return
	}
	s := p.second
	enter := func() exec.CKR {
		if s.open {
			p.rv(s.token.CloseSession(p.ctx))
		}
		p.must(s.token.OpenSession(p.ctx))
		s.open = true
		return p.rv(s.token.Login(p.ctx, exec.NormalUser, credential("the signature PIN", p.o.SignaturePIN)))
	}
	works := func() exec.CKR {
		pub, priv, rv := p.generateOn(s.token, k, nil, nil)
		if rv == exec.CKROK {
			p.rv(s.token.DestroyObject(p.ctx, priv))
			p.rv(s.token.DestroyObject(p.ctx, pub))
		}
		return rv
	}
	p.need("user")
	switch rv := enter(); {
	case rv == exec.CKROK:
		p.fact(profile.ExclusiveLogins, false, "logins in both slots at once")
		if !p.user.Equal(p.o.SignaturePIN) {
			p.fact(profile.SharedPIN, false, "each slot opens with another PIN")
		}
	case rv == exec.CKRUserAlreadyLoggedIn || rv == exec.CKRUserAnotherAlreadyLoggedIn:
		p.fact(profile.ExclusiveLogins, true, "with a login in the one slot, one in the other answers %s", rv)
	default:
		p.note("with a login in the one slot, one in the other answers %s", rv)
		return
	}
	p.close()
	if rv := enter(); rv != exec.CKROK {
		p.note("a login in the signature slot alone answers %s", rv)
		return
	}
	alone := works()
	if alone == exec.CKROK {
		p.fact(profile.BothLogins, false, "a key pair was generated in the signature slot under its own login alone")
		return
	}
	p.need("user")
	if rv := works(); rv == exec.CKROK {
		p.fact(profile.BothLogins, true, "C_GenerateKeyPair in the signature slot answers %s under its own login alone, and works under both", alone)
	} else {
		p.note("C_GenerateKeyPair in the signature slot answers %s under its own login alone, and %s under both", alone, rv)
	}
}

var attributeNames = map[exec.AttributeType]string{exec.CKASensitive: "CKA_SENSITIVE", exec.CKAAlwaysSensitive: "CKA_ALWAYS_SENSITIVE", exec.CKANeverExtractable: "CKA_NEVER_EXTRACTABLE", exec.CKAPrivate: "CKA_PRIVATE",
	exec.CKAExtractable: "CKA_EXTRACTABLE", exec.CKAID: "CKA_ID", exec.CKADecrypt: "CKA_DECRYPT", exec.CKAUnwrap: "CKA_UNWRAP", exec.CKADerive: "CKA_DERIVE",
	exec.CKAModifiable: "CKA_MODIFIABLE", exec.CKACopyable: "CKA_COPYABLE", exec.CKADestroyable: "CKA_DESTROYABLE", exec.CKASignRecover: "CKA_SIGN_RECOVER"}

// free finds whether an attribute of a key can be chosen.
func (p *prober) free(fact profile.FactName, words string, t exec.AttributeType, value []byte, o exec.Object, read func(exec.AttributeType) []byte) {
	rv := p.rv(p.token.SetAttributes(p.ctx, o, []exec.Attribute{exec.Bytes(t, value)}))
	got := read(t)
	switch {
	case rv != exec.CKROK:
		p.fact(fact, false, "C_SetAttributeValue of %s answers %s", words, rv)
	case !bytes.Equal(got, value):
		p.fact(fact, false, "C_SetAttributeValue of %s reports success, and it reads back as %x", words, got)
	default:
		p.fact(fact, true, "C_SetAttributeValue of %s, read back", words)
	}
}

// alwaysAuthenticate finds whether a key that wants the PIN for each use gets it.
func (p *prober) alwaysAuthenticate() {
	k, ok := p.cheap()
	if !ok {
		return
	}
	p.need("user")
	_, priv, rv := p.generate(k, exec.Bool(exec.CKAAlwaysAuth, true))
	if rv != exec.CKROK {
		p.fact(profile.AlwaysAuthenticate, false, "CKA_ALWAYS_AUTHENTICATE is refused: %s", rv)
		return
	}
	mechanism, input := exec.CKMECDSA, bytes.Repeat([]byte{7}, 32)
	if k.bits > 0 {
		// DigestInfo of SHA-256 (RFC 8017, 9.2).
		mechanism, input = exec.CKMRSAPKCS, append([]byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, input...)
	}
	sign := func(context *exec.Credential) exec.CKR {
		_, err := p.token.Sign(p.ctx, mechanism, priv, input, context)
		return p.rv(err)
	}
	pin := credential("the user PIN", p.user.Secret)
	without := sign(nil)
	if without == exec.CKROK {
		without = sign(nil) // some cards let the first one pass
	}
	// What a refused signature leaves active, a new session does not have.
	p.need("user")
	found, err := p.token.FindObjects(p.ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey), exec.Text(exec.CKALabel, name)})
	p.must(err)
	with := exec.CKRKeyHandleInvalid
	if len(found) == 1 {
		priv = found[0]
		with = sign(&pin)
	}
	switch {
	case without == exec.CKROK:
		p.fact(profile.AlwaysAuthenticate, false, "a key with CKA_ALWAYS_AUTHENTICATE signs without the PIN")
	case with != exec.CKROK:
		p.fact(profile.AlwaysAuthenticate, false, "a key with CKA_ALWAYS_AUTHENTICATE does not sign without the PIN (%s), nor with it (%s)", without, with)
	default:
		p.fact(profile.AlwaysAuthenticate, true, "a signature with the PIN works, one without answers %s", without)
	}
	p.need("user")
	objects, err := p.token.FindObjects(p.ctx, []exec.Attribute{exec.Text(exec.CKALabel, name)})
	p.must(err)
	for _, o := range objects {
		// OpenSC keeps no PIN that such a key stands behind, and needs it to delete.
		if rv := p.rv(p.token.DestroyObject(p.ctx, o)); rv != exec.CKROK {
			p.note("a key with CKA_ALWAYS_AUTHENTICATE cannot be destroyed: %s", rv)
		}
	}
}

// imports tries private keys and data from outside.
func (p *prober) imports() {
	p.need("user")
	var took []string
	for _, words := range []string{"RSA", "EC"} {
		key := map[string]func() []exec.Attribute{"RSA": rsaKey, "EC": ecKey}[words]()
		// The subject is an empty name.
		rv, there := p.put(append([]exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey), exec.Bool(exec.CKASensitive, true), exec.Bool(exec.CKAExtractable, false), exec.Bool(exec.CKASign, true),
			exec.Bytes(exec.CKAID, []byte(name+words)), exec.Bytes(exec.CKASubject, []byte{0x30, 0})}, key...))
		switch {
		case rv != exec.CKROK:
			p.note("a private %s key from outside: C_CreateObject answers %s", words, rv)
		case !there:
			p.note("a private %s key from outside: C_CreateObject reports success, and the key is not there", words)
		default:
			took = append(took, words)
		}
	}
	p.fact(profile.ImportKeys, took != nil, "C_CreateObject of private keys, RSA and EC: took %d of 2", len(took))
	rv, there := p.put([]exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOData), exec.Text(exec.CKAApplication, name), exec.Bytes(exec.CKAValue, []byte("what the probe wrote"))})
	p.fact(profile.DataObjects, rv == exec.CKROK && there, "C_CreateObject of a data object answers %s; found again: %t", rv, there)
	if rv != exec.CKROK || !there {
		return
	}
	o, err := p.token.CreateObject(p.ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOData), exec.Bool(exec.CKAToken, true), exec.Bool(exec.CKAPrivate, true), exec.Text(exec.CKALabel, name),
		exec.Bytes(exec.CKAValue, nil)})
	if rv = p.rv(err); rv == exec.CKROK {
		_, err = p.token.Attributes(p.ctx, o, exec.CKAValue)
		rv = p.rv(err)
		p.destroy(o)
	}
	p.fact(profile.EmptyData, rv == exec.CKROK, "an empty data object, created and read back: %s", rv)
	// An object identifier for examples: 2.999.
	o, err = p.token.CreateObject(p.ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOData), exec.Bool(exec.CKAToken, true), exec.Bool(exec.CKAPrivate, true), exec.Text(exec.CKALabel, name),
		exec.Bytes(exec.CKAObjectID, []byte{6, 2, 0x88, 0x37}), exec.Bytes(exec.CKAValue, []byte("what the probe wrote"))})
	if rv = p.rv(err); rv != exec.CKROK {
		p.fact(profile.DataObjectID, false, "C_CreateObject of a data object with CKA_OBJECT_ID answers %s", rv)
		return
	}
	a, err := p.token.Attributes(p.ctx, o, exec.CKAObjectID)
	p.must(err)
	read := a[0].Value
	p.destroy(o)
	p.fact(profile.DataObjectID, bytes.Equal(read, []byte{6, 2, 0x88, 0x37}), "C_CreateObject of a data object with CKA_OBJECT_ID, which reads back as %x", read)
}

// put creates an object, looks whether it is found again, and destroys it.
func (p *prober) put(attributes []exec.Attribute) (rv exec.CKR, there bool) {
	_, err := p.token.CreateObject(p.ctx, append([]exec.Attribute{exec.Bool(exec.CKAToken, true), exec.Bool(exec.CKAPrivate, true), exec.Text(exec.CKALabel, name)}, attributes...))
	if rv = p.rv(err); rv != exec.CKROK {
		return rv, false
	}
	found, err := p.token.FindObjects(p.ctx, []exec.Attribute{attributes[0], exec.Text(exec.CKALabel, name)})
	p.must(err)
	p.destroy(found...)
	return rv, len(found) > 0
}

func rsaKey() []exec.Attribute {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(stop{err})
	}
	k.Precompute()
	return []exec.Attribute{exec.Ulong(exec.CKAKeyType, exec.CKKRSA), exec.Bool(exec.CKADecrypt, true), exec.Bytes(exec.CKAModulus, k.N.Bytes()), exec.Bytes(exec.CKAPublicExponent, []byte{1, 0, 1}),
		exec.Bytes(exec.CKAPrivateExponent, k.D.Bytes()), exec.Bytes(exec.CKAPrime1, k.Primes[0].Bytes()), exec.Bytes(exec.CKAPrime2, k.Primes[1].Bytes()),
		exec.Bytes(exec.CKAExponent1, k.Precomputed.Dp.Bytes()), exec.Bytes(exec.CKAExponent2, k.Precomputed.Dq.Bytes()), exec.Bytes(exec.CKACoefficient, k.Precomputed.Qinv.Bytes())}
}

func ecKey() []exec.Attribute {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(stop{err})
	}
	d, err := k.Bytes()
	if err != nil {
		panic(stop{err})
	}
	curve, _ := exec.CurveNamed("P-256")
	return []exec.Attribute{exec.Ulong(exec.CKAKeyType, exec.CKKEC), exec.Bool(exec.CKADerive, true), exec.Bytes(exec.CKAECParams, curve.Params), exec.Bytes(exec.CKAValue, d)}
}
