package exec_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// locking is a kind of token like SoftHSM2 that locks at the third wrong value.
func locking(t testing.TB, honest string) *profile.Profile {
	t.Helper()
	p, err := profile.Parse("locking", fmt.Appendf(nil, "inherits = \"softhsm\"\n[fact]\npin-locks = { is = true, source = \"x\" }\npin-retries = { is = 3, source = \"x\" }\nhonest-flags = { is = %s, source = \"x\" }\n", honest), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// counting counts the wrong values that its tokens see, and hides the flags about
// them.
type counting struct {
	exec.Module
	lies  bool
	wrong int
}

func (c *counting) Slots(ctx context.Context) ([]exec.Slot, error) {
	slots, err := c.Module.Slots(ctx)
	for i := range slots {
		slots[i].Token.Flags = c.flags(slots[i].Token.Flags)
	}
	return slots, err
}

func (c *counting) flags(f exec.TokenFlags) exec.TokenFlags {
	if c.lies {
		f &^= exec.FlagUserPINCountLow | exec.FlagUserPINFinalTry | exec.FlagUserPINLocked | exec.FlagSOPINCountLow | exec.FlagSOPINFinalTry | exec.FlagSOPINLocked
	}
	return f
}

func (c *counting) Token(id exec.SlotID) exec.Token { return &countingToken{c.Module.Token(id), c} }

func (c *counting) saw(err error) error {
	var e *exec.Error
	if errors.As(err, &e) && (e.CKR.WrongPIN() || e.CKR.Locked()) {
		c.wrong++
	}
	return err
}

type countingToken struct {
	exec.Token
	count *counting
}

func (t *countingToken) Info(ctx context.Context) (exec.TokenInfo, error) {
	info, err := t.Token.Info(ctx)
	info.Flags = t.count.flags(info.Flags)
	return info, err
}

func (t *countingToken) Login(ctx context.Context, u exec.User, c exec.Credential) error {
	return t.count.saw(t.Token.Login(ctx, u, c))
}

func (t *countingToken) SetPIN(ctx context.Context, old, new exec.Credential) error {
	return t.count.saw(t.Token.SetPIN(ctx, old, new))
}

func (t *countingToken) InitToken(ctx context.Context, so exec.Credential, label string) error {
	return t.count.saw(t.Token.InitToken(ctx, so, label))
}

// TestTriesOverManyRuns: whatever is typed, run after run, a run costs one try at
// the most, and none of them is ever the last. Where flags lie, the count of the
// state folder stands for them.
func TestTriesOverManyRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(4711, 12))
	const right, rightSO = "right-user", "right-so"
	runs, spent, refusals := 0, 0, 0
	for _, mode := range []struct {
		honest string
		lies   bool
	}{{"true", false}, {"false", true}, {"\"unknown\"", true}, {"\"unknown\"", false}} {
		facts := locking(t, mode.honest)
		plans := map[string]*plan.Plan{}
		for _, text := range []string{oneKey, bothSlots, changePIN, newPUK, initialise} {
			pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: facts})
			if err != nil {
				t.Fatal(err)
			}
			plans[text] = pl
		}
		for range 250 {
			token := model.New(facts, model.Start{User: secret.FromString(right), SO: secret.FromString(rightSO)})
			count := &counting{Module: token, lies: mode.lies}
			journals := &exec.Memory{} // its counts last, as those of a state folder
			for range 12 {
				text := []string{oneKey, bothSlots, changePIN, newPUK, initialise}[random.IntN(5)]
				value := func(good string) secret.Secret {
					if random.IntN(3) > 0 {
						return secret.FromString("wrong" + fmt.Sprint(random.IntN(3)))
					}
					return secret.FromString(good)
				}
				// What is set anew is the right value again, so that the next run
				// can have one.
				in := exec.Inputs{Text: map[string]string{}, Literals: map[string]secret.Secret{}, Secrets: map[string]secret.Secret{
					"CARD": value(right), "SIGN": value(right), "OLD": value(rightSO), "NEW": secret.FromString(rightSO), "PUK": value(rightSO)}}
				if text == newPUK || text == initialise {
					in.Secrets["CARD"] = secret.FromString(right)
				}
				before := count.wrong
				_, err := exec.Apply(context.Background(), exec.Options{Plan: plans[text], Inputs: in, Module: count, Selectors: model.Selectors(), Issuer: model.Issuer{},
					Journals: journals, Prompter: prompted{value(right), secret.FromString(right)}, DestroyConfirmed: true, AllowExisting: true})
				runs++
				tries := count.wrong - before
				spent += tries
				var e *exec.Error
				if errors.As(err, &e) && e.Kind == exec.Refused && tries == 0 {
					refusals++
				}
				if tries > 1 {
					t.Fatalf("%s, lies %v: one run cost %d tries: %v", mode.honest, mode.lies, tries, err)
				}
				slots, _ := token.Slots(context.Background())
				for _, s := range slots {
					if s.Token.Flags&(exec.FlagUserPINLocked|exec.FlagSOPINLocked) != 0 {
						t.Fatalf("%s, lies %v: the last try of the %s slot was spent", mode.honest, mode.lies, s.Description)
					}
				}
			}
		}
	}
	// The property would hold of runs that try nothing.
	if runs != 12000 || spent < 1000 || refusals < 1000 {
		t.Errorf("%d runs spent %d tries and were refused %d times", runs, spent, refusals)
	}
}

type prompted struct{ old, new secret.Secret }

func (p prompted) Ask(context.Context, exec.Question) (exec.Answer, error) {
	return exec.Answer{Old: p.old.Clone(), New: p.new.Clone()}, nil
}

func (prompted) Confirm(context.Context, string) bool { return true }

// TestContextLogin: a key that wants its PIN at each use gets it, once, from the
// login of the slot.
func TestContextLogin(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	signs := &signing{tap: tap{Module: b.module, attributes: func(attrs []exec.Attribute) {
		for i := range attrs {
			if attrs[i].Type == exec.CKAAlwaysAuthenticate {
				attrs[i] = exec.Bool(exec.CKAAlwaysAuthenticate, true)
			}
		}
	}}}
	b.Module = signs
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	if len(signs.with) != 1 || signs.with[0] != "field CARD" {
		t.Errorf("signed with %q", signs.with)
	}
}

// signing notes the context logins of signatures.
type signing struct {
	tap
	with []string
}

func (s *signing) Token(id exec.SlotID) exec.Token { return &signingToken{s.tap.Token(id), s} }

type signingToken struct {
	exec.Token
	all *signing
}

func (t *signingToken) Sign(ctx context.Context, m exec.MechanismType, key exec.Object, data []byte, c *exec.Credential) ([]byte, error) {
	name := ""
	if c != nil {
		name = c.Name
	}
	t.all.with = append(t.all.with, name)
	return t.Token.Sign(ctx, m, key, data, c)
}
