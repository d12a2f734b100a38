package exec_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// pulled is a token that is pulled while it makes a key pair: what it has made by
// then, leave says, given the two objects.
type pulled struct {
	exec.Token
	leave func(t exec.Token, public, private exec.Object) error
}

func (c pulled) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	a, b, err := c.Token.GenerateKeyPair(ctx, m, public, private)
	if err == nil {
		err = c.leave(c.Token, a, b)
	}
	if err == nil {
		err = errCrash
	}
	return 0, 0, err
}

type pulledModule struct {
	exec.Module
	leave func(t exec.Token, public, private exec.Object) error
}

func (c pulledModule) Token(id exec.SlotID) exec.Token {
	return pulled{c.Module.Token(id), c.leave}
}

// destroys removes an object, for tests of what is left then.
func destroys(t exec.Token, o exec.Object) error { return t.DestroyObject(context.Background(), o) }

// TestWhatAPulledCardLeaves: of an interrupted generation the next run takes a
// whole pair and removes what is less.
func TestWhatAPulledCardLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		leave      func(t exec.Token, public, private exec.Object) error
		made, gone int
	}{
		"nothing": {func(t exec.Token, public, private exec.Object) error {
			return errors.Join(destroys(t, public), destroys(t, private))
		}, 1, 0},
		"the private key alone": {func(t exec.Token, public, private exec.Object) error { return destroys(t, public) }, 1, 1},
		"the public key alone":  {func(t exec.Token, public, private exec.Object) error { return destroys(t, private) }, 1, 1},
		"both":                  {func(exec.Token, exec.Object, exec.Object) error { return nil }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneKey, model.Start{})
			b.Module = pulledModule{b.module, c.leave}
			if _, err := b.apply(); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			b.Module = b.module
			if _, err := b.again(); err != nil {
				t.Fatal(err)
			}
			if made, gone := count(b.module.Calls, "C_GenerateKeyPair"), count(b.module.Calls, "C_DestroyObject"); made != c.made || gone != c.gone {
				t.Errorf("%d key pairs made and %d objects removed, want %d and %d", made, gone, c.made, c.gone)
			}
			if result, err := b.again(); err != nil || result.Ran != 0 {
				t.Errorf("after the end: %+v, %v", result, err)
			}
		})
	}
}

// TestKeyNamedByHalf cuts a run off at each change of a CKA_ID: the next one takes the
// pair whose halves have two of them.
func TestKeyNamedByHalf(t *testing.T) {
	for at := 1; at <= 2; at++ {
		for _, made := range []bool{false, true} {
			b := newBench(t, oneKey, model.Start{})
			b.Module = &renaming{b.module, at, made}
			if _, err := b.apply(); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			b.Module = b.module
			if _, err := b.again(); err != nil {
				t.Fatal(err)
			}
			if n := count(b.module.Calls, "C_GenerateKeyPair") + count(b.module.Calls, "C_DestroyObject"); n != 0 {
				t.Errorf("cut off at change %d, made %v: %v", at, made, b.module.Calls)
			}
		}
	}
}

// renaming is a module that is pulled at the nth change of an attribute, before it is
// made or after.
type renaming struct {
	exec.Module
	at   int
	made bool
}

func (m *renaming) Token(id exec.SlotID) exec.Token { return renamingToken{m.Module.Token(id), m} }

type renamingToken struct {
	exec.Token
	m *renaming
}

func (t renamingToken) SetAttributes(ctx context.Context, o exec.Object, a []exec.Attribute) error {
	t.m.at--
	if t.m.at == 0 && !t.m.made {
		return errCrash
	}
	if err := t.Token.SetAttributes(ctx, o, a); err != nil || t.m.at > 0 {
		return err
	}
	return errCrash
}

