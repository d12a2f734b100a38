package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"inscribe/check/profile"
	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/batch"
	"inscribe/exec/host"
	"inscribe/exec/journal"
	"inscribe/plan"
)

// batchWorld does rows on the tokens of a module; it implements batch.World and
// batch.Watcher. Each run has a module process of its own.
type batchWorld struct {
	app       *app
	mw        station.Middleware
	pool      batch.Pool
	journals  *journal.Folder
	issuer    exec.Issuer
	answers   *prompter
	name      string
	savedPlan bool
	rows      map[string]*batchRow
	show      *batchShow

	// The lister is a module process that only looks at what is where; failure is
	// why there is none. Slots that are not removable are listed once, and again
	// when listed is false.
	lister    *host.Module
	started   time.Time // when the lister did
	failure   error
	removable bool
	listed    bool
	slots     []exec.Slot

	// spares are module processes for runs, where a reader is a place for one card
	// after the other; starts are those under way.
	spares chan *seatView
	starts sync.WaitGroup

	results sync.Mutex
	ended   map[string]*exec.Result // of the runs, by row
}

// refresh is how old a lister may be that has nobody to disturb.
const refresh = time.Second

// Slots asks the lister.
func (w *batchWorld) Slots(ctx context.Context, busy []exec.SlotID) ([]exec.Slot, error) {
	// Another process may number the slots in another way, so it is not started anew
	// while rows are under way.
	if w.removable || !w.listed && len(busy) == 0 {
		if w.lister == nil && len(busy) > 0 {
			return nil, w.failure
		}
		// Not every module notices that a card was changed for another one in a moment.
		if w.removable && len(busy) == 0 && time.Since(w.started) > refresh {
			w.close()
		}
		if w.lister == nil {
			w.started = time.Now()
			if w.lister, w.failure = w.app.startModule(w.mw); w.failure != nil {
				return nil, w.failure
			}
		}
		slots, err := w.lister.SlotsBeside(ctx, busy)
		if err != nil {
			w.failure = err
			w.close()
			return nil, err
		}
		w.takenOut(ctx, slots)
		w.slots, w.listed = slots, true
	}
	return slices.DeleteFunc(slices.Clone(w.slots), func(s exec.Slot) bool { return slices.Contains(busy, s.ID) }), nil
}

// takenOut has the spare processes look at the readers from which a card was taken
// since the last list: some modules see only there that the next card is another one.
func (w *batchWorld) takenOut(ctx context.Context, now []exec.Slot) {
	places := map[string]bool{}
	for _, s := range w.slots {
		places[s.Description] = true
	}
	for _, s := range now {
		delete(places, s.Description)
	}
	for n := len(w.spares); n > 0 && len(places) > 0; n-- {
		select {
		case v := <-w.spares:
			// An error shows again when a run needs it.
			_, _ = v.Module.SlotsAt(ctx, v.at(places))
			w.put(v)
		default:
		}
	}
}

// begin learns whether tokens can be put in, and then starts a module process for
// each reader, as long as no card is at work: one that starts looks at the cards in
// all readers, and would wait.
func (w *batchWorld) begin(ctx context.Context, rows int) (removable bool, err error) {
	all, err := w.lister.AllSlots(ctx)
	if err != nil {
		return false, err
	}
	readers := map[string]bool{}
	for _, s := range all {
		if s.Removable {
			readers[s.Description] = true
		}
	}
	if w.removable = len(readers) > 0; !w.removable {
		if w.pool.Default.IsFresh() {
			return false, nil
		}
		// Such tokens are listed once, and the lister is free for the first run.
		w.slots, err = w.lister.Slots(ctx)
		w.listed, w.spares = true, make(chan *seatView, 1)
		w.put(&seatView{Module: w.lister, all: all, kept: true})
		w.lister = nil
		return false, err
	}
	n := min(len(readers), rows)
	w.spares = make(chan *seatView, n)
	for range n {
		w.starts.Go(w.spare)
	}
	w.starts.Wait()
	return true, nil
}

// spare puts a module process by. One that does not start is no loss: a run that
// needs it tries again, and tells.
func (w *batchWorld) spare() {
	if v, err := w.start(w.app.ctx); err == nil {
		v.kept = true
		w.put(v)
	}
}

