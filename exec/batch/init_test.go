package batch_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/batch"
	"inscribe/exec/journal"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

const initialises = `[Fields]
CARD=
PUK=
NAME=

[Description]
PKCS11Library=x.dll
ApplicationList=A
InitToken=true
InitialPUK=PUK
InitialLabel=NAME
SetPIN=true
PIN=CARD

[Application_A]
ECCurve=P-256
CertTempl=auth
`

// initWorld is a station with tokens that each row initialises. At any call that
// changes a token the run may be cut off, before or after it was done.
type initWorld struct {
	testing.TB
	turn     sync.Mutex
	random   *rand.Rand
	facts    *profile.Profile
	plan     *plan.Plan
	journals *journal.Folder
	cards    []*initCard
	absent   map[int]bool
	labels   func(row string) string
	sopins   func(row string) string
	cutOff   float64
	home     map[string]*initCard // of the first key or PIN of a row
	wrong    int                  // SO PINs
	torn     int                  // the most rows that were cut off together
}

type initCard struct {
	n      int
	module *model.Module
	fresh  bool
	inits  int
	sopin  string
	owner  string
}

func newInitWorld(t testing.TB, seed uint64, facts string, cards int, fresh bool) *initWorld {
	p := check.Check(grammar.Parse("x.dsc", []byte(initialises)), nil)
	f := profile.Lookup(facts)
	pl, err := plan.Lower(p, plan.Options{Profile: f, Secrets: map[string]bool{"CARD": true, "PUK": true}})
	if err != nil || p.Errors() {
		t.Fatal(err, p.Diagnostics)
	}
	w := &initWorld{TB: t, random: rand.New(rand.NewPCG(seed, 2)), facts: f, plan: pl, journals: journal.In(t.TempDir()), absent: map[int]bool{}, home: map[string]*initCard{},
		labels: func(row string) string { return row }, sopins: func(string) string { return "11112222" }}
	for n := range cards {
		w.cards = append(w.cards, &initCard{n: n, module: model.New(pl.Facts(), model.Start{Fresh: fresh}), fresh: fresh, sopin: "11112222"})
	}
	return w
}

func (w *initWorld) slot(c *initCard) exec.Slot {
	slots, err := c.module.Slots(context.Background())
	if err != nil {
		w.Error(err)
	}
	s := slots[0]
	s.ID, s.Description = exec.SlotID(c.n), fmt.Sprint("reader ", c.n)
	switch {
	case c.inits == 0 && c.fresh:
		s.Token.Serial, s.Token.Label = "", ""
	case c.inits == 0:
		s.Token.Label = fmt.Sprint("OLD-", c.n)
		fallthrough
	default:
		s.Token.Serial = fmt.Sprint("77", c.n)
	}
	return s
}

func (w *initWorld) Slots(_ context.Context, busy []exec.SlotID) (out []exec.Slot, err error) {
	w.turn.Lock()
	defer w.turn.Unlock()
	for _, c := range w.cards {
		if !w.absent[c.n] && !slices.Contains(busy, exec.SlotID(c.n)) {
			out = append(out, w.slot(c))
		}
	}
	return out, nil
}

func (w *initWorld) inputs(row string) exec.Inputs {
	return exec.Inputs{Text: map[string]string{"NAME": w.labels(row)}, Secrets: map[string]secret.Secret{"CARD": secret.FromString("1234"), "PUK": secret.FromString(w.sopins(row))}}
}

func (w *initWorld) Do(ctx context.Context, row string, s batch.Seat) batch.Outcome {
	time.Sleep(time.Millisecond)
	var at []exec.SlotID
	for _, slot := range s.Torn {
		at = append(at, slot.ID)
	}
	selector, _ := exec.ParseSelector("fresh")
	if s.Torn == nil {
		at, selector = []exec.SlotID{s.Slots[plan.Default].ID}, exec.At(s.Slots[plan.Default].ID)
	}
	journals := w.journals.Row("b", row)
	// A try that was cut off counts as one that may have been wrong.
	_, err := exec.Apply(ctx, exec.Options{Plan: w.plan, Inputs: w.inputs(row), Module: initView{w.cards[at[0]].module, w, row, at}, Issuer: model.Issuer{}, Journals: journals,
		Selectors: map[string]exec.Selector{plan.Default: selector}, DestroyConfirmed: true, SpendFinalTry: true, Batch: "b", Row: row, Alike: s.Alike, Known: s.Known})
	out := batch.Outcome{Err: err}
	out.Bound, out.Tokens, out.Torn = journals.Left()
	return out
}

func (w *initWorld) Began(string, batch.Seat)                {}
func (w *initWorld) Ended(string, batch.Seat, batch.Outcome) {}
func (w *initWorld) Refused(s batch.Seat)                    { w.Errorf("refused: %s: %s", s.Name(), s.Refused) }
func (w *initWorld) Waiting(int, int)                        {}

