package exec

import (
	"errors"
	"fmt"

	"inscribe/check/profile"
	"inscribe/plan"
)

// Tries counts the values of a credential that were shown to a token since the
// last right one, across runs. A token's own flags may be false by policy
// (PKCS#11, table of token information flags), so their absence proves nothing.
// who is "user", "so" or "puk", or "" for all that was shown to the tokens of the card,
// whose count replaces theirs.
type Tries interface {
	Tries(slot, who string) (int, error)
	// AddTries adds n, or takes n back that is below 0, in one step: others may count
	// at the same moment on another token that locks with this one. It gives the count
	// as it is then, on the disk.
	AddTries(slot, who string, n int) (int, error)
}

// Ledger is the count of tries of tokens, without a run. It holds the tokens
// until it is closed.
type Ledger interface {
	Tries
	Close() error
}

// leastRetries is the limit where the profile knows none: no card is known to
// lock earlier.
const leastRetries = 3

// counts reports whether the tries of a credential have to be counted: the token
// may lock, and its flags may not tell. No flag of PKCS#11 speaks of a PUK of the
// card's own.
func counts(facts *profile.Profile, who string) bool {
	switch {
	case who == "puk":
		return true
	case facts.Is(profile.Locks) == profile.No:
		return false
	}
	return facts.Is(honestAbout(who)) != profile.Yes
}

// honestAbout is the fact about the flags of a credential.
func honestAbout(who string) profile.FactName {
	if who == "so" {
		return profile.HonestSOFlags
	}
	return profile.HonestFlags
}

// retries is the number of wrong values that lock a credential, as far as it is
// known, else the least that any is known to have.
func retries(facts *profile.Profile, who string) int {
	limit, known := facts.Count(profile.Retries)
	if who == "user" {
		if !known {
			return leastRetries
		}
		return limit
	}
	if n, told := facts.Count(profile.PUKRetries); told {
		return n
	}
	if known { // that of PINs says little of others
		return min(limit, leastRetries)
	}
	return leastRetries
}

// nameOf is how messages call a credential.
func nameOf(who string) string {
	return map[string]string{"user": "PIN", "so": "SO PIN", "puk": "PUK"}[who]
}

// show has a value shown to the token by a run.
func (r *run) show(slot, who string, c Credential, call func() error) error {
	var err error
	if r.Symbolic && !r.Seeded {
		err = loginError(call(), who, c)
	} else {
		err = r.counted().show(slot, who, c, call)
	}
	var e *Error
	r.wrong = r.wrong || errors.As(err, &e) && e.CKR.WrongPIN()
	return err
}

func (r *run) counted() counted { return counted{r.journal, r.Plan.Facts(), r.SpendFinalTry} }

// counted shows values to a token and counts them.
type counted struct {
	tries         Tries
	facts         *profile.Profile
	spendFinalTry bool
}

// scope is whose tries lock a credential together: its own, or those of all of the card.
func (t counted) scope(who string) string {
	if t.facts.Is(profile.SharedLock) == profile.Yes {
		return ""
	}
	return who
}

// resets reports whether a right value starts the token's own count anew. Where it does
// not, that has to be done on the token, and the operator says so.
func (t counted) resets() bool {
	return t.spendFinalTry || t.facts.Is(profile.RightPINResets) != profile.No
}

// afford refuses a try that may be the last one, by the count of earlier ones.
func (t counted) afford(slot, who string) error {
	if !counts(t.facts, who) {
		return nil
	}
	n, err := t.tries.Tries(slot, t.scope(who))
	if err != nil {
		return err
	}
	return t.affordAfter(n, who)
}

