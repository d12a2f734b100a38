package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"inscribe/check/profile"
	"inscribe/plan"
)

// Verdict is what a verification says of one op.
type Verdict string

// The verdicts. An op of which a part could not be looked at, and the rest fits,
// is Unseen.
const (
	Fits     Verdict = "ok"
	Drifts   Verdict = "drift"
	Unseen   Verdict = "unseen"
	NoResult Verdict = "none" // the op leaves nothing that could be read
)

// History tells what earlier runs did, without taking part: it locks nothing and
// writes nothing.
type History interface {
	// Look gives the records of an unfinished run of the plan on these tokens,
	// else of the last finished one; none where there was neither.
	Look(tokens map[string]Identity, opsSHA256 string) (earlier []Record, finished bool, err error)
	// Hold opens the count of tries, and keeps runs off the tokens until it is closed.
	// It is asked for it at the first login, and gives none where there is none yet
	// and no run.
	Hold(tokens map[string]Identity) (Ledger, error)
	// Ledger makes it where there is none. It is asked for it at a login to a token
	// whose flags need not be honest: that one must be counted.
	Ledger(tokens map[string]Identity) (Ledger, error)
}

// ledgerOnly is the journal of what only looks: nothing is written to it, and a
// try of a PIN is counted.
type ledgerOnly struct {
	look, open func() (Ledger, error)
	ledger     Ledger
}

func (l *ledgerOnly) get() (Ledger, error) {
	var err error
	if l.ledger == nil {
		l.ledger, err = l.open()
	}
	return l.ledger, err
}

// hold keeps runs off the tokens from here on. Where the ledger cannot be opened for
// want of a folder, a login that has to be counted finds that out.
func (l *ledgerOnly) hold() error {
	if l.ledger != nil {
		return nil
	}
	held, err := l.look()
	var e *Error
	switch {
	case errors.As(err, &e) && e.Kind == Local:
		return nil
	case err == nil && held != nil:
		l.ledger = held
	}
	return err
}

func (l *ledgerOnly) Write(Record) error { return noWrite("") }

func (l *ledgerOnly) Sync() error { return nil }

func (l *ledgerOnly) Tries(slot, who string) (int, error) {
	t, err := l.get()
	if err != nil {
		return 0, err
	}
	return t.Tries(slot, who)
}

func (l *ledgerOnly) AddTries(slot, who string, n int) (int, error) {
	t, err := l.get()
	if err != nil {
		return 0, err
	}
	return t.AddTries(slot, who, n)
}

func (l *ledgerOnly) Locks() []*os.File { return nil }

func (l *ledgerOnly) Close() error {
	if l.ledger == nil {
		return nil
	}
	return l.ledger.Close()
}

// Matcher holds a certificate against its template, whatever the time is. An
// error of kind Device says what differs, any other why it cannot tell.
type Matcher interface {
	Matches(r CertificateRequest, cert Certificate) error
}

// VerifyOptions are what a verification needs. Of the options of a run those that
// write or ask mean nothing.
type VerifyOptions struct {
	Options
	// History is nil where no journal is at hand.
	History History
	// Matcher is nil where nothing is known of templates.
	Matcher Matcher
	// Answers are those of dialogs, by keyword. A verification asks nobody.
	Answers map[string]Answer
	// Public says to log in nowhere and to look at public objects only.
	Public bool
}

