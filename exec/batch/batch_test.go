package batch_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
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

const bothSlots = `[Fields]
CARD=
SIGN=

[Description]
PKCS11Library=x.dll
ApplicationList=AB
PIN=CARD
SignPIN=SIGN

[Application_A]
ECCurve=P-256
CertTempl=auth

[Application_B]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

func lower(t testing.TB) *plan.Plan { return lowerFor(t, profile.Lookup("softhsm")) }

func lowerFor(t testing.TB, facts *profile.Profile) *plan.Plan {
	t.Helper()
	p := check.Check(grammar.Parse("x.dsc", []byte(bothSlots)), nil)
	pl, err := plan.Lower(p, plan.Options{Profile: facts, Secrets: map[string]bool{"CARD": true, "SIGN": true}})
	if err != nil || p.Errors() {
		t.Fatal(err, p.Diagnostics)
	}
	return pl
}

// labelled is SoftHSM2 as one sees it who does not know that its serial numbers are
// unique.
func labelled(t testing.TB) *profile.Profile {
	t.Helper()
	p, err := profile.Parse("labelled", []byte("inherits = \"softhsm\"\n[fact]\nunique-serial = { is = \"unknown\", source = \"x\" }\n"), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pool(t testing.TB) batch.Pool {
	t.Helper()
	return batch.Pool{Facts: profile.Lookup("softhsm"), Default: selector(t, "pkcs11:token=CARD-*"), Signature: selector(t, "pkcs11:token=SIGN-*"), Both: true}
}

func selector(t testing.TB, text string) exec.Selector {
	t.Helper()
	s, err := exec.ParseSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// card is a pair of model tokens with a name and serial numbers of its own.
type card struct {
	n      int
	module *model.Module
	in     bool // a reader
	// owner is the row that wrote to it first.
	owner string
	over  bool // the operator takes it out
	fails bool // all writes but the first fail
	tries int  // how many writes it saw
	keys  int  // how many pairs were made
	idle  int  // for how many rounds of the operator nothing was done on it
}

// slots are the card's, with numbers that belong to its reader.
func (c *card) slots(t testing.TB, reader int) []exec.Slot {
	slots, err := c.module.Slots(context.Background())
	if err != nil {
		t.Error(err)
	}
	for i := range slots {
		slots[i].ID = exec.SlotID(2*reader + i)
		slots[i].Token.Label = fmt.Sprintf("%s-%d", []string{"CARD", "SIGN"}[i], c.n)
		slots[i].Token.Serial = fmt.Sprintf("%04d%d", 1000+c.n, i)
	}
	return slots
}

// world is a station with readers, cards and an operator.
type world struct {
	testing.TB
	turn     sync.Mutex
	random   *rand.Rand
	readers  []*card // nil: empty
	plan     *plan.Plan
	journals *journal.Folder
	// refuse and pull are how often a card refuses a run, and is taken out at a call.
	refuse, pull float64
	call         time.Duration // how long one takes

	home    map[string]*card // the card that a row wrote to
	running int
	most    int
	begun   int // rows
}

func (w *world) locked(f func()) {
	w.turn.Lock()
	defer w.turn.Unlock()
	f()
}

func (w *world) Slots(_ context.Context, busy []exec.SlotID) (out []exec.Slot, err error) {
	w.locked(func() {
		for i, c := range w.readers {
			if c != nil && !slices.Contains(busy, exec.SlotID(2*i)) {
				out = append(out, c.slots(w, i)...)
			}
		}
	})
	return out, nil
}

func (w *world) Do(ctx context.Context, row string, s batch.Seat) batch.Outcome {
	reader := int(s.Slots[plan.Default].ID) / 2
	var c *card
	refused := false
	w.locked(func() {
		c = w.readers[reader]
		w.running++
		w.most = max(w.most, w.running)
		if refused = w.random.Float64() < w.refuse; c != nil {
			c.idle = -1 << 20
		}
	})
	defer w.locked(func() {
		if w.running--; c != nil {
			c.over = true
		}
	})
	time.Sleep(w.call)
	gone := &exec.Error{Kind: exec.Device, CKR: exec.CKRDeviceRemoved, Message: "taken out"}
	switch {
	case c == nil:
		return batch.Outcome{Err: gone}
	case refused:
		return batch.Outcome{Err: &exec.Error{Kind: exec.Refused, Message: "refused"}}
	}
	journals := w.journals.Row("b", row)
	view := view{c.module, w, c, reader, row}
	in := exec.Inputs{Secrets: map[string]secret.Secret{"CARD": secret.FromString("1234"), "SIGN": secret.FromString("5678")}}
	_, err := exec.Apply(ctx, exec.Options{Plan: w.plan, Inputs: in, Module: view, Issuer: model.Issuer{}, Journals: journals,
		Selectors: map[string]exec.Selector{plan.Default: exec.At(s.Slots[plan.Default].ID), plan.Signature: exec.At(s.Slots[plan.Signature].ID)}, Batch: "b", Row: row})
	if err != nil && strings.Contains(err.Error(), "unfinished run") {
		w.Errorf("%s came to a token on which another run is not finished: %v", row, err)
	}
	out := batch.Outcome{Err: err}
	out.Bound, out.Tokens, out.Torn = journals.Left()
	return out
}

// The world is its own watcher.
func (w *world) Began(string, batch.Seat)                { w.begun++ }
func (w *world) Ended(string, batch.Seat, batch.Outcome) {}
func (w *world) Refused(s batch.Seat)                    { w.Errorf("refused: %s: %s", s.Name(), s.Refused) }
func (w *world) Waiting(int, int)                        {}

// view is the module as a run on one card sees it.
type view struct {
	exec.Module
	w      *world
	card   *card
	reader int
	row    string
}

func (v view) Slots(context.Context) (out []exec.Slot, err error) {
	v.w.locked(func() {
		if v.w.readers[v.reader] == v.card {
			out = v.card.slots(v.w, v.reader)
		}
	})
	return out, nil
}

func (v view) Token(id exec.SlotID) exec.Token {
	return token{v.Module.Token(id % 2), v, int(id) % 2}
}

// token takes its time, may be pulled at a call, and knows who wrote to it.
type token struct {
	exec.Token
	v    view
	slot int
}

func (t token) step(ctx context.Context, writes bool) error {
	time.Sleep(t.v.w.call)
	err := error(nil)
	t.v.w.locked(func() {
		w, c := t.v.w, t.v.card
		if w.random.Float64() < w.pull {
			c.over, w.readers[t.v.reader] = true, nil
			c.in = false
		}
		if w.readers[t.v.reader] != c {
			err = &exec.Error{Kind: exec.Device, CKR: exec.CKRDeviceRemoved}
			return
		}
		if !writes {
			return
		}
		if c.tries++; c.fails && c.owner != "" {
			err = &exec.Error{Kind: exec.Device, CKR: exec.CKRGeneralError}
			return
		}
		if c.owner != "" && c.owner != t.v.row {
			w.Errorf("card %d was written to for %s and for %s", c.n, c.owner, t.v.row)
		}
		if home := w.home[t.v.row]; home != nil && home != c {
			w.Errorf("%s was written to card %d and to card %d", t.v.row, home.n, c.n)
		}
		c.owner, w.home[t.v.row] = t.v.row, c
	})
	return err
}

func (t token) Info(ctx context.Context) (exec.TokenInfo, error) {
	slots, _ := t.v.Slots(ctx)
	if slots == nil {
		return exec.TokenInfo{}, &exec.Error{Kind: exec.Device, CKR: exec.CKRDeviceRemoved}
	}
	return slots[t.slot].Token, nil
}

func (t token) OpenSession(ctx context.Context) error {
	if err := t.step(ctx, false); err != nil {
		return err
	}
	_ = t.Token.CloseSession(ctx) // of a run that a pulled card ended
	return t.Token.OpenSession(ctx)
}

func (t token) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (a, b exec.Object, err error) {
	if err := t.step(ctx, true); err != nil {
		return 0, 0, err
	}
	if a, b, err = t.Token.GenerateKeyPair(ctx, m, public, private); err != nil {
		return a, b, err
	}
	t.v.w.locked(func() { t.v.card.keys++ })
	return a, b, t.step(ctx, true)
}

func (t token) CreateObject(ctx context.Context, attributes []exec.Attribute) (exec.Object, error) {
	if err := t.step(ctx, true); err != nil {
		return 0, err
	}
	o, err := t.Token.CreateObject(ctx, attributes)
	if err != nil {
		return o, err
	}
	return o, t.step(ctx, true)
}

func (t token) Sign(ctx context.Context, m exec.MechanismType, key exec.Object, data []byte, c *exec.Credential) ([]byte, error) {
	if err := t.step(ctx, true); err != nil {
		return nil, err
	}
	return t.Token.Sign(ctx, m, key, data, c)
}

// operator feeds the readers until stop: a card that is over, or on which nothing
// happens, is taken out and the next one put in.
func (w *world) operator(stop <-chan struct{}, stock *[]*card) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
		w.locked(func() {
			for i, c := range w.readers {
				if c != nil {
					c.idle++
				}
				if c != nil && (c.over || c.idle > 10) {
					w.readers[i], c.in = nil, false
					continue
				}
				if c != nil {
					continue
				}
				for n := range *stock {
					if next := (*stock)[n]; !next.in {
						next.in, next.over, next.idle = true, false, 0
						w.readers[i] = next
						*stock = append((*stock)[:n:n], append((*stock)[n+1:], next)...)
						break
					}
				}
			}
		})
	}
}

func newWorld(t testing.TB, seed uint64, readers int) *world {
	return &world{TB: t, random: rand.New(rand.NewPCG(seed, 1)), readers: make([]*card, readers), plan: lower(t), journals: journal.In(t.TempDir()),
		home: map[string]*card{}, call: 10 * time.Millisecond}
}

func newCard(pl *plan.Plan, n int) *card {
	return &card{n: n, module: model.New(pl.Facts(), model.Start{})}
}

func rows(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("row %03d", i))
	}
	return out
}

// options begin where the journals say.
func (w *world) options(t testing.TB, rows []string) batch.Options {
	earlier, err := w.journals.Rows("b")
	if err != nil {
		t.Fatal(err)
	}
	pool := pool(t)
	pool.Facts = w.plan.Facts()
	o := batch.Options{Pool: pool, Rows: rows, Watcher: w, Poll: 50 * time.Millisecond}
	for _, e := range earlier {
		o.Earlier = append(o.Earlier, batch.Row{Row: e.Row, Finished: e.Finished, Tokens: e.Tokens, Torn: e.Torn})
	}
	return o
}

// finished holds what the journals say against the cards: a row a card and a card a
// row, on which the keys of one run are.
func (w *world) finished(t testing.TB) map[string]bool {
	earlier, err := w.journals.Rows("b")
	if err != nil {
		t.Fatal(err)
	}
	done, on := map[string]bool{}, map[string]string{}
	for _, e := range earlier {
		if !e.Finished {
			continue
		}
		serial := e.Tokens[plan.Default].Serial
		if other := on[serial]; other != "" || done[e.Row] {
			t.Errorf("%s is finished on %s, as %q is", e.Row, serial, other)
		}
		done[e.Row], on[serial] = true, e.Row
		c := w.home[e.Row]
		if c == nil || fmt.Sprintf("%04d0", 1000+c.n) != serial {
			t.Errorf("%s is finished on %s by its journal, and not there", e.Row, serial)
			continue
		}
		if c.keys != 2 {
			t.Errorf("%d key pairs were made on card %d, want 2:\n%v", c.keys, c.n, c.module.Calls)
		}
	}
	return done
}

// TestAnythingMayHappen runs batches of hundreds of rows on stations whose cards
// refuse and are pulled at any call, and that are interrupted and called again, with a
// profile that knows serial numbers to be unique or one that does not: a row is never on
// two cards, a card never has two rows, and in the end all are done.
func TestAnythingMayHappen(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed, 1+int(seed)%6)
				w.refuse, w.pull = 0.03, 0.005
				all := rows(100)
				var stock []*card
				for n := range 250 {
					stock = append(stock, newCard(w.plan, n))
				}
				stop := make(chan struct{})
				go w.operator(stop, &stock)
				defer close(stop)
				plans := []*plan.Plan{w.plan, lowerFor(t, labelled(t))}
				for calls := 1; ; calls++ {
					w.plan = plans[w.random.IntN(2)]
					o := w.options(t, all)
					o.Later, o.Wait = true, 20*time.Second
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(w.random.IntN(40_000))*time.Millisecond)
					if _, err := batch.Run(ctx, w, o); err != nil {
						t.Fatal(err)
					}
					cancel()
					done := w.finished(t)
					if len(done) == len(all) {
						t.Logf("done after %d calls", calls)
						break
					}
					if calls > 200 {
						t.Fatalf("%d of %d rows are done after %d calls", len(done), len(all), calls)
					}
				}
			})
		})
	}
}

// TestEveryReaderIsAtWork: while rows are left no reader with an unused card waits,
// but for the time in which the card is noticed.
func TestEveryReaderIsAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 5)
		var stock []*card
		for n := range 100 {
			stock = append(stock, newCard(w.plan, n))
		}
		stop := make(chan struct{})
		go w.operator(stop, &stock)
		defer close(stop)
		begin := time.Now()
		one := w.options(t, rows(1))
		one.Later, one.Wait = true, -1
		if _, err := batch.Run(t.Context(), w, one); err != nil {
			t.Fatal(err)
		}
		each := time.Since(begin)
		begin = time.Now()
		o := w.options(t, rows(101))
		o.Later, o.Wait = true, 5*time.Second
		if sum, err := batch.Run(t.Context(), w, o); err != nil || !sum.Waited {
			t.Fatalf("%+v, %v: there is a card too few", sum, err)
		}
		if done := w.finished(t); len(done) != 100 || w.most != 5 {
			t.Errorf("%d rows are done, at most %d at once", len(done), w.most)
		}
		// A card is out for two rounds of the operator, and noticed at the next poll.
		least := each * 99 / 5
		if took := time.Since(begin) - o.Wait; took > least+20*(300*time.Millisecond) {
			t.Errorf("the batch took %v; five readers need %v", took, least)
		}
	})
}

// TestFixedTokens: each gets a row, then the batch is over; the next call goes on.
func TestFixedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 6)
		for n := range 4 {
			w.readers[n] = newCard(w.plan, n)
		}
		for call, want := range []int{4, 6, 6} {
			if _, err := batch.Run(t.Context(), w, w.options(t, rows(6))); err != nil {
				t.Fatal(err)
			}
			if done := w.finished(t); len(done) != want {
				t.Errorf("call %d: %d rows are done, want %d", call, len(done), want)
			}
			w.readers[4], w.readers[5] = cmpOr(w.readers[4], newCard(w.plan, 4)), cmpOr(w.readers[5], newCard(w.plan, 5))
		}
		if w.most != 4 {
			t.Errorf("at most %d rows at once", w.most)
		}
	})
}

// TestTokensOfAnotherProfile: a token has had its row, whichever profile names it.
func TestTokensOfAnotherProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 3)
		plans := []*plan.Plan{w.plan, lowerFor(t, labelled(t))}
		for n, own := range []int{0, 1} {
			w.readers[n], w.plan = newCard(w.plan, n), plans[own]
			if _, err := batch.Run(t.Context(), w, w.options(t, rows(n+1))); err != nil {
				t.Fatal(err)
			}
			w.plan = plans[1-own]
			tries := w.readers[n].tries
			if _, err := batch.Run(t.Context(), w, w.options(t, rows(3))); err != nil {
				t.Fatal(err)
			}
			if done := w.finished(t); len(done) != n+1 || w.readers[n].tries != tries {
				t.Errorf("%d rows are done; the card saw %d writes, then %d", len(done), tries, w.readers[n].tries)
			}
			if w.begun != n+1 {
				t.Errorf("%d rows were begun on %d tokens", w.begun, n+1)
			}
		}
	})
}

func cmpOr(a, b *card) *card {
	if a != nil {
		return a
	}
	return b
}

// TestFailsInTheMiddle: a row that fails in the middle is not tried again on a card
// that stays where it is, and another card does not get it; the next call goes on.
func TestFailsInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 2)
		w.readers[0], w.readers[1] = newCard(w.plan, 0), newCard(w.plan, 1)
		bad := w.readers[0]
		bad.fails = true
		o := w.options(t, rows(3))
		o.Later, o.Wait = true, 10*time.Second
		if _, err := batch.Run(t.Context(), w, o); err != nil || len(w.finished(t)) != 1 || bad.tries != 2 {
			t.Errorf("%v; %d are done, and %d writes were tried on the card", err, len(w.finished(t)), bad.tries)
		}
		bad.fails = false
		if _, err := batch.Run(t.Context(), w, w.options(t, rows(3))); err != nil || !w.finished(t)[bad.owner] || len(w.finished(t)) != 2 {
			t.Errorf("%v; %v", err, w.finished(t))
		}
	})
}

// TestFailuresStop: so many without a success between them end the batch, and each of
// them its row and its token.
func TestFailuresStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 8)
		for n := range w.readers {
			w.readers[n] = newCard(w.plan, n)
		}
		w.refuse = 1
		o := w.options(t, rows(20))
		o.MaxFailures = 3
		sum, err := batch.Run(t.Context(), w, o)
		if err != nil || !sum.Stopped || w.most != 8 {
			t.Errorf("%+v, %v, at most %d", sum, err, w.most)
		}
		w.refuse = 0
		if _, err := batch.Run(t.Context(), w, w.options(t, rows(20))); err != nil || len(w.finished(t)) != 8 {
			t.Errorf("%v; %v", err, slices.Sorted(maps.Keys(w.finished(t))))
		}
	})
}