// TestKeysThatOthersMadeSince: after a generation was cut off, another program makes a
// key pair of the same label and kind, or a part of one is left of that. Whatever the
// generation left itself, the next run uses none of it, names none anew, removes none,
// and stops; without them it ends as if they had never been.
func TestKeysThatOthersMadeSince(t *testing.T) {
	leaves := map[string]func(t exec.Token, public, private exec.Object) error{
		"nothing": func(t exec.Token, public, private exec.Object) error {
			return errors.Join(destroys(t, public), destroys(t, private))
		},
		"a public key":  func(t exec.Token, public, private exec.Object) error { return destroys(t, private) },
		"a private key": func(t exec.Token, public, private exec.Object) error { return destroys(t, public) },
		"a pair":        func(exec.Token, exec.Object, exec.Object) error { return nil },
	}
	for left, leave := range leaves {
		for _, id := range [][]byte{nil, {7}} {
			for _, classes := range [][]uint64{{exec.CKOPublicKey, exec.CKOPrivateKey}, {exec.CKOPublicKey}, {exec.CKOPrivateKey}} {
				t.Run(fmt.Sprint(left, id, classes), func(t *testing.T) {
					b := newBench(t, oneKey, model.Start{})
					b.Module = pulledModule{b.module, leave}
					if _, err := b.apply(); !errors.Is(err, errCrash) {
						t.Fatal(err)
					}
					theirs := b.asOthers(t, id, classes)
					b.Module = b.module
					for range 2 {
						_, err := b.again()
						refused(t, err, exec.Refused, "an earlier run was cut off while it generated this key", "is not known to be what it left", "--existing add")
						if n := count(b.module.Calls, "C_GenerateKeyPair") + count(b.module.Calls, "C_DestroyObject") + count(b.module.Calls, "C_SetAttributeValue"); n != 0 {
							t.Errorf("something was changed: %v", b.module.Calls)
						}
					}
					// Told to leave them there, it does.
					theirs(false)
					b.AllowExisting = true
					if _, err := b.again(); err != nil {
						t.Fatal(err)
					}
					if n := theirs(false); n != 2+len(classes) {
						t.Errorf("%d keys", n)
					}
				})
				t.Run(fmt.Sprint("without ", left, id, classes), func(t *testing.T) {
					b := newBench(t, oneKey, model.Start{})
					b.Module = pulledModule{b.module, leave}
					if _, err := b.apply(); !errors.Is(err, errCrash) {
						t.Fatal(err)
					}
					theirs := b.asOthers(t, id, classes)
					b.Module = b.module
					if _, err := b.again(); err == nil {
						t.Fatal("no error")
					}
					before := theirs(true)
					if _, err := b.again(); err != nil {
						t.Fatal(err)
					}
					if made, gone := count(b.module.Calls, "C_GenerateKeyPair"), count(b.module.Calls, "C_DestroyObject"); before+2*made-gone != 2 {
						t.Errorf("of %d keys, %d went, and %d pairs were made", before, gone, made)
					}
				})
			}
		}
	}
}

// asOthers makes parts of a key pair as the plan's op does, as another program would
// under this CKA_ID. What it gives demands that they are there still, removes them where
// it is told to, and says how many keys the token has then.
func (b *bench) asOthers(t *testing.T, id []byte, classes []uint64) func(remove bool) int {
	t.Helper()
	ctx, token := context.Background(), b.module.Token(0)
	session := func(do func() error) {
		t.Helper()
		pin := exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}
		if err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, pin), do(), token.CloseSession(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	session(func() error {
		template := []exec.Attribute{exec.Text(exec.CKALabel, "auth"), exec.Bytes(exec.CKAID, id), exec.Bool(exec.CKASign, true), exec.Bool(exec.CKADecrypt, false), exec.Bool(exec.CKAExtractable, false), exec.Bool(exec.CKASensitive, true)}
		public, private, err := token.GenerateKeyPair(ctx, exec.CKMRSAKeyPairGen, append(template, exec.Bool(exec.CKAPrivate, false), exec.Bytes(exec.CKAPublicExponent, []byte{1, 0, 1})), append(template, exec.Bool(exec.CKAPrivate, true)))
		if err != nil {
			return err
		}
		if !slices.Contains(classes, exec.CKOPublicKey) {
			err = destroys(token, public)
		}
		if !slices.Contains(classes, exec.CKOPrivateKey) {
			err = destroys(token, private)
		}
		return err
	})
	b.module.Calls = nil
	return func(remove bool) (keys int) {
		t.Helper()
		session(func() error {
			for _, class := range classes {
				found, err := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, class), exec.Text(exec.CKALabel, "auth"), exec.Bytes(exec.CKAID, id)})
				if err != nil {
					return err
				}
				if len(found) != 1 {
					t.Fatalf("%d of class %d under their CKA_ID", len(found), class)
				}
				if remove {
					err = destroys(token, found[0])
				}
				if err != nil {
					return err
				}
			}
			for _, class := range []uint64{exec.CKOPublicKey, exec.CKOPrivateKey} {
				found, err := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, class)})
				if err != nil {
					return err
				}
				keys += len(found)
			}
			return nil
		})
		return keys
	}
}