// Finding is what a verification says of one op. It holds no secret.
type Finding struct {
	ID          string  `json:"id"`
	Op          string  `json:"op"`
	Slot        string  `json:"slot,omitempty"`
	Application string  `json:"application,omitempty"`
	Line        int     `json:"line"`
	State       Verdict `json:"state"`
	// Differs are the drifts, NotSeen what could not be looked at and why, Notes
	// what is good to know.
	Differs []string `json:"differs,omitempty"`
	NotSeen []string `json:"notSeen,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

func (f *Finding) differ(format string, args ...any) {
	f.Differs = append(f.Differs, fmt.Sprintf(format, args...))
}

func (f *Finding) notSeen(format string, args ...any) {
	f.NotSeen = append(f.NotSeen, fmt.Sprintf(format, args...))
}

func (f *Finding) note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}

// Verification is what a token is, held against a plan.
type Verification struct {
	Tokens map[string]TokenInfo `json:"tokens"`
	// Journal is "finished", "unfinished" or "none": whether a run of this plan
	// on these tokens is known here. Without one the tokens alone tell.
	Journal string    `json:"journal"`
	Ops     []Finding `json:"ops"`
}

// Count gives the number of ops of a verdict.
func (v *Verification) Count(s Verdict) int {
	n := 0
	for _, f := range v.Ops {
		if f.State == s {
			n++
		}
	}
	return n
}

// verifier is one verification. It is a run that cannot write, so that it finds
// things as a second run of the plan would.
type verifier struct {
	*run
	o        VerifyOptions
	ledger   *ledgerOnly
	findings map[string]*Finding // by op
	items    []*Item             // of the slot that is looked at
	sealed   string              // why its private objects are not seen, "" where they are
}

// Verify tells, op by op, whether the tokens are what the plan says. It only
// reads; it logs in as user where the plan gives a PIN and the inputs its value,
// for private objects show only then. The error is an [*Error] and says that
// the verification could not be made; a drift is no error.
func Verify(ctx context.Context, o VerifyOptions) (*Verification, error) {
	o.Module = readOnly{o.Module}
	v := &verifier{run: newRun(ctx, o.Options), o: o, findings: map[string]*Finding{}}
	for keyword, answer := range o.Answers {
		v.answers[keyword] = answer
	}
	by := func(of func(History, map[string]Identity) (Ledger, error)) func() (Ledger, error) {
		return func() (Ledger, error) {
			if o.History == nil {
				return &Memory{}, nil
			}
			return of(o.History, v.identities())
		}
	}
	v.ledger = &ledgerOnly{look: by(History.Hold), open: by(History.Ledger)}
	v.journal = v.ledger
	defer v.forget()
	defer func() { _ = v.release(nil) }() // of a count nothing is kept back
	defer v.closeAll()
	return v.verify()
}

func (v *verifier) verify() (*Verification, error) {
	if err := refusals(v.Plan); err != nil {
		return nil, err
	}
	if err := v.decided(); err != nil {
		return nil, err
	}
	if err := v.eachDue((*run).chooseToken); err != nil {
		return nil, err
	}
	out := &Verification{Tokens: v.result.Tokens, Journal: "none", Ops: []Finding{}}
	if v.o.History != nil {
		earlier, finished, err := v.o.History.Look(v.identities(), v.Plan.WorkSHA256())
		if err != nil {
			return nil, err
		}
		v.finished = finished // what it was told to add to counts, and no more
		v.recall(earlier)
		switch {
		case finished && earlier != nil:
			out.Journal = "finished"
		case earlier != nil:
			out.Journal = "unfinished"
		}
	}
	for op, slot := range v.due {
		v.findings[op.ID] = &Finding{ID: op.ID, Op: string(op.Kind), Slot: slot, Application: op.Application, Line: op.Source.Line}
		if lookerOf(op.Kind) == nil {
			v.findings[op.ID].State = NoResult
		}
	}
	// A login in one slot excludes one in the other on some tokens, so one slot
	// is looked at after the other.
	for slot := range v.chosen {
		if err := v.slotOps(slot); err != nil {
			return nil, err
		}
	}
	for op := range v.due {
		f := v.findings[op.ID]
		switch {
		case f.Differs != nil:
			f.State = Drifts
		case f.NotSeen != nil:
			f.State = Unseen
		case f.State == "":
			f.State = Fits
		}
		out.Ops = append(out.Ops, *f)
	}
	return out, nil
}

// slotOps looks at one slot: its flags, its objects, and each op that wrote to it.
func (v *verifier) slotOps(slot string) error {
	v.items, v.sealed = nil, "the token is not initialised"
	if v.info(slot).Flags.Has(FlagTokenInitialized) {
		if err := v.openSession(slot); err != nil {
			return v.wrap(err, v.first(slot), slot)
		}
		if err := v.enter(slot); err != nil {
			return err
		}
		var err error
		if v.items, err = Inventory(v.ctx, v.token(slot), v.Issuer.Parse); err != nil {
			return v.wrap(err, v.first(slot), slot)
		}
	}
	for op, s := range v.due {
		look := lookerOf(op.Kind)
		if s != slot || look == nil {
			continue
		}
		if err := look(v, op, slot, v.findings[op.ID]); err != nil {
			return v.wrap(err, op, slot)
		}
	}
	v.strangers(slot)
	if v.at(slot).user != "" {
		_ = v.token(slot).Logout(v.ctx)
	}
	v.closeAll()
	return nil
}

func (v *verifier) first(slot string) *plan.Op {
	for op, s := range v.due {
		if s == slot {
			return op
		}
	}
	return &v.Plan.Ops[0]
}

// enter logs in as user, if the plan does and a value is at hand, after the look
// at the flags that a run takes too.
func (v *verifier) enter(slot string) error {
	// The last PIN of the slot is the one that holds. A run shows it first at the
	// first login with it, which names the op here too.
	var login *plan.Op
	var ref *plan.Ref
	for op, s := range v.due {
		if s != slot {
			continue
		}
		if shown := userPIN(op, slot); op.Kind == plan.Login && shown != nil && (ref == nil || *shown != *ref) {
			login, ref = op, shown
		}
		if op.Kind == plan.Block {
			v.sealed = "the PIN is to be blocked, and none is tried"
			return nil
		}
	}
	if login == nil {
		v.sealed = "the description logs in nowhere"
		return nil
	}
	if v.o.Public {
		v.sealed = "only public objects were asked for"
		return nil
	}
	c, err := v.credential(ref, slot)
	if err != nil {
		v.sealed = "no value was given for " + ref.Words()
		return nil
	}
	info := v.info(slot)
	switch {
	case v.lockedOut(info):
		v.sealed = "the user PIN is locked"
		return nil
	case !info.Flags.Has(FlagUserPINInit):
		v.sealed = "the token has no user PIN"
		return nil
	}
	if err := v.ledger.hold(); err != nil {
		return v.wrap(err, login, slot)
	}
	// To a run this login may be the proof of a value just set, which the flags
	// cannot warn of. Here it is a login like any other.
	if err := tryAllowed(info, "user", v.SpendFinalTry); err != nil {
		return v.wrap(err, login, slot)
	}
	if err := v.checkValue(c, login, slot); err != nil {
		return v.wrap(err, login, slot)
	}
	if err := v.login(login, slot, &Record{}); err != nil {
		return v.wrap(err, login, slot)
	}
	v.sealed = ""
	return nil
}

// lockedOut reports whether the flags say that the user PIN is locked.
func (v *verifier) lockedOut(info TokenInfo) bool { return info.Flags.Has(FlagUserPINLocked) }

// lookerOf gives what looks at what a kind of op left; a kind without one leaves
// nothing. A table would keep the verifier in programs that never verify, as the
// one that a browser loads.
func lookerOf(kind plan.Kind) func(v *verifier, op *plan.Op, slot string, f *Finding) error {
	switch kind {
	case plan.OpenSlot:
		return (*verifier).lookToken
	case plan.Login:
		return (*verifier).lookLogin
	case plan.InitToken:
		return (*verifier).lookInitialised
	case plan.InitPIN, plan.Unblock, plan.SetPIN:
		return (*verifier).lookPIN
	case plan.SetPUK:
		return (*verifier).lookPUK
	case plan.Block:
		return (*verifier).lookBlocked
	case plan.GenKey:
		return (*verifier).lookKey
	case plan.ReqCert:
		return (*verifier).lookContents
	case plan.PutCert:
		return (*verifier).lookCertificate
	case plan.PutList:
		return (*verifier).lookList
	case plan.PutData:
		return (*verifier).lookData
	}
	return nil
}

func (v *verifier) lookToken(op *plan.Op, slot string, f *Finding) error {
	info := v.info(slot)
	if !info.Flags.Has(FlagTokenInitialized) {
		f.differ("the token is not initialised")
	}
	return nil
}

func (v *verifier) lookLogin(op *plan.Op, slot string, f *Finding) error {
	info := v.info(slot)
	blocks := false
	for o, s := range v.due {
		blocks = blocks || s == slot && o.Kind == plan.Block
	}
	switch {
	case op.As != "user":
		f.State = NoResult
	case blocks:
		f.State = NoResult
	case v.lockedOut(info):
		f.differ("the user PIN is locked")
	case v.sealed == "the token has no user PIN":
		f.differ("%s", v.sealed)
	case v.sealed != "":
		f.notSeen("the PIN: %s", v.sealed)
	}
	return nil
}

func (v *verifier) lookInitialised(op *plan.Op, slot string, f *Finding) error {
	info := v.info(slot)
	if !info.Flags.Has(FlagTokenInitialized) {
		f.differ("the token is not initialised")
		return nil
	}
	label, err := v.label(op)
	switch {
	case err != nil:
		f.notSeen("the label: it has fields without a value")
	case label != "" && info.Label != label && !(op.Hook && showsLabel(info.Label, label)):
		f.differ("the token's label is %q instead of %q", info.Label, label)
	}
	v.flagsOfPUK(slot, f)
	return nil
}

// lookPIN holds the token's flags against what a PIN that was set must be.
func (v *verifier) lookPIN(op *plan.Op, slot string, f *Finding) error {
	flags := v.info(slot).Flags
	for o, s := range v.due {
		if s == slot && o.Kind == plan.Block {
			f.State = NoResult // what was set was blocked afterwards
			return nil
		}
	}
	if !flags.Has(FlagUserPINInit) {
		f.differ("the token has no user PIN (CKF_USER_PIN_INITIALIZED is not set)")
		return nil
	}
	if flags.Has(FlagUserPINLocked) {
		f.differ("the user PIN is locked (CKF_USER_PIN_LOCKED)")
		return nil
	}
	if flags.Has(FlagUserPINToChange) {
		f.differ("the user PIN must be changed before it is used (CKF_USER_PIN_TO_BE_CHANGED)")
	}
	if v.sealed != "" {
		f.notSeen("whether the PIN has the value: %s", v.sealed)
	}
	return nil
}

func (v *verifier) lookPUK(op *plan.Op, slot string, f *Finding) error {
	v.flagsOfPUK(slot, f)
	f.notSeen("whether the PUK has the value: a verification does not try it")
	return nil
}

func (v *verifier) flagsOfPUK(slot string, f *Finding) {
	flags := v.info(slot).Flags
	if flags.Has(FlagSOPINLocked) {
		f.differ("the SO PIN is locked (CKF_SO_PIN_LOCKED)")
	}
	if flags.Has(FlagSOPINToChange) {
		f.differ("the SO PIN must be changed before it is used (CKF_SO_PIN_TO_BE_CHANGED)")
	}
}

func (v *verifier) lookBlocked(op *plan.Op, slot string, f *Finding) error {
	switch {
	case v.info(slot).Flags.Has(FlagUserPINLocked):
	case v.Plan.Facts().Is(profile.HonestFlags) == profile.Yes:
		f.differ("the user PIN is not locked (CKF_USER_PIN_LOCKED is not set)")
	default:
		f.notSeen("whether the PIN is blocked: the token's flags say no, and need not tell the truth")
	}
	return nil
}

// differences lists the attributes that read other than they must.
func differences(want, got []Attribute) []string {
	var out []string
	for i, w := range want {
		switch {
		case i < len(got) && bytes.Equal(got[i].Value, w.Value):
		case i >= len(got) || got[i].Value == nil:
			out = append(out, attributeName(w.Type)+" cannot be read")
		case len(w.Value) == 1:
			out = append(out, fmt.Sprintf("%s is %t", attributeName(w.Type), got[i].AsBool()))
		case w.Type == CKALabel:
			out = append(out, fmt.Sprintf("%s is %q instead of %q", attributeName(w.Type), got[i].Value, w.Value))
		case w.Type == CKAID:
			out = append(out, fmt.Sprintf("%s is %x instead of %x", attributeName(w.Type), got[i].Value, w.Value))
		default:
			out = append(out, attributeName(w.Type)+" has another value")
		}
	}
	return slices.Compact(out)
}
