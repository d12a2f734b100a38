package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/batch"
	"inscribe/plan"
)

func batchFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.data, "data", "", "CSV file with a row for each card; its first line names the fields")
	f.StringVar(&o.batch, "batch", "", "name of the batch (default: that of the description)")
	f.DurationVar(&o.wait, "wait", forEver, "how long to wait for the next card while rows are left; 0 is not at all (default: until Ctrl-C)")
	f.Lookup("wait").DefValue = "0s" // not shown: it is said above
	f.IntVar(&o.maxFailures, "max-failures", 3, "stop after so many failures one after another; 0 is never")
	f.StringVar(&o.format, "format", "text", "text or json")
	f.StringVar(&o.description, "description", "", "the description of a saved plan (default: the file of its name beside the plan)")
	targetFlags(f, o)
	f.BoolVar(&o.yes, "yes", false, "do what destroys without asking")
	f.BoolVar(&o.labCA, "lab-ca", false, "let the embedded CA serve tokens that are no software tokens")
	f.StringVar(&o.events, "events", "", "write progress as JSON lines to FILE")
	stateFlags(f, o)
}

// forEver is the --wait of a batch that ends by Ctrl-C.
const forEver = time.Duration(-1)

// poll is how often a batch looks for cards that were put in.
const poll = 300 * time.Millisecond

// batch does a description for each row of the data, on as many tokens at once as
// there are.
func (a *app) batch(args []string) error {
	err := a.batchOf(args)
	if errors.Is(err, context.Canceled) && a.ctx.Err() != nil {
		return &exitError{code: exitDevice, err: errors.New("interrupted before a row was begun")}
	}
	return err
}

func (a *app) batchOf(args []string) error {
	if err := a.noOldEvents(); err != nil {
		return err
	}
	if err := a.batchUsage(); err != nil {
		return err
	}
	a.sets = true
	t, err := a.target(args, func([]byte) bool { return true })
	if err != nil {
		return err
	}
	d, err := a.readRows(t)
	if err != nil {
		return err
	}
	facts, err := a.configuredProfile(t.program, t.station)
	if err != nil {
		return err
	}
	mw, selectors, err := a.place(t)
	if err != nil {
		return err
	}
	journals, err := a.journals(mw)
	if err != nil {
		return err
	}
	w := &batchWorld{app: a, mw: mw, journals: journals, rows: map[string]*batchRow{},
		name: exec.ValidUTF8(cmp.Or(a.opts.batch, strings.TrimSuffix(filepath.Base(t.program.File.Name), filepath.Ext(t.program.File.Name))))}
	lock, err := journals.LockBatch(w.name)
	if err != nil {
		return err
	}
	defer lock.Close()
	earlier, err := journals.Rows(w.name)
	if err != nil {
		return err
	}
	o := batch.Options{Poll: poll, Wait: a.opts.wait, MaxFailures: a.opts.maxFailures}
	whole, err := a.lower(t.program, t.inputs, cmp.Or(facts, t.program.Profile))
	if err != nil {
		return err
	}
	if err := a.sameBatch(t, d, w.name, whole, earlier); err != nil {
		return err
	}
	r := newBatchResult(whole.Description, w.name, d, earlier)
	var due []*batchRow
	for _, row := range d.rows {
		w.rows[row.id] = row
		o.Rows = append(o.Rows, row.id)
		if !r.done(row.id) {
			due = append(due, row)
		}
	}
	for _, e := range earlier {
		o.Earlier = append(o.Earlier, batch.Row{Row: e.Row, Finished: e.Finished, Tokens: e.Tokens, Torn: e.Torn, Were: e.Were})
	}
	if len(due) == 0 {
		if err := d.refused(); err != nil {
			return err
		}
		return a.printBatch(r)
	}
	w.started, w.savedPlan = time.Now(), t.saved != nil
	w.pool = batch.Pool{Default: selectors[plan.Default], Signature: selectors[plan.Signature]}
	w.lister, err = a.planning(t.program, mw, facts, func(facts *profile.Profile) (bool, error) {
		return false, a.planBatch(t, d, due, facts, w) // what is wrong with a row is an error
	})
	if err != nil {
		return err
	}
	defer w.end()
	o.Pool, r.profile = w.pool, due[0].plan.Profile
	sameSOPINs(o.Earlier, w.rows)
	o.Taken = a.taken(journals, w.name, due[0].plan)
	r.stuck(batch.Stuck(o.Earlier))
	if o.Later, err = w.begin(a.ctx, len(due)); err != nil {
		return err
	}
	if w.show, err = a.batchShow(r); err != nil {
		return err
	}
	o.Watcher = w
	sum, err := batch.Run(a.ctx, w, o)
	if closed := w.show.close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = a.printBatch(r)
		return err
	}
	return a.endOfBatch(r, sum)
}