// put puts a module process by, or ends it where there are enough.
func (w *batchWorld) put(v *seatView) {
	select {
	case w.spares <- v:
	default:
		_ = v.Module.Close()
	}
}

func (w *batchWorld) start(ctx context.Context) (*seatView, error) {
	module, err := w.app.startModule(w.mw)
	if err != nil {
		return nil, err
	}
	all, err := module.AllSlots(ctx)
	if err != nil {
		_ = module.Close()
		return nil, err
	}
	return &seatView{Module: module, all: all}, nil
}

// take gives a module process to a run.
func (w *batchWorld) take(ctx context.Context) (*seatView, error) {
	select {
	case v := <-w.spares:
		return v, nil
	default:
		return w.start(ctx)
	}
}

// giveBack puts a module process by for the next card. After a failure another one
// takes its place, for who knows what it remembers.
func (w *batchWorld) giveBack(v *seatView, failed bool) {
	if !failed {
		w.put(&seatView{Module: v.Module, all: v.all, kept: true})
		return
	}
	_ = v.Module.Close()
	if w.removable && w.app.ctx.Err() == nil {
		w.starts.Go(w.spare)
	}
}

// end ends all processes.
func (w *batchWorld) end() {
	w.close()
	w.starts.Wait()
	for {
		select {
		case v := <-w.spares:
			_ = v.Module.Close()
		default:
			return
		}
	}
}

// close ends the lister.
func (w *batchWorld) close() {
	if w.lister != nil {
		_ = w.lister.Close()
		w.lister = nil
	}
}

// Began tells that a row begins.
func (w *batchWorld) Began(row string, s batch.Seat) { w.show.began(w.rows[row], s) }

// Ended tells how a row ended. A fresh token of a module that is of one piece with it
// is another one now, which a process that was started before may not see.
func (w *batchWorld) Ended(row string, s batch.Seat, o batch.Outcome) {
	w.results.Lock()
	result := w.ended[row]
	w.results.Unlock()
	w.show.ended(w.rows[row], s, o, result)
	if w.removable || !w.pool.Default.IsFresh() {
		return
	}
	w.close()
	w.listed = false
	w.slots = slices.DeleteFunc(w.slots, func(slot exec.Slot) bool { return slot.ID == s.Slots[plan.Default].ID })
}

// Refused tells of a token that gets no row.
func (w *batchWorld) Refused(s batch.Seat) { w.show.refused(s) }

// Waiting tells that the batch waits for a token.
func (w *batchWorld) Waiting(free, bound int) { w.show.waiting(free, bound) }

// Do runs the plan of a row on the tokens of a seat.
func (w *batchWorld) Do(ctx context.Context, id string, s batch.Seat) (out batch.Outcome) {
	row := w.rows[id]
	view, err := w.take(ctx)
	if err != nil {
		return batch.Outcome{Err: err}
	}
	defer func() { w.giveBack(view, out.Err != nil) }()
	view.seat, view.facts = s, w.pool.Facts
	selectors, err := view.selectors(ctx, w.pool.Default)
	if err != nil && view.kept {
		// It may not have noticed the card.
		_ = view.Module.Close()
		fresh, failure := w.start(ctx)
		if failure != nil {
			return batch.Outcome{Err: failure}
		}
		fresh.seat, fresh.facts = s, w.pool.Facts
		view = fresh
		selectors, err = view.selectors(ctx, w.pool.Default)
	}
	if err != nil {
		return batch.Outcome{Err: err}
	}
	journals := w.journals.Row(w.name, id)
	result, err := exec.Apply(ctx, exec.Options{Plan: row.plan, Inputs: row.inputs.Clone(), Cases: row.cases, Module: view, Selectors: selectors,
		Issuer: w.issuer, Journals: journals, Prompter: rowPrompter{given: w.answers}, Observer: w.show.observer(row), Saved: w.savedPlan,
		DestroyConfirmed: w.app.opts.yes, SpendFinalTry: w.app.opts.spendFinalTry, AllowExisting: w.app.opts.existing != "refuse", CallLimit: w.app.opts.callTimeout, Batch: w.name, Row: id,
		Alike: s.Alike, Known: s.Known})
	w.results.Lock()
	if w.ended == nil {
		w.ended = map[string]*exec.Result{}
	}
	w.ended[id] = result
	w.results.Unlock()
	out.Err = err
	out.Bound, out.Tokens, out.Torn = journals.Left()
	return out
}

