package exec_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// locking is a kind of token like SoftHSM2 that locks at the third wrong value; more
// are facts in which it differs.
func locking(t testing.TB, honest string, more ...string) *profile.Profile {
	t.Helper()
	text := "inherits = \"softhsm\"\n[fact]\n"
	for _, fact := range append(more, "pin-locks = true", "pin-retries = 3", "honest-flags = "+honest, "honest-so-flags = "+honest) {
		name, is, _ := strings.Cut(fact, " = ")
		text += fmt.Sprintf("%s = { is = %s, source = \"x\" }\n", name, is)
	}
	p, err := profile.Parse("locking", []byte(text), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// unblock sets a PIN under the PUK.
const unblock = `[Fields]
PUK=
CARD=

[Description]
PKCS11Library=x.dll
SetPIN=true
InitialPUK=PUK
PIN=CARD
`

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
	bySO := []string{oneKey, bothSlots, changePIN, newPUK, initialise}
	// Of a PUK of the card's own no flag speaks, and the number of its tries may not
	// be known.
	own := []string{`puk-is = "own"`, `change-pin-needs-login = "unknown"`}
	byPUK := []string{oneKey, bothSlots, changePIN, unblock}
	shared := []string{"lock-is-shared = true"}
	for _, mode := range []struct {
		honest string
		lies   bool
		texts  []string
		more   []string // facts
		unsaid string   // one more, which the plan does not know
	}{{"false", true, bySO, shared, ""}, {"false", true, bySO, append(shared, "right-pin-resets = false"), ""},
		{"true", false, bySO, nil, ""}, {"false", true, bySO, nil, ""}, {`"unknown"`, true, bySO, nil, ""}, {`"unknown"`, false, bySO, nil, ""},
		{"true", false, byPUK, own, "puk-retries = 3"}, {"false", true, byPUK, own, "puk-retries = 3"}, {`"unknown"`, false, byPUK, own, "puk-retries = 10"},
		{"true", false, byPUK, append(own, "puk-retries = 5"), "pin-min = 0"}} {
		facts := locking(t, mode.honest, mode.more...)
		truth := facts
		if mode.unsaid != "" {
			truth = locking(t, mode.honest, append(mode.more, mode.unsaid)...)
		}
		plans := map[string]*plan.Plan{}
		for _, text := range mode.texts {
			pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: facts})
			if err != nil {
				t.Fatal(err)
			}
			plans[text] = pl
		}
		for range 250 {
			token := model.New(truth, model.Start{User: secret.FromString(right), SO: secret.FromString(rightSO), PUK: secret.FromString(rightSO)})
			count := &counting{Module: token, lies: mode.lies}
			journals := &exec.Memory{} // its counts last, as those of a state folder
			for range 12 {
				text := mode.texts[random.IntN(len(mode.texts))]
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
				if text == newPUK || text == initialise || text == unblock {
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
					if mode.more != nil && pukLocked(token, s.ID) {
						t.Fatalf("%s, %v: the last try of the PUK of the %s slot was spent", mode.honest, mode.more, s.Description)
					}
				}
			}
		}
	}
	// The property would hold of runs that try nothing.
	if runs != 30000 || spent < 1000 || refusals < 1000 {
		t.Errorf("%d runs spent %d tries and were refused %d times", runs, spent, refusals)
	}
}

// pukLocked reports whether the right PUK sets no PIN any more, on a copy of the token.
func pukLocked(token *model.Module, id exec.SlotID) bool {
	t, ctx := token.Fork().Token(id), context.Background()
	_ = t.OpenSession(ctx)
	right := func(value string) exec.Credential { return exec.Credential{Secret: secret.FromString(value)} }
	var e *exec.Error
	return errors.As(t.SetPIN(ctx, right("right-so"), right("right-user")), &e) && e.CKR.Locked()
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

// TestPUKLocksForGood: of a PUK that is locked nobody says that it unlocks itself, and
// what it unlocked counts from the start.
func TestPUKLocksForGood(t *testing.T) {
	b := newBench(t, unblock, model.Start{})
	facts := locking(t, "false", `puk-is = "own"`, "puk-retries = 3")
	var err error
	if b.Plan, err = plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(unblock)), nil), plan.Options{Profile: facts}); err != nil {
		t.Fatal(err)
	}
	b.module = model.New(facts, model.Start{User: secret.FromString("right-user"), PUK: secret.FromString("right-so")})
	b.Module = b.module
	with := func(puk string, spend bool) error {
		b.SpendFinalTry = spend
		b.Inputs.Secrets = map[string]secret.Secret{"PUK": secret.FromString(puk), "CARD": secret.FromString("right-user")}
		_, err := b.apply()
		return err
	}
	// Two wrong PINs are counted, and the PUK takes them back.
	if _, err := b.journals.AddTries("default", "user", 2); err != nil {
		t.Fatal(err)
	}
	if err := with("right-so", false); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		refused(t, with("wrong", false), exec.Device, "field PUK is wrong; it is not tried again")
	}
	refused(t, with("right-so", false), exec.Refused, "showed this token 2 wrong PUKs and none that was right since")
	refused(t, with("wrong", true), exec.Device, "CKR_PIN_INCORRECT")
	e := refused(t, with("right-so", true), exec.Device, "the PUK is locked", "CKR_PIN_LOCKED")
	if e.Help() != "a locked PUK is for ever on most tokens; ask the vendor" {
		t.Error(e.Help())
	}
}

// TestASharedCountIsReadOnce: an initialisation starts the counts of all credentials
// anew, and where they are one the ledger is asked for it once.
func TestASharedCountIsReadOnce(t *testing.T) {
	for _, c := range []struct {
		shared string
		want   int
	}{{"true", 1}, {"false", 3}} {
		facts := locking(t, "false", "lock-is-shared = "+c.shared)
		pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(initialise)), nil), plan.Options{Profile: facts})
		if err != nil {
			t.Fatal(err)
		}
		b := newBench(t, initialise, model.Start{})
		b.DestroyConfirmed, b.Plan = true, pl
		b.module = model.New(facts, model.Start{})
		ledger := &ledgerReads{journals: b.journals}
		b.Module, b.Journals = &initialised{b.module, ledger}, ledger
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		if ledger.reads != c.want {
			t.Errorf("lock-is-shared = %s: the counts were read %d times, want %d", c.shared, ledger.reads, c.want)
		}
	}
}

// ledgerReads counts the reads of tries between an initialisation and the record of it.
type ledgerReads struct {
	*journals
	at    bool
	reads int
}

func (l *ledgerReads) Open(map[string]exec.Identity, exec.Work, bool) (exec.Journal, []exec.Record, bool, error) {
	return l, nil, false, nil
}

func (l *ledgerReads) Write(r exec.Record) error {
	l.at = false
	return l.journals.Write(r)
}

func (l *ledgerReads) Tries(slot, who string) (int, error) {
	if l.at {
		l.reads++
	}
	return l.journals.Tries(slot, who)
}

// initialised tells the ledger of an initialisation.
type initialised struct {
	exec.Module
	ledger *ledgerReads
}

func (m *initialised) Token(id exec.SlotID) exec.Token {
	return &initialisedToken{m.Module.Token(id), m.ledger}
}

type initialisedToken struct {
	exec.Token
	ledger *ledgerReads
}

func (t *initialisedToken) InitToken(ctx context.Context, so exec.Credential, label string) error {
	err := t.Token.InitToken(ctx, so, label)
	t.ledger.at = true
	return err
}