// TestTemplateWithoutACKAID: a token that takes no CKA_ID with the template is asked
// again without one. What a run leaves there is not told from another program's, so
// that the next one stops and says so.
func TestTemplateWithoutACKAID(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	b.Module = &picky{b.module, nil}
	if result, err := b.apply(); err != nil || result.Ran != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	b = newBench(t, oneKey, model.Start{})
	b.Module = &picky{b.module, errCrash}
	if _, err := b.apply(); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	b.Module = &picky{b.module, nil}
	_, err := b.again()
	refused(t, err, exec.Refused, "is not known to be what it left", "remove it with its other half")
	b.remove(t, 0, exec.CKOPublicKey, exec.CKOPrivateKey)
	if _, err := b.again(); err != nil {
		t.Fatal(err)
	}
	// It refuses the template, and has made the keys all the same.
	b = newBench(t, oneKey, model.Start{})
	b.Module = pulledModule{b.module, func(exec.Token, exec.Object, exec.Object) error {
		return &exec.Error{Kind: exec.Device, Call: "C_GenerateKeyPair", CKR: exec.CKRTemplateInconsistent}
	}}
	if _, err := b.apply(); err == nil || count(b.module.Calls, "C_GenerateKeyPair") != 1 {
		t.Fatalf("%v, %v", err, b.module.Calls)
	}
	b.Module = b.module
	if _, err := b.again(); err != nil || count(b.module.Calls, "C_GenerateKeyPair") != 0 {
		t.Fatalf("%v, %v", err, b.module.Calls)
	}
}

// picky takes no CKA_ID with the template of a key pair.
type picky struct {
	exec.Module
	end error // after the generation
}

func (p *picky) Token(id exec.SlotID) exec.Token { return pickyToken{p.Module.Token(id), p} }

type pickyToken struct {
	exec.Token
	p *picky
}

func (t pickyToken) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	if slices.ContainsFunc(append(slices.Clip(public), private...), func(a exec.Attribute) bool { return a.Type == exec.CKAID }) {
		return 0, 0, &exec.Error{Kind: exec.Device, Call: "C_GenerateKeyPair", CKR: exec.CKRTemplateInconsistent}
	}
	a, b, err := t.Token.GenerateKeyPair(ctx, m, public, private)
	if err == nil {
		err = t.p.end
	}
	return a, b, err
}

// TestKeysThatWereThereStay: a run that was told to add to keys of the same label
// cannot tell those from what it left, and removes none, be it continued without
// the word or not.
func TestKeysThatWereThereStay(t *testing.T) {
	for _, class := range []uint64{exec.CKOPublicKey, exec.CKOPrivateKey} {
		b := newBench(t, oneKey, model.Start{})
		plant(t, b, class)
		b.AllowExisting = true
		b.Module = pulledModule{b.module, func(t exec.Token, public, private exec.Object) error {
			return errors.Join(t.DestroyObject(context.Background(), public), t.DestroyObject(context.Background(), private))
		}}
		if _, err := b.apply(); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		b.Module, b.AllowExisting = b.module, false
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
		if gone := count(b.module.Calls, "C_DestroyObject"); gone != 0 {
			t.Errorf("class %d: %d objects removed", class, gone)
		}
	}
}

