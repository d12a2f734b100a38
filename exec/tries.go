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

// leastRetries is the limit where the profile knows none: no card is known to
// lock earlier.
const leastRetries = 3

// show has a value shown to the token: the flags are looked at first, and the
// count of earlier tries where the flags of this kind of token are not known to
// be honest. The try is counted before it is made, so that a crash in it counts.
func (r *run) show(slot, who string, c Credential, call func() error) error {
	facts := r.Plan.Facts()
	noted := func(err error) error {
		var e *Error
		r.wrong = r.wrong || errors.As(err, &e) && e.CKR.WrongPIN()
		return loginError(err, c)
	}
	if r.Symbolic || facts.Is(profile.Locks) == profile.No || facts.Is(profile.HonestFlags) == profile.Yes {
		return noted(call())
	}
	n, err := r.journal.Tries(slot, who)
	if err != nil {
		return err
	}
	limit, known := facts.Count(profile.Retries)
	if !known {
		limit = leastRetries
	}
	if n >= limit-1 && !r.SpendFinalTry {
		return &Error{Kind: Refused, Message: fmt.Sprintf("%s was shown to this token by earlier runs and was never right, and the next one may be the last before it locks", plural(n, who+" value")),
			Advice: "check the value, then say --spend-final-try; a right one starts the count anew"}
	}
	if err := r.journal.SetTries(slot, who, n+1); err != nil {
		return err
	}
	err = call()
	switch {
	case err == nil:
		return r.journal.SetTries(slot, who, 0)
	case answered(err):
		if err := r.journal.SetTries(slot, who, n); err != nil {
			return err
		}
	}
	return noted(err)
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
