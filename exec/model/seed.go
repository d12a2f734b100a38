package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/plan"
)

// Seed is a token as somebody looked at it.
type Seed struct {
	exec.Slot
	Objects []*exec.Item
	// PrivateSeen says that private objects are among them. Where they are not, a
	// private key is taken to be beside each public one.
	PrivateSeen bool
	// Offers are the mechanisms that generate keys; nil where nobody asked.
	Offers []exec.Mechanism
	// Problem is why the objects could not be listed.
	Problem string
}

// Seeds are the tokens of a module.
type Seeds struct {
	Info    exec.ModuleInfo
	Readers []string // where there is no token
	Tokens  []Seed
	// Selectors are those of the run; the one of the signature slot tells which
	// token has that part.
	Selectors map[string]exec.Selector
}

// Seeded makes a module whose tokens begin as others are. What was not seen of them
// is as the profile says.
func Seeded(facts *profile.Profile, s Seeds) (*Module, error) {
	m := &Module{facts: facts, info: s.Info, readers: s.Readers, selectors: s.Selectors}
	signature := s.Selectors[plan.Signature]
	for i, seed := range s.Tokens {
		seed.ID = exec.SlotID(i)
		info := seed.Token
		t := &token{module: m, slot: seed.Slot, role: plan.Default, offers: seed.Offers, objects: map[exec.Object]*object{}}
		if !signature.IsZero() && signature.Matches(seed.Slot) {
			t.role = plan.Signature
		}
		t.card = fmt.Sprintf("%q %q %q", info.Manufacturer, info.Model, info.Serial)
		if info.Serial == "" {
			t.card = fmt.Sprint(i)
		}
		if seed.Problem != "" {
			t.closed = &exec.Error{Kind: exec.Device, Call: "C_OpenSession", Message: "the objects of the token could not be listed: " + seed.Problem}
		}
		t.seedFlags(info.Flags)
		for n, item := range seed.Objects {
			if err := t.seedObject(item); err != nil {
				return nil, fmt.Errorf("object %d of %s: %w", n+1, info.Name(), err)
			}
		}
		if t.blind = !seed.PrivateSeen; t.blind {
			t.assumeKeys()
		}
		m.tokens = append(m.tokens, t)
	}
	return m, nil
}

// Readers names the slots of a module that has no token.
func (m *Module) Readers(ctx context.Context) ([]string, error) { return m.readers, ctx.Err() }

// Blind reports whether nobody saw the private objects; it implements exec.Blind.
func (t *token) Blind() bool { return t.blind }

func (t *token) seeded() bool { return t.module.selectors != nil }

const (
	userTries = exec.FlagUserPINCountLow | exec.FlagUserPINFinalTry | exec.FlagUserPINLocked
	soTries   = exec.FlagSOPINCountLow | exec.FlagSOPINFinalTry | exec.FlagSOPINLocked
)

// seedFlags takes the flags apart into what changes with the PINs and what stays.
func (t *token) seedFlags(f exec.TokenFlags) {
	t.so = pin{set: f.Has(exec.FlagTokenInitialized), told: f & soTries, toChange: f.Has(exec.FlagSOPINToChange)}
	t.user = pin{set: f.Has(exec.FlagUserPINInit), told: f & userTries, toChange: f.Has(exec.FlagUserPINToChange)}
	t.pinPad = f.Has(exec.FlagProtectedAuthPath)
	t.always = f &^ (exec.FlagTokenInitialized | exec.FlagUserPINInit | exec.FlagProtectedAuthPath | userTries | soTries | exec.FlagSOPINToChange | exec.FlagUserPINToChange)
}

// content is what is known of the content of a data object.
type content struct {
	sha256 string
	length int
}

// is reports whether the content is this one. Where the length alone is known, that
// decides.
func (c *content) is(value []byte) bool {
	if c.sha256 == "" {
		return len(value) == c.length
	}
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:]) == c.sha256
}

// seedObject puts an object there that was listed.
func (t *token) seedObject(i *exec.Item) error {
	if i == nil {
		return errors.New("there is none")
	}
	id, err := hex.DecodeString(i.ID)
	if err != nil {
		return fmt.Errorf("its id %q is not hexadecimal", i.ID)
	}
	common := []exec.Attribute{exec.Bool(exec.CKAToken, true), exec.Text(exec.CKALabel, i.Label), exec.Bool(exec.CKAPrivate, i.Private)}
	if i.Class != "data object" {
		common = append(common, exec.Bytes(exec.CKAID, id))
	}
	switch i.Class {
	case "private key":
		t.put(common, append(privateAttributes(keyType(i.Key), i), materialOf(i.Public)...)...)
	case "public key":
		k := i.Public
		if k.Type == exec.CKKRSA && (k.Modulus == nil || k.Exponent == nil) || k.Type != exec.CKKRSA && k.Point == nil {
			return errors.New("a public key without its publicKey")
		}
		t.put(common, append(materialOf(k), exec.Ulong(exec.CKAClass, exec.CKOPublicKey), exec.Ulong(exec.CKAKeyType, k.Type))...)
	case "certificate":
		if i.DER == nil {
			return errors.New("a certificate without its der")
		}
		t.put(common, exec.Ulong(exec.CKAClass, exec.CKOCertificate), exec.Bytes(exec.CKAValue, i.DER))
	case "data object":
		if i.Data == nil {
			return errors.New("a data object without its data")
		}
		return t.seedData(i, common)
	default:
		return fmt.Errorf("its class is %q; it can be private key, public key, certificate or data object", i.Class)
	}
	return nil
}

