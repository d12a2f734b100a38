package exec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"inscribe/check/profile"
	"inscribe/plan"
)

// Options are what a run needs.
type Options struct {
	Plan   *plan.Plan
	Inputs Inputs
	Module Module
	// Selectors choose the token of each slot, by "default" and "signature".
	Selectors map[string]Selector
	Issuer    Issuer
	Journals  Journals
	Prompter  Prompter
	// Initialiser does what a profile leaves to the station; nil is none.
	Initialiser Initialiser
	Observer    Observer
	// Cases decides the fields that are not bound, each for "default" or
	// "signature"; the proof uses it.
	Cases map[string]string
	// Saved says that the plan is a saved one, which a token takes once.
	Saved bool
	// Symbolic says that the token is a model: credentials may have no value.
	Symbolic bool
	// Seeded says of a model that it stands for tokens that were looked at, so that
	// what is known of them and of earlier runs counts as in a run on them.
	Seeded bool
	// DestroyConfirmed allows ops that destroy.
	DestroyConfirmed bool
	// SpendFinalTry allows a login on the last try of a PIN.
	SpendFinalTry bool
	// Abandon gives up an unfinished run of another plan on these tokens.
	Abandon bool
	// AllowExisting permits keys and certificates of the same label that this
	// plan did not put there.
	AllowExisting bool
	// CallLimit is what the operator allows a call; 0 leaves it to the profile.
	CallLimit time.Duration
	// Batch and Row name the row of a batch that the run does; both are empty in a
	// run by itself. A row has a record of its end even where it wrote nothing.
	Batch, Row string
	// Alike is how many more rows of the batch were cut off while they gave a fresh
	// token the same label and SO PIN: what any of them left is then as good for each.
	Alike int
	// Known has the identity by slot under which the journal knows a token that has
	// another label by now.
	Known map[string]Identity
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// run is one run of a plan.
type run struct {
	Options
	ctx context.Context
	// unlimited is ctx without the profile's limit of a call.
	unlimited context.Context
	journal   Journal
	slots     map[string]*slotState // by slot name; see at
	answers   map[string]Answer     // by keyword
	work      map[string]*work      // by application
	// earlier is what the journal tells of a run of the same plan: finished
	// says that it reached its end, so that only objects that are still there
	// count.
	earlier  map[string]Record
	began    map[string]bool
	does     Work                 // but for Beside, once it was asked for; see workOfRun
	oldNext  map[string]bool      // the new PIN of a change that was cut off was wrong when it was last shown
	halves   map[string]*halves   // what generations that were cut off may have left, by op
	keyless  map[string]bool      // the CKA_IDs in hexadecimal, after an op's name, whose private keys are of lists that were cut off
	noted    map[string][]Written // what an earlier run was given, by op
	beside   map[string]bool      // the CKA_IDs in hexadecimal that earlier runs were told to put keys beside
	issued   map[string][]byte    // the certificates that earlier runs got, by op
	finished bool
	begun    bool // the journal has its first record
	resumes  bool // it has yet to learn that this saved plan goes on with it
	wrong    bool // a value was shown and found wrong
	// owners are the applications by slot and CKA_ID in hexadecimal.
	owners map[string]string
	listed []Slot // the slots with a token, as found at the start
	result Result
}

// work is what the ops of one application hand on.
type work struct {
	slot    string // of the key
	private Object
	hidden  bool   // a search without a login did not find the private key
	alone   *bool  // the request is signed under the login of the key's slot alone; nil: not decided
	made    bool   // the key is of this run, so that nothing on the token belongs to it yet
	renewed string // why a certificate that an earlier run got is not taken
	public  PublicKey
	id      []byte
	request []byte
	cert    *Certificate
}

func newRun(ctx context.Context, o Options) *run {
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &run{Options: o, ctx: o.limited(ctx), unlimited: ctx, slots: map[string]*slotState{}, answers: map[string]Answer{}, work: map[string]*work{},
		earlier: map[string]Record{}, began: map[string]bool{}, oldNext: map[string]bool{}, halves: map[string]*halves{}, keyless: map[string]bool{}, noted: map[string][]Written{}, beside: map[string]bool{}, owners: map[string]string{}}
	for slot, id := range o.Known {
		r.at(slot).knownAs = &id
	}
	r.result = Result{Tokens: map[string]TokenInfo{}, Objects: []ResultObject{}, Outputs: map[string]string{}}
	return r
}

// Apply runs a plan: everything that can be checked first, then op by op. The
// result is what was done, also when an error ends the run; the error is an
// [*Error].
func Apply(ctx context.Context, o Options) (result *Result, err error) {
	r := newRun(ctx, o)
	defer r.forget()
	defer func() { err = r.release(err) }()
	if err := r.preflight(); err != nil {
		return &r.result, err
	}
	err = r.ops()
	r.closeAll()
	if err != nil {
		return &r.result, err
	}
	if err := r.lookBack(); err != nil {
		return &r.result, err
	}
	r.note()
	if !r.begun && r.Row == "" {
		if !r.Abandon {
			return &r.result, nil
		}
		return &r.result, r.journal.Write(Record{Event: "end"})
	}
	if err := r.begin(); err != nil {
		return &r.result, err
	}
	return &r.result, r.journal.Write(Record{Event: "end"})
}

// lookBack reads the tokens once more, for the report. One that is another by now was
// initialised or exchanged beside the run, which then stays unfinished: what it wrote
// is not on this one.
func (r *run) lookBack() error {
	for slot, s := range r.chosen {
		info, err := s.token.Info(r.ctx)
		if err != nil {
			continue
		}
		was := s.listed.Token
		if info.Identity(r.Plan.Facts()) != was.Identity(r.Plan.Facts()) {
			return &Error{Kind: Device, Slot: r.slotName(slot), Message: "the token became another one during the run: it is " + info.Name() + " now",
				Advice: "another program initialised it or another card was put in: see with inscribe tokens what it holds; if the first one is still there, put it in and run the same command again"}
		}
		r.result.Tokens[slot] = info
	}
	return nil
}

// note tells of credentials that somebody has to change: they are those of the
// delivery, or were given by the issuer.
func (r *run) note() {
	for _, slot := range plan.Slots {
		info := r.result.Tokens[slot]
		for _, c := range []struct {
			flag TokenFlags
			what string
		}{{FlagSOPINToChange, "SO PIN"}, {FlagUserPINToChange, "user PIN"}} {
			if info.Flags.Has(FlagTokenInitialized | c.flag) {
				r.result.Notes = append(r.result.Notes, fmt.Sprintf("the %s of %s (%s slot) has to be changed before it is used, says the token", c.what, info.Name(), slot))
			}
		}
	}
}

// ops runs the ops in order.
func (r *run) ops() error {
	for op := range r.due {
		if err := r.ctx.Err(); err != nil {
			return &Error{Kind: Device, Op: opName(op), Message: "interrupted before this op; nothing is half done", Advice: "run the same command again to go on"}
		}
		if err := r.op(op); err != nil {
			return err
		}
	}
	return nil
}

// op runs one op. However it fails, that is told and noted.
func (r *run) op(op *plan.Op) error {
	slot := r.slot(op)
	event := r.event(op, slot)
	record := Record{ID: op.ID, Op: string(op.Kind), Slot: slot}
	if r.oldNext[op.ID] {
		record.Wrong = "new" // still, should this run fail before it shows a value
	}
	skip, why, err := r.skip(op, slot)
	if err != nil {
		return r.failed(op, event, record, err)
	}
	if skip {
		event.State, event.Detail = Skipped, why
		r.report(event)
		if op.Writes() {
			r.result.Kept++
		}
		return nil
	}
	if changes(op) {
		if err := r.drifted(); err != nil {
			return err // of the op that it names
		}
	}
	event.State = Started
	r.report(event)
	if err := r.do(op, slot, &event, &record); err != nil {
		return r.failed(op, event, record, err)
	}
	if op.Writes() && op.Kind != plan.Delete {
		r.result.Ran++
	}
	event.State = Done
	if op.Kind == plan.ReqCert {
		event.Detail = r.workOf(op).renewed
	}
	r.report(event)
	return nil
}

// event is what is told of an op.
func (r *run) event(op *plan.Op, slot string) Event {
	return Event{ID: op.ID, Op: string(op.Kind), Slot: slot, Application: op.Application}
}

// changes reports whether an op has journal records of its start and its end.
func changes(op *plan.Op) bool { return op.Writes() || op.Kind == plan.ReqCert }

// do does an op, between two journal records where it changes something.
func (r *run) do(op *plan.Op, slot string, event *Event, record *Record) (err error) {
	if changes(op) {
		record.Event = "start"
		if op.Kind == plan.InitToken {
			record.Label, _ = r.label(op) // the op says what is wrong with it
			record.Was = r.info(slot).Label
		}
		if op.Kind == plan.GenKey {
			record.Draft = r.draft(op)
		}
		if record.Given, err = r.givenTo(op); err != nil {
			return err
		}
		if op.Kind == plan.PutList {
			if record.Keyless, err = r.keylessOf(op, slot); err != nil {
				return err
			}
		}
		if !changesPIN(op) {
			if err := r.noteStart(*record); err != nil {
				return err
			}
		}
	}
	begin := r.Now()
	err = handlers[op.Kind](r, op, slot, record)
	if !r.Symbolic {
		event.MS = r.Now().Sub(begin).Milliseconds()
	}
	if err != nil || record.Event == "" {
		return err
	}
	record.Event, record.Objects = "done", r.objectsOf(op, slot)
	if err := r.journal.Write(*record); err != nil || readable(op.Kind) {
		return err
	}
	return r.journal.Sync()
}

// failed tells of the end of an op that failed, and gives the error of the run.
func (r *run) failed(op *plan.Op, event Event, record Record, err error) error {
	if r.ctx.Err() != nil {
		err = interruption(err)
	}
	err = r.wrap(err, op, event.Slot)
	whole := r.untouched(op, err)
	err = r.late(err)
	event.State, event.Detail = Failed, err.Error()
	r.report(event)
	// The run fails for its own reason; a journal that fails too must not
	// hide it.
	if r.begun {
		_ = r.journal.Write(Record{Event: "failed", ID: op.ID, Op: string(op.Kind), Slot: event.Slot, Message: err.Error(), Untouched: whole, Tokens: record.Tokens, Wrong: record.Wrong})
		_ = r.journal.Sync()
	}
	return err
}

// noteStart has the journal know that an op begins, or, once more, what is known of it
// by now. It waits for the end of the op before too: nothing is written to a token in
// between.
func (r *run) noteStart(record Record) error {
	if err := r.begin(); err != nil {
		return err
	}
	record.Event, record.Wrong = "start", ""
	if err := r.journal.Write(record); err != nil {
		return err
	}
	return r.journal.Sync()
}

// changesPIN reports whether an op gives a new value for an old one, which notes its
// start itself.
func changesPIN(op *plan.Op) bool {
	return op.Kind == plan.SetPIN || op.Kind == plan.SetPUK || op.Kind == plan.Unblock && op.Old != nil
}

// late makes a refusal that comes after a write a failure: it is too late for "before
// anything was tried".
func (r *run) late(err error) error {
	if e, ok := err.(*Error); ok && (r.result.Ran+r.result.Deleted > 0 || r.wrong) && e.Kind == Refused {
		e.Kind = Device
	}
	return err
}

// readable reports whether what an op did can be read from the token, or asked for
// again: a power cut may then take the record of its end, though not that of its
// start. Which PIN holds can only be tried.
func readable(k plan.Kind) bool {
	return k == plan.GenKey || k == plan.ReqCert || k == plan.PutCert || k == plan.PutData
}

// untouched reports whether an op that failed certainly changed nothing: it was
// refused here, or the token looked at a PIN and took nothing of it, or a change of
// a PIN failed before its call, or that was not made. Any code may come from any call, so that a wrong PIN
// says nothing of a key. Of an op that an earlier run was cut off in, what happens now
// says nothing.
func (r *run) untouched(op *plan.Op, err error) bool {
	e, ok := err.(*Error)
	switch {
	case !ok, e.doubtful, r.cutOff(op):
		return false
	case e.Kind == Refused, unmade(err):
		return true
	}
	switch op.Kind {
	case plan.SetPIN, plan.SetPUK, plan.Unblock:
		change := e.Call == "C_SetPIN" || e.Call == "C_InitPIN"
		return e.CKR.RefusesPIN() || !change && e.Call != ""
	case plan.InitToken, plan.InitPIN, plan.Block:
		return e.CKR.RefusesPIN()
	}
	return false
}

// unmade reports whether an op failed since its call that changes a PIN or a token never
// left this program.
func unmade(err error) bool {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Cause {
		if e.Unshown {
			return e.Call == "C_InitToken" || e.Call == "C_InitPIN" || e.Call == "C_SetPIN"
		}
	}
	return false
}

// handlers run the op kinds; each stands in its own file.
var handlers = map[plan.Kind]func(r *run, op *plan.Op, slot string, record *Record) error{
	plan.OpenSlot:    (*run).openSlot,
	plan.Login:       (*run).login,
	plan.Logout:      (*run).logout,
	plan.InitToken:   (*run).initToken,
	plan.InitPIN:     (*run).initPIN,
	plan.Unblock:     (*run).unblock,
	plan.SetPIN:      (*run).setPIN,
	plan.SetPUK:      (*run).setPUK,
	plan.GenKey:      (*run).genKey,
	plan.ReqCert:     (*run).reqCert,
	plan.PutCert:     (*run).putCert,
	plan.PutList:     (*run).putList,
	plan.PutData:     (*run).putData,
	plan.Delete:      (*run).deleteOlder,
	plan.Block:       (*run).block,
	plan.ListTokens:  (*run).listTokens,
	plan.ClearFields: (*run).clearFields,
	plan.CloseSlot:   (*run).closeSlot,
}

// due calls yield for each op that this run has to do, with its slot.
func (r *run) due(yield func(op *plan.Op, slot string) bool) {
	for i := range r.Plan.Ops {
		if op := &r.Plan.Ops[i]; r.applies(op) && !yield(op, r.slot(op)) {
			return
		}
	}
}

// dueIn is the first op of a kind that this run has to do in a slot; nil where there is none.
func (r *run) dueIn(slot string, kind plan.Kind) *plan.Op {
	for op, at := range r.due {
		if op.Kind == kind && at == slot {
			return op
		}
	}
	return nil
}

// applies reports whether the conditions of an op hold.
func (r *run) applies(op *plan.Op) bool {
	for _, c := range op.When {
		if r.Cases[c.Field] != c.Is {
			return false
		}
	}
	return true
}

// slot is the slot of an op once every field is decided.
func (r *run) slot(op *plan.Op) string {
	if f := op.SlotField(); f != "" {
		return r.Cases[f]
	}
	return op.Slot
}

func opName(op *plan.Op) string { return fmt.Sprintf("%s %s", op.ID, op.Kind) }

// slotName is how messages call a slot with its token.
func (r *run) slotName(slot string) string {
	if slot == "" {
		return ""
	}
	name := slot + " slot"
	if r.token(slot) != nil {
		name += ", " + r.info(slot).Name()
	}
	return name
}

// wrap makes an *Error that names op and slot.
func (r *run) wrap(err error, op *plan.Op, slot string) error {
	e, ok := err.(*Error)
	if !ok {
		e = &Error{Kind: Local, Cause: err}
	}
	e.Op = opName(op)
	if e.Slot == "" {
		e.Slot = r.slotName(slot)
	}
	if e.Kind == Device && !e.CKR.WrongPIN() && !e.CKR.Locked() && r.takenOut(slot, e.CKR) {
		e.Message, e.Advice = "the card was taken out", "put it in again and run the same command: it goes on where it stopped"
	}
	return e
}

// noticed is how long a PC/SC daemon may take to notice that a card was pulled: it
// asks some readers a few times a second only.
const noticed = 700 * time.Millisecond

// takenOut reports whether the token of a slot is gone. Modules seldom say so in
// the call that a card is pulled in: they fail without a reason.
func (r *run) takenOut(slot string, told CKR) bool {
	if r.token(slot) == nil || r.Symbolic {
		return false
	}
	patient := told == CKRGeneralError || told == CKRFunctionFailed || told == CKRDeviceError
	if r.Plan.Facts().Is(profile.Software) == profile.Yes {
		patient = false
	}
	for end := time.Now().Add(noticed); r.ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if r.absent(slot) {
			return true
		}
		if !patient || time.Now().After(end) {
			break
		}
	}
	return false
}