// affordAfter is afford where so many were shown.
func (t counted) affordAfter(n int, who string) error {
	if n < retries(t.facts, who)-1 || t.spendFinalTry {
		return nil
	}
	shown := fmt.Sprintf("this token %s", plural(n, nameOf(who)))
	if t.scope(who) == "" {
		shown = fmt.Sprintf("the tokens of this card, which lock together, %s", plural(n, "value"))
	}
	e := &Error{Kind: Refused, Message: fmt.Sprintf("earlier runs showed %s and none that was right since, so the next one may be the last before it locks", shown),
		Advice: "check the value, then say --spend-final-try; a right one starts the count anew"}
	if !t.resets() {
		e.Message = fmt.Sprintf("earlier runs showed %s, and a right one does not end the count of such tokens, so the next wrong one may be the last before it locks", shown)
		e.Advice = "have the token count anew by its vendor's tool, check the value, then say --spend-final-try; a right one starts the count here anew"
	}
	return e
}

// show has a value shown to the token: the flags are looked at before, and here
// the count of earlier tries where the flags of this kind of token are not known
// to be honest. The try is counted before it is made, so that a crash in it counts.
func (t counted) show(slot, who string, c Credential, call func() error) error {
	if !counts(t.facts, who) {
		return loginError(call(), who, c)
	}
	scope := t.scope(who)
	n, err := t.tries.AddTries(slot, scope, 1)
	if err != nil {
		return err
	}
	back := 0
	if err = t.affordAfter(n-1, who); err != nil {
		back = 1
	} else if err = call(); err == nil && t.resets() {
		back = n // what was counted meanwhile may have come after the right one
	} else if err == nil || answered(err) {
		back = 1
	}
	if back > 0 {
		if _, failed := t.tries.AddTries(slot, scope, -back); failed != nil {
			return failed
		}
	}
	return loginError(err, who, c)
}

func plural(n int, what string) string {
	if n == 1 {
		return "one wrong " + what
	}
	return fmt.Sprintf("%d wrong %ss", n, what)
}

// answered reports whether a module said for certain that it did not compare the
// value, or was never asked to: a wrong one, a lock, a removal or a failure without a reason may have
// cost a try.
func answered(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.CKR == CKROK {
		return e != nil && e.Unshown
	}
	switch e.CKR {
	case CKRGeneralError, CKRFunctionFailed, CKRDeviceError, CKRHostMemory, CKRDeviceMemory:
		return false
	}
	return !e.CKR.WrongPIN() && !e.CKR.Locked() && !e.CKR.Removed()
}

// loginError says which value was wrong; it is not tried again. What unlocks a PIN
// does not unlock itself.
func loginError(err error, who string, c Credential) error {
	e, ok := err.(*Error)
	switch {
	case !ok:
	case e.CKR.WrongPIN():
		e.Message = c.Name + " is wrong; it is not tried again"
	case e.CKR.Locked() && who != "user":
		e.Message = "the " + nameOf(who) + " is locked"
		e.Advice = adviseLocked(who)
	}
	return err
}

// adviseLocked says what is left where a PUK or SO PIN is locked.
func adviseLocked(who string) string {
	return "a locked " + nameOf(who) + " is for ever on most tokens; ask the vendor"
}

// forgetTries starts counts of a slot anew: all after an initialisation, that of a
// PIN after it was set under another authority. A count that all share is one.
func (r *run) forgetTries(slot string, whose ...string) error {
	t := r.counted()
	if t.scope(whose[0]) == "" {
		if !t.resets() {
			return nil
		}
		whose = whose[:1]
	}
	for _, who := range whose {
		scope := t.scope(who)
		n, err := r.journal.Tries(slot, scope)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if _, err := r.journal.AddTries(slot, scope, -n); err != nil {
			return err
		}
	}
	return nil
}

// shownTo names what an op shows a value to; empty where it shows none.
func shownTo(op *plan.Op) string {
	switch {
	case op.Kind == plan.Login:
		return op.As
	case op.Kind == plan.SetPIN, op.Kind == plan.SetPUK, op.Kind == plan.Unblock && op.Old != nil, op.Kind == plan.InitToken:
		return whoOf(op)
	}
	return ""
}

// whoOf names what a change of a PIN shows.
func whoOf(op *plan.Op) string {
	switch op.Kind {
	case plan.Unblock:
		return "puk"
	case plan.SetPUK, plan.InitToken:
		return "so"
	}
	return "user"
}
