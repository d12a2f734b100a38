package exec

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Kind tells who has to act on an [Error]; cmd turns it into an exit code.
type Kind int

// The kinds.
const (
	// Refused: nothing was tried; the input, the plan or the state of the
	// token forbids it.
	Refused Kind = iota
	// Device: the module, the token or the CA failed.
	Device
	// Local: a file of this machine could not be read or written.
	Local
)

// Error is how exec and the packages below it fail.
type Error struct {
	Kind Kind
	// Op is the op under way ("op-07 putcert"), Slot the slot with its token
	// ("signature slot, token SIGN (serial 12ab)"), Call the PKCS#11 call
	// ("C_Login"). Each may be empty.
	Op, Slot, Call string
	// CKR is the module's answer; CKROK where there was none.
	CKR CKR
	// Message says what went wrong, lower case, no full stop.
	Message string
	// Advice says what the reader can do about it; may be empty, and is then
	// that of the CKR.
	Advice string
	// Cause is wrapped.
	Cause error
	// Unshown says that what was to show a value to the token failed before it did.
	Unshown bool

	doubtful bool // see doubt
}

// Error gives one line: op, slot, call, CKR, message and cause.
func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.Op, e.Slot, e.Call} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	msg := e.Message
	if e.CKR != CKROK {
		code := fmt.Sprintf("%s (%s)", e.CKR, e.CKR.Meaning())
		if msg != "" {
			msg += ": " + code
		} else {
			msg = code
		}
	}
	if msg != "" {
		parts = append(parts, msg)
	}
	if e.Cause != nil {
		// A context means nothing to a user.
		parts = append(parts, strings.ReplaceAll(e.Cause.Error(), context.Canceled.Error(), "interrupted"))
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Help gives the advice, or that of the CKR.
func (e *Error) Help() string {
	if e.Advice != "" {
		return e.Advice
	}
	if e.CKR != CKROK {
		return e.CKR.Advice()
	}
	if inner, ok := e.Cause.(*Error); ok {
		return inner.Help()
	}
	return ""
}

// interruption is the error of a run whose context was cancelled, with what it met in
// its way then.
func interruption(cause error) *Error {
	e := &Error{Kind: Device, Message: "interrupted", Advice: "run the same command again to go on", Cause: cause}
	if errors.Is(cause, context.Canceled) {
		e.Message = "" // the cause says so
	}
	return e
}