// initView is the module as a run sees it.
type initView struct {
	exec.Module
	w   *initWorld
	row string
	at  []exec.SlotID
}

func (v initView) Slots(context.Context) (out []exec.Slot, err error) {
	v.w.turn.Lock()
	defer v.w.turn.Unlock()
	for _, id := range v.at {
		out = append(out, v.w.slot(v.w.cards[id]))
	}
	return out, nil
}

func (v initView) Token(id exec.SlotID) exec.Token {
	c := v.w.cards[id]
	slots, _ := c.module.Slots(context.Background())
	return initToken{c.module.Token(slots[0].ID), v, c}
}

type initToken struct {
	exec.Token
	v initView
	c *initCard
}

func (t initToken) Info(context.Context) (exec.TokenInfo, error) {
	t.v.w.turn.Lock()
	defer t.v.w.turn.Unlock()
	return t.v.w.slot(t.c).Token, nil
}

func (t initToken) OpenSession(ctx context.Context) error {
	_ = t.Token.CloseSession(ctx) // of a run that was cut off
	return t.Token.OpenSession(ctx)
}

// change does what changes the token, unless the run is cut off before it.
func (t initToken) change(own bool, cutOff float64, do func() error) error {
	time.Sleep(time.Millisecond)
	w := t.v.w
	w.turn.Lock()
	defer w.turn.Unlock()
	gone := &exec.Error{Kind: exec.Device, CKR: exec.CKRDeviceError}
	if w.random.Float64() < cutOff {
		return gone
	}
	if own {
		if t.c.owner != "" && t.c.owner != t.v.row {
			w.Errorf("card %d was written to for %s and for %s", t.c.n, t.c.owner, t.v.row)
		}
		if home := w.home[t.v.row]; home != nil && home != t.c {
			w.Errorf("%s was written to card %d and to card %d", t.v.row, home.n, t.c.n)
		}
		t.c.owner, w.home[t.v.row] = t.v.row, t.c
	}
	if err := do(); err != nil {
		return err
	}
	if w.random.Float64() < cutOff {
		return gone
	}
	return nil
}

func (t initToken) InitToken(ctx context.Context, so exec.Credential, label string) error {
	// Two that were given the same are one as good as the other until more is on them.
	own := t.v.w.labels("a") != t.v.w.labels("b")
	_ = t.Token.CloseSession(ctx) // of a run that was cut off
	return t.change(own, min(0.5, 3*t.v.w.cutOff), func() error {
		w, pin := t.v.w, t.v.w.sopins(t.v.row)
		if (!t.c.fresh || t.c.inits > 0) && t.c.sopin != pin {
			w.wrong++
			return &exec.Error{Kind: exec.Device, Call: "C_InitToken", CKR: exec.CKRPINIncorrect}
		}
		if t.c.owner != "" && t.c.owner != t.v.row {
			w.Errorf("card %d of %s was initialised for %s", t.c.n, t.c.owner, t.v.row)
		}
		t.c.sopin = pin
		err := t.Token.InitToken(ctx, so, label)
		if err == nil {
			t.c.inits++
		}
		return err
	})
}

func (t initToken) InitPIN(ctx context.Context, c exec.Credential) error {
	return t.change(true, t.v.w.cutOff, func() error { return t.Token.InitPIN(ctx, c) })
}

func (t initToken) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (a, b exec.Object, err error) {
	err = t.change(true, t.v.w.cutOff, func() error {
		a, b, err = t.Token.GenerateKeyPair(ctx, m, public, private)
		return err
	})
	return a, b, err
}

// call is one call of the batch; it gives the rows that are done.
func (w *initWorld) call(p batch.Pool, rows []string) map[string]bool {
	w.Helper()
	earlier, err := w.journals.Rows("b")
	if err != nil {
		w.Fatal(err)
	}
	o := batch.Options{Pool: p, Rows: rows, Watcher: w, Poll: 50 * time.Millisecond}
	pins, nameless := map[string]int{}, 0
	for _, e := range earlier {
		pin := w.sopins(e.Row)
		if pins[pin] == 0 {
			pins[pin] = len(pins) + 1
		}
		o.Earlier = append(o.Earlier, batch.Row{Row: e.Row, Finished: e.Finished, Tokens: e.Tokens, Torn: e.Torn, SOPIN: pins[pin]})
		if id := e.Tokens[plan.Default]; !e.Finished && (id.Serial == "" || len(e.Torn) > 0) {
			nameless++
		}
	}
	w.torn = max(w.torn, nameless)
	if _, err := batch.Run(context.Background(), w, o); err != nil {
		w.Fatal(err)
	}
	done := map[string]bool{}
	if earlier, err = w.journals.Rows("b"); err != nil {
		w.Fatal(err)
	}
	on := map[string]string{}
	for _, e := range earlier {
		if !e.Finished {
			continue
		}
		serial := e.Tokens[plan.Default].Serial
		if on[serial] != "" || done[e.Row] {
			w.Errorf("%s is finished on %s, as %q is", e.Row, serial, on[serial])
		}
		done[e.Row], on[serial] = true, e.Row
		if c := w.home[e.Row]; c == nil || fmt.Sprint("77", c.n) != serial {
			w.Errorf("%s is finished on %s by its journal, and not there", e.Row, serial)
		}
	}
	return done
}

