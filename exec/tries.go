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
// who is "user", "so" or "puk". A count is durable when SetTries returns.
type Tries interface {
	Tries(slot, who string) (int, error)
	SetTries(slot, who string, n int) error
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

// show has a value shown to the token by a run.
func (r *run) show(slot, who string, c Credential, call func() error) error {
	var err error
	if r.Symbolic && !r.Seeded {
		err = loginError(call(), c)
	} else {
		err = counted{r.journal, r.Plan.Facts(), r.SpendFinalTry}.show(slot, who, c, call)
	}
	var e *Error
	r.wrong = r.wrong || errors.As(err, &e) && e.CKR.WrongPIN()
	return err
}

// counted shows values to a token and counts them.
type counted struct {
	tries         Tries
	facts         *profile.Profile
	spendFinalTry bool
}

// show has a value shown to the token: the flags are looked at before, and here
// the count of earlier tries where the flags of this kind of token are not known
// to be honest. The try is counted before it is made, so that a crash in it counts.
func (t counted) show(slot, who string, c Credential, call func() error) error {
	if t.facts.Is(profile.Locks) == profile.No || t.facts.Is(profile.HonestFlags) == profile.Yes {
		return loginError(call(), c)
	}
	n, err := t.tries.Tries(slot, who)
	if err != nil {
		return err
	}
	limit, known := t.facts.Count(profile.Retries)
	if !known {
		limit = leastRetries
	}
	if n >= limit-1 && !t.spendFinalTry {
		return &Error{Kind: Refused, Message: fmt.Sprintf("earlier runs showed this token %s and none that was right since, so the next one may be the last before it locks", plural(n, who+" value")),
			Advice: "check the value, then say --spend-final-try; a right one starts the count anew"}
	}
	if err := t.tries.SetTries(slot, who, n+1); err != nil {
		return err
	}
	err = call()
	switch {
	case err == nil:
		return t.tries.SetTries(slot, who, 0)
	case answered(err):
		if err := t.tries.SetTries(slot, who, n); err != nil {
			return err
		}
	}
	return loginError(err, c)
}

func plural(n int, what string) string {
	if n == 1 {
		return "one wrong " + what
	}
	return fmt.Sprintf("%d wrong %ss", n, what)
}

// answered reports whether a module said for certain that it did not compare the
// value: a wrong one, a lock, a removal or a failure without a reason may have
// cost a try.
func answered(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.CKR == CKROK {
		return false
	}
	switch e.CKR {
	case CKRGeneralError, CKRFunctionFailed, CKRDeviceError, CKRHostMemory, CKRDeviceMemory:
		return false
	}
	return !e.CKR.WrongPIN() && !e.CKR.Locked() && !e.CKR.Removed()
}

// loginError says which value was wrong; it is not tried again.
func loginError(err error, c Credential) error {
	if e, ok := err.(*Error); ok && e.CKR.WrongPIN() {
		e.Message = c.Name + " is wrong; it is not tried again"
	}
	return err
}

// forgetTries starts the counts of a slot anew, after an initialisation.
func (r *run) forgetTries(slot string) error {
	for _, who := range []string{"user", "so"} {
		if n, err := r.journal.Tries(slot, who); err != nil || n > 0 {
			if err != nil {
				return err
			}
			if err := r.journal.SetTries(slot, who, 0); err != nil {
				return err
			}
		}
	}
	return nil
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
