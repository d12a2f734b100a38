package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// pin is what a token knows of a PIN or SO PIN. A PIN that is unknown is learnt
// from the first value that is shown as the present one: a dry-run has no token
// to ask, and only later uses can contradict it.
type pin struct {
	set, known bool
	value      string
	wrong      int             // wrong values since the last right one
	told       exec.TokenFlags // what a token that was looked at says of its tries
	toChange   bool
}

// symbol stands for a credential: its bytes where there are any, else where it
// came from, since two uses of one source are one value.
func symbol(c exec.Credential) string {
	if c.Secret.IsSet() {
		sum := sha256.Sum256(c.Secret.Reveal())
		return "value " + string(sum[:])
	}
	return "symbol " + c.Name
}

func (p *pin) accepts(c exec.Credential) bool {
	if c.PINPad {
		return true
	}
	if c.Wrong {
		return false
	}
	if !p.known {
		p.known, p.value = true, symbol(c)
	}
	return p.value == symbol(c)
}

func (p *pin) learn(s secret.Secret) {
	if p.set && s.IsSet() {
		p.known, p.value = true, symbol(exec.Credential{Secret: s})
	}
}

func (p *pin) become(c exec.Credential) {
	*p = pin{set: true, known: !c.PINPad, value: symbol(c)}
}

type object struct {
	attributes map[exec.AttributeType][]byte
	private    bool
	content    *content // of a data object that was looked at
}

// token is one token of the model; it implements exec.Token.
type token struct {
	module  *Module
	role    string // the slot of the plan that it is, if it is one
	card    string // the same for all tokens of a card
	slot    exec.Slot
	always  exec.TokenFlags // flags that nothing here changes
	offers  []exec.Mechanism
	closed  error // why its objects could not be listed
	blind   bool  // nobody saw its private objects
	user    pin
	so      pin
	puk     pin // the card's own, where it has one
	pinPad  bool
	session session
	objects map[exec.Object]*object
	next    exec.Object
	made    uint64 // keys
}

// state writes down what calls on the token depend on; handles are not in it.
func (t *token) state(s *strings.Builder, forgotten func(id []byte) bool) {
	fmt.Fprintf(s, "%q %v %v %v %v %v;", t.slot.Token.Label, t.session, t.pinPad, t.user, t.so, t.puk)
	if _, known := t.module.facts.Count(profile.MaxKeys); known {
		fmt.Fprintf(s, "%d keys;", t.keys())
	}
	var objects []string
	for _, o := range t.objects {
		if forgotten(o.attributes[exec.CKAID]) {
			continue
		}
		var text strings.Builder
		for _, a := range slices.Sorted(maps.Keys(o.attributes)) {
			fmt.Fprintf(&text, "%x=%x ", uint64(a), o.attributes[a])
		}
		objects = append(objects, text.String())
	}
	slices.Sort(objects)
	s.WriteString(strings.Join(objects, ";"))
}

func fail(call string, ckr exec.CKR) error {
	return &exec.Error{Kind: exec.Device, Call: call, CKR: ckr}
}

// call notes a call that changes something and answers it by the state of the
// session.
func (t *token) call(ctx context.Context, name, as string) error {
	t.module.Calls = append(t.module.Calls, fmt.Sprintf("%s %s", t.role, name))
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.allows(name, as)
}

// locked reports whether a PIN took as many wrong values as the profile allows,
// or another one that it shares its counter with did.
func (t *token) locked(p *pin) bool {
	if p.told&anyLocked != 0 {
		return true
	}
	facts := t.module.facts
	limit, known := t.limit(p)
	if !known || facts.Is(profile.Locks) != profile.Yes {
		return false
	}
	wrong := 0
	for _, counted := range t.counted(p) {
		wrong += counted.wrong
	}
	return wrong >= limit
}

// counted are the credentials whose wrong values lock a PIN.
func (t *token) counted(p *pin) []*pin {
	if t.module.facts.Is(profile.SharedLock) != profile.Yes {
		return []*pin{p}
	}
	var all []*pin
	for _, other := range t.module.tokens {
		all = append(all, &other.user, &other.so, &other.puk)
	}
	return all
}

// limit is the number of wrong values that lock a PIN, if the profile knows it.
func (t *token) limit(p *pin) (int, bool) {
	if n, known := t.module.facts.Count(profile.PUKRetries); known && p != &t.user {
		return n, true
	}
	return t.module.facts.Count(profile.Retries)
}

// try shows a value to a PIN and counts.
func (t *token) try(call string, p *pin, c exec.Credential) error {
	if t.locked(p) {
		return fail(call, exec.CKRPINLocked)
	}
	if !p.accepts(c) {
		p.wrong++
		return fail(call, exec.CKRPINIncorrect)
	}
	p.told = 0
	if t.module.facts.Is(profile.RightPINResets) != profile.No {
		for _, counted := range t.counted(p) {
			counted.wrong = 0
		}
	}
	return nil
}