// openSC is the plan of a description for a card of OpenSC.
func openSC(t testing.TB, text string) *plan.Plan {
	t.Helper()
	p, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: profile.Lookup("opensc"), Secrets: map[string]bool{"CARD": true}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAttributesThatTheModuleKnowsNot: where the profile says that a module tells
// nothing of how safe a key is, that is not held against it, and all else is.
func TestAttributesThatTheModuleKnowsNot(t *testing.T) {
	untold := map[exec.AttributeType]bool{exec.CKASensitive: true, exec.CKAAlwaysSensitive: true, exec.CKANeverExtractable: true, exec.CKALocal: true}
	for lie, want := range map[exec.AttributeType]bool{exec.CKASensitive: true, exec.CKAAlwaysSensitive: true, exec.CKANeverExtractable: true, exec.CKALocal: true,
		exec.CKAExtractable: false, exec.CKAPrivate: false, exec.CKASign: false} {
		b := newBench(t, oneKey, model.Start{})
		b.Plan = openSC(t, oneKey)
		b.module = model.New(b.Plan.Facts(), model.Start{})
		b.Inputs = secrets(b.Plan)
		b.Inputs.Secrets["CARD"] = secret.FromString("4711")
		b.Module = &tap{Module: b.module, attributes: func(attrs []exec.Attribute) {
			for i := range attrs {
				if (attrs[i].Type == lie || untold[attrs[i].Type]) && len(attrs[i].Value) == 1 {
					attrs[i].Value = []byte{1 - attrs[i].Value[0]}
				}
			}
		}}
		if _, err := b.apply(); (err == nil) != want {
			t.Errorf("attribute %#x: %v", uint64(lie), err)
		}
	}
}

// TestOneLoginSaysWhatIsMissing: the module of a card whose key directory stands
// under the other PIN says CKR_GENERAL_ERROR, which helps nobody.
func TestOneLoginSaysWhatIsMissing(t *testing.T) {
	signOnly := strings.Replace(oneKey, "PIN=CARD", "SignPIN=CARD", 1) + "Location=#Signature\n"
	const says = "this run has only that of the signature slot"
	for text, told := range map[string]bool{signOnly: true, bothSlots: false, oneKey: false} {
		b := newBench(t, text, model.Start{})
		b.Module = &tap{Module: b.module, fail: map[string]error{"C_GenerateKeyPair": &exec.Error{Kind: exec.Device, Call: "C_GenerateKeyPair", CKR: exec.CKRGeneralError}}}
		_, err := b.apply()
		if err == nil || strings.Contains(err.Error(), says) != told {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// TestACertifiedKeyIsNotLeftOver: a pair that an interrupted generation left and that
// somebody wrote a certificate for is in use, also where the token does not tell the
// certificate.
func TestACertifiedKeyIsNotLeftOver(t *testing.T) {
	for _, value := range [][]byte{[]byte("a certificate"), nil} {
		b := cutOff(t, oneKey, model.Start{}, "genkey")
		ctx, token := context.Background(), b.module.Token(0)
		var id []byte
		for left := range ids(t, b.module, exec.CKOPublicKey) {
			id = []byte(left)
		}
		err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}))
		_, created := token.CreateObject(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOCertificate), exec.Bytes(exec.CKAID, id), exec.Bytes(exec.CKAValue, value), exec.Text(exec.CKALabel, "in use")})
		if err = errors.Join(err, created, token.CloseSession(ctx)); err != nil {
			t.Fatal(err)
		}
		_, err = b.again()
		refused(t, err, exec.Refused, "auth")
		if n := count(b.module.Calls, "C_SetAttributeValue") + count(b.module.Calls, "C_DestroyObject"); n != 0 {
			t.Errorf("certificate %q: the key was taken: %v", value, b.module.Calls)
		}
	}
}