// absent reports whether the module says that a slot has no token.
func (r *run) absent(slot string) bool {
	var e *Error
	if _, err := r.token(slot).Info(r.ctx); errors.As(err, &e) {
		return e.CKR == CKRTokenNotPresent || e.CKR == CKRDeviceRemoved || e.CKR == CKRSlotIDInvalid
	}
	// Some tell what they remember of a token, and only the list is fresh.
	slots, err := r.Module.Slots(r.ctx)
	return err == nil && !slices.ContainsFunc(slots, func(s Slot) bool { return s.ID == r.at(slot).listed.ID })
}

func (r *run) report(e Event) {
	if r.Observer != nil {
		r.Observer.Event(e)
	}
}

// closeAll ends the sessions that the ops left open, at the end of every run. What was
// done is done by then, so an error would tell nothing.
func (r *run) closeAll() {
	for _, s := range r.chosen {
		if s.session {
			_ = s.token.CloseSession(context.WithoutCancel(r.ctx))
			s.session, s.user = false, ""
		}
	}
}

// release lets go of the journal, and so of the tokens, and gives the error of the run.
// What fails in that is told too: a run that was given up may not have been taken back.
func (r *run) release(err error) error {
	if r.journal == nil {
		return err
	}
	closing := r.journal.Close()
	e, ok := err.(*Error)
	switch {
	case closing == nil:
		return err
	case !ok:
		return cmp.Or(err, closing)
	case e.Cause == nil:
		e.Cause = closing
	default:
		e.Cause = fmt.Errorf("%w; %w", e.Cause, closing)
	}
	return e
}

// forget wipes what ClearFields names and what was asked for, whatever the end.
func (r *run) forget() {
	for _, a := range r.answers {
		a.Old.Wipe()
		a.New.Wipe()
	}
	for i := range r.Plan.Ops {
		_ = r.clearFields(&r.Plan.Ops[i], "", nil)
	}
}

// refusals turns what the planner could not lower to an error.
func refusals(p *plan.Plan) error {
	if len(p.Refusals) == 0 {
		return nil
	}
	var reasons []string
	for _, f := range p.Refusals {
		reasons = append(reasons, fmt.Sprintf("line %d: %s", f.Line, f.Reason))
	}
	return &Error{Kind: Refused, Message: strings.Join(reasons, "; "), Advice: p.Refusals[0].WayOut}
}