// seatView is a module that shows the tokens of one seat, so that a run has no other
// to choose. It looks at no other: some modules would wait for those at work.
type seatView struct {
	*host.Module
	seat  batch.Seat
	facts *profile.Profile
	// all are the slots as they were when the module started; kept says that there
	// may have been other cards in them since.
	all  []exec.Slot
	kept bool
	// ids are the slots of the seat, once they were found: what is in them may have
	// another name after an initialisation.
	ids []exec.SlotID
}

// Slots lists the slots of the seat.
func (v *seatView) Slots(ctx context.Context) ([]exec.Slot, error) {
	return v.Module.SlotsAt(ctx, v.ids)
}

// find finds the slots of the seat: where the lister saw them, else wherever.
func (v *seatView) find(ctx context.Context) ([]exec.Slot, error) {
	places := map[string]bool{}
	for _, at := range v.seat.Slots {
		places[at.Description] = true
	}
	slots, err := v.Module.SlotsAt(ctx, v.at(places))
	if err != nil {
		return nil, err
	}
	// The whole list would wait for the cards that are at work, and a process that did
	// not notice a card does not find it there either.
	if slots = v.own(slots); !v.kept && len(slots) < len(v.seat.Slots) || v.seat.Torn != nil {
		if slots, err = v.Module.Slots(ctx); err != nil {
			return nil, err
		}
		slots = v.own(slots)
	}
	for _, s := range slots {
		v.ids = append(v.ids, s.ID)
	}
	return slots, nil
}

// at are the slots with these descriptions.
func (v *seatView) at(places map[string]bool) (ids []exec.SlotID) {
	for _, s := range v.all {
		if places[s.Description] {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// own keeps the slots of the seat.
func (v *seatView) own(slots []exec.Slot) []exec.Slot {
	fresh := 0
	for _, s := range slots {
		if blank(s) {
			fresh++
		}
	}
	return slices.DeleteFunc(slots, func(s exec.Slot) bool { return !v.ofSeat(s, fresh == 1) })
}

func blank(s exec.Slot) bool {
	return s.Unreadable == exec.CKROK && !s.Token.Flags.Has(exec.FlagTokenInitialized)
}

// ofSeat reports whether a token is one of the seat: by what it is, and a fresh one,
// which is nobody yet, by its place.
func (v *seatView) ofSeat(s exec.Slot, only bool) bool {
	for _, at := range v.seat.Torn {
		// Others that look like it may be those of other rows.
		switch {
		case blank(at) && blank(s) && (only || s.Description == at.Description):
			return true
		case !blank(at) && !blank(s) && s.Unreadable == exec.CKROK && s.Token.Identity(v.facts) == at.Token.Identity(v.facts):
			return true
		}
	}
	if v.seat.Torn != nil {
		return false
	}
	for name, id := range v.seat.Tokens {
		at := v.seat.Slots[name]
		switch {
		case blank(at) && blank(s) && (only || s.Description == at.Description):
			return true
		case !blank(at) && !blank(s) && s.Unreadable == exec.CKROK && s.Token.Identity(v.facts) == id:
			return true
		}
	}
	return false
}

// selectors choose the tokens among those of the view.
func (v *seatView) selectors(ctx context.Context, wanted exec.Selector) (map[string]exec.Selector, error) {
	slots, err := v.find(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]exec.Selector{}
	for name, id := range v.seat.Tokens {
		if blank(v.seat.Slots[name]) || v.seat.Torn != nil {
			out[name] = wanted
			continue
		}
		i := slices.IndexFunc(slots, func(s exec.Slot) bool { return s.Token.Identity(v.facts) == id })
		if i < 0 {
			return nil, &exec.Error{Kind: exec.Device, Slot: name + " slot", Message: v.seat.Slots[name].Token.Name() + " was taken out", Advice: "put it in again"}
		}
		out[name] = exec.At(slots[i].ID)
	}
	return out, nil
}
