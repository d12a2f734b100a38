package batch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"inscribe/exec"
	"inscribe/plan"
)

// World is where a batch happens. Do is called from several goroutines at once, each
// time with another seat.
type World interface {
	// Slots lists the slots with a token, but for those that are busy, whose tokens
	// it leaves alone.
	Slots(ctx context.Context, busy []exec.SlotID) ([]exec.Slot, error)
	// Do does a row on a seat, to its end or to the next op that an interruption
	// waits for.
	Do(ctx context.Context, row string, s Seat) Outcome
}

// Outcome is how the run of a row ended.
type Outcome struct {
	// Err is nil of a row that is done.
	Err error
	// Bound says that the tokens are not what they were, so that the row goes on
	// there and nowhere else. Tokens are what they became; nil for no change.
	Bound  bool
	Tokens map[string]exec.Identity
	// Torn is that of a [Row].
	Torn map[string]string
}

// Watcher is told what happens, from the goroutine of Run.
type Watcher interface {
	Began(row string, s Seat)
	Ended(row string, s Seat, o Outcome)
	// Refused tells of a token that gets no row, each time for another reason or
	// token.
	Refused(s Seat)
	// Waiting tells that no token is there for the rows that are left: of these some
	// are free for any token, and some bound to their own.
	Waiting(free, bound int)
}

// Row is what earlier runs of a row left: it is finished, or bound to its tokens.
type Row struct {
	Row      string
	Finished bool
	Tokens   map[string]exec.Identity
	// Torn has the labels by slot that it was giving to tokens when it was cut off;
	// nobody knows whether they have these.
	Torn map[string]string
	// Were are the labels by slot of the tokens that it began to initialise.
	Were map[string]string
	// SOPIN is the same number for the same SO PIN that rows give to a fresh token; 0
	// is not known.
	SOPIN int
	// chosen says that it was on the token in this call, which is one that the selectors
	// name.
	chosen bool
}

// nameless reports whether the row was cut off in the initialisation of a token that
// was fresh.
func (r Row) nameless() bool { return len(named(r.Tokens)) == 0 }

// Stuck gives the unfinished rows that cannot go on by themselves: several were cut off
// while they initialised fresh tokens, and nothing tells which token is whose. Those of
// different labels are told apart by these. Those of one label and one SO PIN need not
// be: nothing else is on such a token, so that each is as good as the other.
func Stuck(rows []Row) []string {
	var torn []Row
	finished := map[string]bool{}
	for _, r := range rows {
		finished[r.Row] = finished[r.Row] || r.Finished
	}
	for _, r := range rows {
		if !r.Finished && !finished[r.Row] && r.nameless() {
			torn = append(torn, r)
		}
	}
	var out []string
	for i, r := range torn {
		for j, other := range torn {
			label, too := r.Torn[plan.Default], other.Torn[plan.Default]
			if i != j && (label == "" || too == "" || label == too && (r.SOPIN == 0 || r.SOPIN != other.SOPIN)) {
				out = append(out, r.Row)
				break
			}
		}
	}
	return out
}

// Options are what a batch needs.
type Options struct {
	Pool    Pool
	Rows    []string // all of them, in order
	Earlier []Row
	Watcher Watcher
	// Taken says why tokens get no row of this batch although none of its rows was on
	// them; "" where they do, and nil for all.
	Taken func(tokens map[string]exec.Identity) string
	// Later says that tokens may be put in while the batch runs; they are looked for
	// each Poll. Wait bounds how long it waits for one when nothing else is left to
	// do: 0 is not at all, less than that for ever.
	Later bool
	Poll  time.Duration
	Wait  time.Duration
	// MaxFailures stops the batch after so many failures without a success between
	// them; 0 is never.
	MaxFailures int
}

// Summary is how a batch ended.
type Summary struct {
	// Stopped says that too many rows failed one after another.
	Stopped bool
	// Waited says that no token came in time.
	Waited bool
}

// batch is the state of one call of Run. Only that goroutine touches it.
type batch struct {
	Options
	world World

	free     []string        // rows that are bound to nothing, in order
	bound    map[string]Row  // rows that are bound to tokens, and wait for them
	holder   byToken[string] // the unfinished row of a token
	used     byToken[bool]   // tokens that get no row any more
	spoiled  map[exec.SlotID]bool
	resting  map[string]bool // bound rows that failed, until their token was taken out
	running  map[string]Seat // by row
	torn     map[string]Row  // nameless rows whose token is not found yet
	told     map[string]bool // reasons of refusals, by seat
	failures int
}