// TestInitialisationsCutOff cuts rows off together while they initialise tokens, fresh
// ones or ones that get another label: called again and again, the batch ends with each
// row on one token and each token with one row, none is left half made, and no wrong SO
// PIN was tried.
func TestInitialisationsCutOff(t *testing.T) {
	one := func(string) string { return "ONE LABEL" }
	for _, c := range []struct {
		name, facts, selector string
		fresh                 bool
		labels                func(row string) string
	}{
		{"fresh, a label each", "softhsm", "fresh", true, nil},
		{"fresh, one label", "softhsm", "fresh", true, one},
		{"fresh, two labels", "softhsm", "fresh", true, func(row string) string { return "LABEL " + row[len(row)-1:] }},
		{"new labels", "generic", "pkcs11:", false, nil},
		{"one new label", "generic", "pkcs11:", false, one},
	} {
		t.Run(c.name, func(t *testing.T) {
			most := 0
			for seed := range uint64(6) {
				synctest.Test(t, func(t *testing.T) {
					const n = 6
					w := newInitWorld(t, seed, c.facts, n, c.fresh)
					if c.labels != nil {
						w.labels = c.labels
					}
					w.cutOff = 0.12
					all := rows(n)
					p := batch.Pool{Facts: w.facts, Default: selector(t, c.selector)}
					for calls := 1; ; calls++ {
						if len(w.call(p, all)) == n {
							break
						}
						if calls == 100 {
							t.Fatalf("seed %d: %v after %d calls", seed, slices.Sorted(maps.Keys(w.home)), calls)
						}
					}
					for _, card := range w.cards {
						if card.owner == "" {
							t.Errorf("seed %d: card %d has no row", seed, card.n)
						}
					}
					if w.wrong > 0 {
						t.Errorf("seed %d: %d wrong SO PINs", seed, w.wrong)
					}
					most = max(most, w.torn)
				})
			}
			if most < 2 {
				t.Errorf("at most %d rows were cut off together", most)
			}
		})
	}
}

// TestStuckRows: rows that gave fresh tokens one label and different SO PINs do not go
// on by themselves, and no SO PIN is tried; what the message tells the operator brings
// them to their end.
func TestStuckRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newInitWorld(t, 1, "softhsm", 2, true)
		w.labels = func(string) string { return "ONE LABEL" }
		w.sopins = func(row string) string { return strings.Repeat(row[len(row)-1:], 8) }
		p, all := batch.Pool{Facts: w.facts, Default: selector(t, "fresh")}, rows(3)
		w.cutOff = 0.5
		for len(w.unfinished()) < 2 || w.cards[0].inits == 0 || w.cards[1].inits == 0 {
			*w = *newInitWorld(t, w.random.Uint64(), "softhsm", 2, true)
			w.labels, w.sopins, w.cutOff = func(string) string { return "ONE LABEL" }, func(row string) string { return strings.Repeat(row[len(row)-1:], 8) }, 0.5
			w.call(p, all[:2])
		}
		w.cutOff = 0
		earlier := []batch.Row{}
		for n, r := range w.unfinished() {
			earlier = append(earlier, batch.Row{Row: r.Row, Tokens: r.Tokens, Torn: r.Torn, SOPIN: n + 1})
		}
		if stuck := batch.Stuck(earlier); len(stuck) != 2 {
			t.Fatalf("stuck are %v", stuck)
		}
		if done := w.call(p, all); len(done) != 0 || w.wrong != 0 {
			t.Fatalf("done are %v; %d wrong SO PINs", done, w.wrong)
		}
		// The tokens are set aside, the journals moved away, and others put in.
		for _, r := range w.unfinished() {
			if err := os.Rename(r.Journal, r.Journal+".aside"); err != nil {
				t.Fatal(err)
			}
		}
		w.absent = map[int]bool{0: true, 1: true}
		for n := range 3 {
			w.cards = append(w.cards, &initCard{n: 2 + n, module: model.New(w.plan.Facts(), model.Start{Fresh: true}), fresh: true})
		}
		if done := w.call(p, all); len(done) != 3 || w.wrong != 0 {
			t.Errorf("done are %v; %d wrong SO PINs", done, w.wrong)
		}
	})
}

func (w *initWorld) unfinished() (out []journal.Row) {
	earlier, err := w.journals.Rows("b")
	if err != nil {
		w.Fatal(err)
	}
	return slices.DeleteFunc(earlier, func(r journal.Row) bool { return r.Finished || r.Tokens[plan.Default].Serial != "" })
}