// usual are the flags of a token that nobody looked at.
const usual = exec.FlagRNG | exec.FlagLoginRequired

const anyLocked = exec.FlagUserPINLocked | exec.FlagSOPINLocked

func (t *token) flags() exec.TokenFlags {
	f := t.always
	if t.so.set {
		f |= exec.FlagTokenInitialized
	}
	if t.user.set {
		f |= exec.FlagUserPINInit
	}
	if t.user.toChange {
		f |= exec.FlagUserPINToChange
	}
	if t.so.toChange {
		f |= exec.FlagSOPINToChange
	}
	f |= t.warnings(&t.user, exec.FlagUserPINCountLow, exec.FlagUserPINFinalTry, exec.FlagUserPINLocked)
	f |= t.warnings(&t.so, exec.FlagSOPINCountLow, exec.FlagSOPINFinalTry, exec.FlagSOPINLocked)
	if t.pinPad || t.module.facts.Is(profile.PINPad) == profile.Yes {
		f |= exec.FlagProtectedAuthPath
	}
	return f
}

// warnings are the flags about the tries of a PIN.
func (t *token) warnings(p *pin, low, final, locked exec.TokenFlags) exec.TokenFlags {
	limit, known := t.limit(p)
	switch {
	case p.told != 0:
		return p.told
	case t.locked(p):
		return low | locked
	case known && p.wrong == limit-1 && t.module.facts.Is(profile.Locks) == profile.Yes:
		return low | final
	case p.wrong > 0:
		return low
	}
	return 0
}

// Info describes the token as its state says.
func (t *token) Info(ctx context.Context) (exec.TokenInfo, error) {
	info := t.slot.Token
	info.Flags = t.flags()
	return info, ctx.Err()
}

// Mechanisms offers what the profile does not rule out.
func (t *token) Mechanisms(ctx context.Context) ([]exec.Mechanism, error) {
	if t.offers != nil {
		return t.offers, ctx.Err()
	}
	facts := t.module.facts
	rsa := exec.Mechanism{Type: exec.CKMRSAKeyPairGen}
	if n, ok := facts.Count(profile.RSAMin); ok {
		rsa.Min = uint64(n)
	}
	if n, ok := facts.Count(profile.RSAMax); ok {
		rsa.Max = uint64(n)
	}
	return []exec.Mechanism{rsa, {Type: exec.CKMECKeyPairGen}, {Type: exec.CKMECEdwardsKeyPairGen}}, ctx.Err()
}

// InitToken follows C_InitToken: it fails beside a session, and an initialised
// token wants its present SO PIN.
func (t *token) InitToken(ctx context.Context, so exec.Credential, label string) error {
	const call = "C_InitToken"
	if err := t.call(ctx, call, ""); err != nil {
		return err
	}
	switch {
	case t.module.facts.Is(profile.InitToken) == profile.No:
		return fail(call, exec.CKRFunctionNotSupported)
	case len(label) > plan.MaxLabel:
		return fail(call, exec.CKRArgumentsBad)
	case t.so.set && !t.so.accepts(so):
		return fail(call, exec.CKRPINIncorrect)
	}
	t.so.become(so)
	t.user, t.blind = pin{}, false
	t.objects = map[exec.Object]*object{}
	t.slot.Token.Label = label
	if t.seeded() && t.module.facts.Is(profile.SerialStays) == profile.No {
		t.slot.Token.Serial = "" // another one, which nobody knows yet
	}
	return nil
}

// OpenSession opens the one session.
func (t *token) OpenSession(ctx context.Context) error {
	if err := t.call(ctx, "C_OpenSession", ""); err != nil {
		return err
	}
	if t.closed != nil {
		return t.closed
	}
	if t.session == none {
		t.session = public
	}
	return nil
}

// CloseSession closes it, which logs out.
func (t *token) CloseSession(ctx context.Context) error {
	if err := t.call(ctx, "C_CloseSession", ""); err != nil {
		return err
	}
	t.session = none
	t.endHandles()
	return nil
}

// endHandles gives private objects other handles: with the login those of before
// end, for ever.
func (t *token) endHandles() {
	for _, o := range slices.Sorted(maps.Keys(t.objects)) {
		if found := t.objects[o]; found.private {
			t.next++
			delete(t.objects, o)
			t.objects[t.next] = found
		}
	}
}

// Login follows C_Login.
func (t *token) Login(ctx context.Context, who exec.User, c exec.Credential) error {
	const call = "C_Login"
	p, as, becomes := &t.user, " as user", user
	if who == exec.SO {
		p, as, becomes = &t.so, " as SO", so
	}
	if err := t.call(ctx, call, as); err != nil {
		return err
	}
	switch {
	case !p.set:
		return fail(call, exec.CKRUserPINNotInitialized)
	case t.module.facts.Is(profile.ExclusiveLogins) == profile.Yes && t.otherLoggedIn():
		return fail(call, exec.CKRUserAlreadyLoggedIn)
	}
	if err := t.try(call, p, c); err != nil {
		return err
	}
	t.session = becomes
	return nil
}