// Run does the rows. It ends when all are done, when no token is left to wait for,
// when too many failed, or when ctx is cancelled and what is under way has come to
// an end. The error is that of the world, when it cannot list its tokens.
func Run(ctx context.Context, w World, o Options) (Summary, error) {
	b := &batch{Options: o, world: w, bound: map[string]Row{}, holder: byToken[string]{}, used: byToken[bool]{}, spoiled: map[exec.SlotID]bool{},
		resting: map[string]bool{}, running: map[string]Seat{}, torn: map[string]Row{}, told: map[string]bool{}}
	b.recall()
	type ended struct {
		row string
		Outcome
	}
	over := make(chan ended)
	var sum Summary
	var waits time.Time
	var listing error
	for {
		if b.MaxFailures > 0 && b.failures >= b.MaxFailures {
			sum.Stopped = true
		}
		if ctx.Err() == nil && !sum.Stopped && b.left() > 0 {
			var starts []string
			if starts, listing = b.assign(ctx); listing != nil && len(b.running) == 0 && ctx.Err() == nil {
				return sum, listing
			}
			for _, row := range starts {
				seat := b.running[row]
				go func() { over <- ended{row, w.Do(ctx, row, seat)} }()
			}
		}
		more := b.left() > 0 && b.Later && ctx.Err() == nil && !sum.Stopped
		if len(b.running) == 0 {
			switch {
			case !more || b.Wait == 0:
				return sum, nil
			case waits.IsZero():
				waits = time.Now()
				b.Watcher.Waiting(len(b.free), len(b.bound))
			case b.Wait > 0 && time.Since(waits) >= b.Wait:
				sum.Waited = true
				return sum, nil
			}
		} else {
			waits = time.Time{}
		}
		var tick <-chan time.Time
		if more {
			tick = time.After(b.Poll)
		}
		interrupt := ctx.Done()
		if ctx.Err() != nil {
			interrupt = nil // each run comes to its end by itself
		}
		select {
		case e := <-over:
			seat := b.running[e.row]
			delete(b.running, e.row)
			b.note(e.row, seat, e.Outcome)
			b.Watcher.Ended(e.row, seat, e.Outcome)
		case <-tick:
		case <-interrupt:
		}
	}
}

// recall takes in what earlier calls left.
func (b *batch) recall() {
	finished := map[string]bool{}
	for _, r := range b.Earlier {
		if r.Finished {
			finished[r.Row] = true
			b.use(named(r.Tokens))
		}
	}
	for _, r := range b.Earlier {
		if r.Finished || finished[r.Row] {
			continue
		}
		// Two unfinished runs of one row cannot be: the first of them keeps it.
		if _, again := b.bound[r.Row]; !again {
			b.bound[r.Row] = r
		}
		b.hold(r)
	}
	for _, row := range b.Rows {
		if _, bound := b.bound[row]; !finished[row] && !bound {
			b.free = append(b.free, row)
		}
	}
	stuck := Stuck(b.Earlier)
	maps.DeleteFunc(b.bound, func(row string, _ Row) bool { return !slices.Contains(b.Rows, row) || slices.Contains(stuck, row) })
	for row, r := range b.bound {
		if r.nameless() {
			b.torn[row] = r
		}
	}
}

// hold keeps other rows from the tokens of an unfinished one, whatever they are called
// by now.
func (b *batch) hold(r Row) {
	for _, id := range r.Tokens {
		b.holder.put(id, r.Row)
	}
	for slot, id := range r.Tokens {
		// Who is known to have a token of that name goes before.
		now := id.Relabelled(r.Torn[slot], b.Pool.Facts)
		if b.holder.of(now) == "" && !b.used.of(now) {
			b.holder.put(now, r.Row)
		}
	}
}

func (b *batch) use(tokens []exec.Identity) {
	for _, id := range tokens {
		b.used.put(id, true)
	}
}

// left counts the rows that may still begin.
func (b *batch) left() int { return len(b.free) + len(b.bound) }

// nextTorn is a row that was cut off in the initialisation of a fresh token, if it may
// go on now: one after the other, since each looks at all tokens that can be its own.
func (b *batch) nextTorn() string {
	for _, s := range b.running {
		if s.Torn != nil {
			return ""
		}
	}
	for _, row := range slices.Sorted(maps.Keys(b.bound)) {
		if b.bound[row].nameless() {
			return row
		}
	}
	return ""
}

// waitsTorn reports whether a fresh token may be that of such a row.
func (b *batch) waitsTorn() bool {
	for _, r := range b.bound {
		if r.nameless() {
			return true
		}
	}
	return false
}

// others reports whether a token is known to be another row's.
func (b *batch) others(row string, id exec.Identity) bool {
	held := b.holder.of(id)
	return b.used.of(id) || held != "" && held != row
}

// alike is how many more rows left what is as good for this one.
func (b *batch) alike(row string) int {
	n := 0
	for other, r := range b.torn {
		if other != row && r.Torn[plan.Default] == b.torn[row].Torn[plan.Default] {
			n++
		}
	}
	return n
}