func (a *app) batchUsage() error {
	if a.opts.data == "" {
		return usagef("--data FILE says for whom; its first line names the fields")
	}
	if f := a.opts.format; f != "text" && f != "json" {
		return usagef("--format is %q; it can be text or json", f)
	}
	if a.opts.maxFailures < 0 {
		return usagef("--max-failures is %d; it is a number of rows", a.opts.maxFailures)
	}
	if a.opts.events == stdinName {
		return usagef("--events - would stand in the result; give a FILE")
	}
	return a.checkExisting()
}

// bothSlots reports whether a row goes to the signature slot.
func bothSlots(rows []*batchRow) bool {
	return slices.ContainsFunc(rows, func(r *batchRow) bool {
		return slices.ContainsFunc(r.plan.Ops, func(op plan.Op) bool {
			if op.Kind != plan.OpenSlot {
				return false
			}
			slot := op.Slot
			if f := op.SlotField(); f != "" {
				slot = r.cases[f]
			}
			applies := !slices.ContainsFunc(op.When, func(c plan.Condition) bool { return r.cases[c.Field] != c.Is })
			return slot == plan.Signature && applies
		})
	})
}

// planBatch makes the plans, and looks at all that can be looked at before a token is.
// What is wrong with rows it says of all of them at once.
func (a *app) planBatch(t *target, d *batchData, due []*batchRow, facts *profile.Profile, w *batchWorld) error {
	if err := a.planRows(t, d, due, facts); err != nil {
		return err
	}
	if rows := sound(due); len(rows) > 0 {
		w.pool.Facts, w.pool.Both = rows[0].plan.Facts(), bothSlots(rows)
		if err := a.checkBatch(t, d, rows, w); err != nil {
			return err
		}
	}
	if err := d.refused(); err != nil {
		return err
	}
	var plans []*plan.Plan
	for _, row := range due {
		plans = append(plans, row.plan)
	}
	a.warn(plans...)
	return nil
}

func (a *app) checkBatch(t *target, d *batchData, due []*batchRow, w *batchWorld) error {
	if err := w.pool.Check(); err != nil {
		return usagef("%w", err)
	}
	dialogs := dialogsOf(due)
	var err error
	if w.answers, err = a.prompter(dialogs); err != nil {
		return err
	}
	if missing := unanswered(dialogs, w.answers); missing != nil {
		return refusedf("give "+strings.Join(missing, " ")+", for all rows, or take fields in place of dialogs", "the description asks in dialogs, and a batch asks nobody")
	}
	fresh := w.pool.Default.IsFresh()
	for i := range due[0].plan.Ops {
		if op := &due[0].plan.Ops[i]; op.Destroys() && !a.opts.yes && !(fresh && op.Kind == plan.InitToken) {
			return refusedf("look at the plan, then say --yes", "%s destroys %s on each token, and nobody said yes", op.Words(), op.Loses())
		}
	}
	if w.issuer, err = a.issuer(t.program, t.station, w.pool.Facts); err != nil {
		return err
	}
	return a.tryRows(d, due, w.issuer, w.answers, fresh)
}

// endOfBatch prints the result and says how to go on.
func (a *app) endOfBatch(r *batchResult, sum batch.Summary) error {
	if err := a.printBatch(r); err != nil {
		return err
	}
	s := r.summary()
	if s.Done == s.Rows {
		return nil
	}
	switch {
	case a.ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "inscribe: interrupted; run the same command again to go on")
	case sum.Stopped:
		fmt.Fprintf(a.stderr, "inscribe: stopped after %d failures without a success between them; see why, then run the same command again to go on\n", a.opts.maxFailures)
	case sum.Waited:
		fmt.Fprintf(a.stderr, "inscribe: no card came within %v; run the same command again to go on\n", a.opts.wait)
	default:
		fmt.Fprintln(a.stderr, "inscribe: no token is left that can take a row; run the same command again when there are more")
	}
	if a.ctx.Err() != nil && r.interrupted {
		return &exitError{code: exitDevice}
	}
	return &exitError{code: exitBatch}
}