// wantsOther reports whether writing to the token wants a login that is not there.
func (t *token) wantsOther() bool {
	return t.role == plan.Signature && t.module.facts.Is(profile.BothLogins) == profile.Yes && !t.otherLoggedIn()
}

func (t *token) otherLoggedIn() bool {
	for _, other := range t.module.tokens {
		if other != t && other.session > public {
			return true
		}
	}
	return false
}

// Logout follows C_Logout.
func (t *token) Logout(ctx context.Context) error {
	if err := t.call(ctx, "C_Logout", ""); err != nil {
		return err
	}
	t.session = public
	t.endHandles()
	return nil
}

// InitPIN follows C_InitPIN: only in the SO's session.
func (t *token) InitPIN(ctx context.Context, new exec.Credential) error {
	const call = "C_InitPIN"
	if err := t.call(ctx, call, ""); err != nil {
		return err
	}
	if t.module.facts.Is(profile.InitPIN) == profile.No {
		return fail(call, exec.CKRFunctionNotSupported)
	}
	t.user.become(new)
	return nil
}

// SetPIN follows C_SetPIN: it changes the PIN of who is logged in, and the
// user's where nobody is.
func (t *token) SetPIN(ctx context.Context, old, new exec.Credential) error {
	const call = "C_SetPIN"
	if err := t.call(ctx, call, ""); err != nil {
		return err
	}
	p, works := &t.user, t.module.facts.Is(profile.ChangePIN)
	if t.session == so {
		p, works = &t.so, t.module.facts.Is(profile.ChangePUK)
	}
	own := t.module.facts.Word(profile.PUKIs) == "own"
	byUser := t.module.facts.Is(profile.ChangeByUser) == profile.Yes
	switch {
	case t.session == public && byUser && !own:
		return fail(call, exec.CKRUserNotLoggedIn)
	case works == profile.No:
		return fail(call, exec.CKRFunctionNotSupported)
	case !p.set:
		return fail(call, exec.CKRUserPINNotInitialized)
	}
	// A card with a PUK of its own takes that as the old value too, and nothing else
	// where a change of the PIN wants its login.
	if t.session == public && own && (byUser || !(p.known && p.value == symbol(old))) {
		if err := t.try(call, &t.puk, old); err != nil {
			return err
		}
	} else if err := t.try(call, p, old); err != nil {
		return err
	}
	p.become(new)
	return nil
}

func (t *token) put(attributes []exec.Attribute, more ...exec.Attribute) exec.Object {
	t.next++
	o := &object{attributes: map[exec.AttributeType][]byte{}}
	for _, a := range append(more, attributes...) {
		o.attributes[a.Type] = a.Value
	}
	if o.matches(exec.Ulong(exec.CKAClass, exec.CKOPrivateKey)) {
		for _, part := range secretParts {
			delete(o.attributes, part)
		}
	}
	o.private = o.matches(exec.Bool(exec.CKAPrivate, true))
	t.objects[t.next] = o
	return t.next
}

// secretParts are the attributes of a private key that no token gives away.
var secretParts = []exec.AttributeType{exec.CKAValue, exec.CKAPrivateExponent, exec.CKAPrime1, exec.CKAPrime2, exec.CKAExponent1, exec.CKAExponent2, exec.CKACoefficient}

// matches reports whether the object has an attribute as a template says it.
func (o *object) matches(a exec.Attribute) bool {
	if a.Type == exec.CKAValue && o.content != nil {
		return o.content.is(a.Value)
	}
	return bytes.Equal(o.attributes[a.Type], a.Value)
}

// keys counts the private keys of the card: of both slots, unless the signature
// slot is another token.
func (t *token) keys() int {
	n := 0
	for _, other := range t.module.tokens {
		if other != t && (t.module.facts.Is(profile.SecondToken) == profile.Yes || other.card != t.card) {
			continue
		}
		for _, o := range other.objects {
			if o.matches(exec.Ulong(exec.CKAClass, exec.CKOPrivateKey)) {
				n++
			}
		}
	}
	return n
}