// assign gives rows to the seats that are there and free.
func (b *batch) assign(ctx context.Context) (starts []string, err error) {
	var busy []exec.SlotID
	atWork := byToken[bool]{}
	for _, s := range b.running {
		busy = append(busy, s.slots()...)
		for _, id := range s.named() {
			atWork.put(id, true)
		}
	}
	slots, err := b.world.Slots(ctx, busy)
	if err != nil {
		return nil, err
	}
	slots = slices.DeleteFunc(slots, func(s exec.Slot) bool { return slices.Contains(busy, s.ID) })
	b.lookAround(slots)
	var bound []Row
	for _, row := range slices.Sorted(maps.Keys(b.bound)) {
		bound = append(bound, b.bound[row])
	}
	for _, seat := range b.Pool.seats(slots, bound, b.waitsTorn(), b.others) {
		if seat.Torn != nil {
			next := b.nextTorn()
			if next == "" {
				continue
			}
			seat.Alike = b.alike(next)
		}
		if slices.ContainsFunc(seat.named(), atWork.of) {
			seat.Refused = fmt.Sprintf("nothing tells %s from a token that is at work", seat.Name())
		}
		row, why := b.rowFor(seat)
		if seat.Refused = why; why != "" {
			b.refuse(seat)
		}
		if row == "" {
			continue
		}
		b.running[row] = seat
		delete(b.bound, row)
		b.free = slices.DeleteFunc(b.free, func(r string) bool { return r == row })
		for _, id := range seat.named() {
			atWork.put(id, true)
		}
		starts = append(starts, row)
		b.Watcher.Began(row, seat)
	}
	return starts, nil
}

// lookAround notices which tokens were taken out: their rows may go on when they come
// again, and their places are free for others.
func (b *batch) lookAround(slots []exec.Slot) {
	for row := range b.resting {
		if _, there := b.Pool.again(slots, b.bound[row], b.others); !there {
			delete(b.resting, row)
		}
	}
	maps.DeleteFunc(b.spoiled, func(id exec.SlotID, _ bool) bool {
		return !slices.ContainsFunc(slots, func(s exec.Slot) bool { return s.ID == id })
	})
}

// rowFor chooses the row of a seat. Without one, why is the reason that is worth
// telling.
func (b *batch) rowFor(s Seat) (row, why string) {
	if s.Refused != "" {
		return "", s.Refused
	}
	if s.Torn != nil {
		return b.nextTorn(), ""
	}
	for _, id := range s.named() {
		held := b.holder.of(id)
		if held == "" {
			continue
		}
		r, waits := b.bound[held]
		switch {
		case waits && b.resting[held], !waits && slices.Contains(b.Rows, held):
			return "", ""
		case waits && exec.SameTokens(r.Tokens, s.was()):
			return held, ""
		case waits:
			return "", "a row of this batch was begun on it together with another token, and goes on with both alone"
		}
		return "", "an unfinished row of this batch is on it, which is not in the data any more"
	}
	if slices.ContainsFunc(s.named(), b.used.of) {
		return "", ""
	}
	if slices.ContainsFunc(s.slots(), func(id exec.SlotID) bool { return s.fresh() && b.spoiled[id] }) || len(b.free) == 0 {
		return "", ""
	}
	if b.Taken != nil && !s.fresh() {
		if why := b.Taken(s.Tokens); why != "" {
			return "", why
		}
	}
	return b.free[0], ""
}

func (b *batch) refuse(s Seat) {
	name := s.Name() + "\x00" + s.Refused
	if !b.told[name] {
		b.told[name] = true
		b.Watcher.Refused(s)
	}
}

// note takes in how a row ended.
func (b *batch) note(row string, s Seat, o Outcome) {
	tokens := o.Tokens
	if tokens == nil {
		tokens = s.was()
	}
	all := slices.Concat(s.named(), named(tokens))
	for _, id := range all {
		b.holder.drop(id)
	}
	if s.fresh() {
		// A module may go on to call it fresh, in another process than that of the run.
		for _, id := range s.slots() {
			b.spoiled[id] = true
		}
	}
	tornRow, torn := b.torn[row]
	if torn && (o.Err == nil || len(named(tokens)) > 0) {
		delete(b.torn, row)
	} else if torn {
		// What it failed with would be another try for the next of its label.
		maps.DeleteFunc(b.bound, func(_ string, r Row) bool {
			return r.nameless() && r.Torn[plan.Default] == tornRow.Torn[plan.Default]
		})
	}
	if o.Err == nil {
		b.failures = 0
		b.use(all)
		return
	}
	b.failures++
	if !o.Bound || len(named(tokens)) == 0 {
		// Neither is tried again in this call: what is wrong may be with either. The
		// next one finds out what became of a fresh token.
		b.use(all)
		return
	}
	b.bound[row] = Row{Row: row, Tokens: tokens, Torn: o.Torn, chosen: true}
	b.resting[row] = true
	b.hold(b.bound[row])
}