// materialOf are the attributes of a public key that make it up; a private key tells
// those of them that its token has.
func materialOf(k exec.PublicKey) []exec.Attribute {
	return []exec.Attribute{exec.Bytes(exec.CKAModulus, k.Modulus), exec.Bytes(exec.CKAPublicExponent, k.Exponent),
		exec.Bytes(exec.CKAECParams, k.Params), exec.Bytes(exec.CKAECPoint, k.Point)}
}

func (t *token) seedData(i *exec.Item, common []exec.Attribute) error {
	oid, err := hex.DecodeString(i.Data.ObjectID)
	if err != nil {
		return fmt.Errorf("its objectId %q is not hexadecimal", i.Data.ObjectID)
	}
	more := []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOData), exec.Text(exec.CKAApplication, i.Data.Application), exec.Bytes(exec.CKAObjectID, oid)}
	for a, told := range map[exec.AttributeType]*bool{exec.CKACopyable: i.Data.Copyable, exec.CKAModifiable: i.Data.Modifiable, exec.CKADestroyable: i.Data.Destroyable} {
		if told != nil {
			more = append(more, exec.Bool(a, *told))
		}
	}
	t.objects[t.put(common, more...)].content = &content{i.Data.SHA256, i.Bytes}
	return nil
}

// assumeKeys puts a private key beside each public one, where nobody could see
// private objects: a key pair is made as one, and a run that finds half a pair is
// the rare case.
func (t *token) assumeKeys() {
	for o := exec.Object(1); o <= t.next; o++ {
		public := t.objects[o]
		if !public.matches(exec.Ulong(exec.CKAClass, exec.CKOPublicKey)) {
			continue
		}
		kind := exec.Attribute{Value: public.attributes[exec.CKAKeyType]}
		t.put([]exec.Attribute{exec.Bool(exec.CKAToken, true), exec.Bytes(exec.CKALabel, public.attributes[exec.CKALabel]), exec.Bool(exec.CKAPrivate, true),
			exec.Bytes(exec.CKAID, public.attributes[exec.CKAID])}, privateAttributes(kind.AsUlong(), &asMade)...)
	}
}

// asMade is a private key that was made on its token.
var asMade = exec.Item{Allows: []string{"sign"}, Sensitive: true, AlwaysSensitive: true, NeverExtractable: true, Local: true}

func privateAttributes(kind uint64, i *exec.Item) []exec.Attribute {
	may := func(use string) bool { return slices.Contains(i.Allows, use) }
	return []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey), exec.Ulong(exec.CKAKeyType, kind),
		exec.Bool(exec.CKASign, may("sign")), exec.Bool(exec.CKADecrypt, may("decrypt")), exec.Bool(exec.CKADerive, may("derive")),
		exec.Bool(exec.CKASensitive, i.Sensitive), exec.Bool(exec.CKAAlwaysSensitive, i.AlwaysSensitive), exec.Bool(exec.CKAExtractable, i.Extractable),
		exec.Bool(exec.CKANeverExtractable, i.NeverExtractable), exec.Bool(exec.CKALocal, i.Local), exec.Bool(exec.CKAAlwaysAuthenticate, i.AlwaysAuthenticate)}
}

// keyType is the CKA_KEY_TYPE of a key by the words of a listing.
func keyType(words string) uint64 {
	if curve, ok := exec.CurveNamed(words); ok {
		return curve.KeyType
	}
	if strings.HasPrefix(words, "RSA") {
		return exec.CKKRSA
	}
	return exec.CKKEC
}

// initialised are the tokens that the station's command makes: those of a model, or
// of the card in one reader, which may show the slots that get a PIN only then.
func (m *Module) initialised(req exec.InitRequest) []*token {
	if m.selectors == nil {
		return m.tokens
	}
	at := m.tokens[req.Slot.ID]
	made := []*token{at}
	for _, p := range req.PINs {
		if p.Slot == at.role {
			continue
		}
		other := &token{module: m, role: p.Slot, card: at.card, always: at.always, slot: at.slot, pinPad: at.pinPad, offers: at.offers}
		for _, t := range m.tokens {
			if t != at && t.card == at.card && t.role == p.Slot {
				other = t
			}
		}
		if other.slot.ID == at.slot.ID {
			other.slot.ID = exec.SlotID(len(m.tokens))
			m.tokens = append(m.tokens, other)
		}
		made = append(made, other)
	}
	return made
}