// GenerateKeyPair makes two objects with a symbolic public key.
func (t *token) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	const call = "C_GenerateKeyPair"
	if err := t.call(ctx, call, ""); err != nil {
		return 0, 0, err
	}
	if t.wantsOther() {
		return 0, 0, fail(call, exec.CKRGeneralError)
	}
	if most, known := t.module.facts.Count(profile.MaxKeys); known && t.keys() >= most {
		return 0, 0, fail(call, exec.CKRDeviceMemory)
	}
	t.made++
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(t.role), t.made))
	kind := exec.CKKRSA
	material := []exec.Attribute{exec.Bytes(exec.CKAModulus, append([]byte{0xc0}, seed[:]...))}
	told := material // by the private key: most modules keep no point with one
	switch m {
	case exec.CKMECKeyPairGen:
		kind, material, told = exec.CKKEC, []exec.Attribute{exec.Bytes(exec.CKAECPoint, seed[:])}, nil
	case exec.CKMECEdwardsKeyPairGen:
		kind, material, told = exec.CKKECEdwards, []exec.Attribute{exec.Bytes(exec.CKAECPoint, seed[:])}, nil
	}
	pub := t.put(public, append(slices.Clone(material), exec.Ulong(exec.CKAClass, exec.CKOPublicKey), exec.Ulong(exec.CKAKeyType, kind))...)
	priv := t.put(private, append(told, exec.Ulong(exec.CKAClass, exec.CKOPrivateKey), exec.Ulong(exec.CKAKeyType, kind),
		exec.Bool(exec.CKALocal, true), exec.Bool(exec.CKAAlwaysSensitive, true), exec.Bool(exec.CKANeverExtractable, true))...)
	return pub, priv, nil
}

// Sign gives a symbolic signature.
func (t *token) Sign(ctx context.Context, m exec.MechanismType, key exec.Object, data []byte, c *exec.Credential) ([]byte, error) {
	if err := t.call(ctx, "C_Sign", ""); err != nil {
		return nil, err
	}
	if err := t.allows("C_SignInit", ""); err != nil {
		return nil, err
	}
	o := t.objects[key]
	switch {
	case o == nil:
		return nil, fail("C_SignInit", exec.CKRKeyHandleInvalid)
	case c != nil && !t.user.accepts(*c):
		return nil, fail("C_Login", exec.CKRPINIncorrect)
	}
	return []byte("a signature"), nil
}

// CreateObject stores an object.
func (t *token) CreateObject(ctx context.Context, attributes []exec.Attribute) (exec.Object, error) {
	if err := t.call(ctx, "C_CreateObject", ""); err != nil {
		return 0, err
	}
	if t.wantsOther() {
		return 0, fail("C_CreateObject", exec.CKRGeneralError)
	}
	return t.put(attributes, exec.Bool(exec.CKALocal, false)), nil
}

// DestroyObject removes an object.
func (t *token) DestroyObject(ctx context.Context, o exec.Object) error {
	if err := t.call(ctx, "C_DestroyObject", ""); err != nil {
		return err
	}
	if t.visible(o) == nil {
		return fail("C_DestroyObject", exec.CKRObjectHandleInvalid)
	}
	delete(t.objects, o)
	return nil
}

func (t *token) visible(o exec.Object) *object {
	if found := t.objects[o]; found != nil && (!found.private || t.session == user) {
		return found
	}
	return nil
}

// FindObjects finds what has all the attributes and may be seen now.
func (t *token) FindObjects(ctx context.Context, attributes []exec.Attribute) ([]exec.Object, error) {
	if err := t.allows("C_FindObjectsInit", ""); err != nil {
		return nil, err
	}
	var found []exec.Object
	for o := exec.Object(1); o <= t.next; o++ {
		candidate := t.visible(o)
		if candidate == nil {
			continue
		}
		matches := true
		for _, a := range attributes {
			matches = matches && candidate.matches(a)
		}
		if matches {
			found = append(found, o)
		}
	}
	return found, ctx.Err()
}

// Attributes reads attributes; what an object does not have is nil.
func (t *token) Attributes(ctx context.Context, o exec.Object, types ...exec.AttributeType) ([]exec.Attribute, error) {
	if err := t.allows("C_GetAttributeValue", ""); err != nil {
		return nil, err
	}
	found := t.visible(o)
	if found == nil {
		return nil, fail("C_GetAttributeValue", exec.CKRObjectHandleInvalid)
	}
	var out []exec.Attribute
	for _, a := range types {
		out = append(out, exec.Attribute{Type: a, Value: found.attributes[a]})
	}
	return out, ctx.Err()
}

// SetAttributes changes attributes.
func (t *token) SetAttributes(ctx context.Context, o exec.Object, attributes []exec.Attribute) error {
	if err := t.call(ctx, "C_SetAttributeValue", ""); err != nil {
		return err
	}
	found := t.visible(o)
	if found == nil {
		return fail("C_SetAttributeValue", exec.CKRObjectHandleInvalid)
	}
	// A fork has the same object until one of the two changes it.
	changed := *found
	changed.attributes = maps.Clone(found.attributes)
	for _, a := range attributes {
		changed.attributes[a.Type] = a.Value
	}
	t.objects[o] = &changed
	return nil
}
