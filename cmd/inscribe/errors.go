package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/go-multierror"

	"inscribe/exec"
	"inscribe/plan"
)

// exitError is an error with its exit code. A nil err was reported already.
type exitError struct {
	code int
	err  error
	help string
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }

func (e *exitError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

func refusedf(help, format string, args ...any) error {
	return &exitError{code: exitRefused, err: fmt.Errorf(format, args...), help: help}
}

// codeOf gives the exit code of an error.
func codeOf(err error) int {
	var exit *exitError
	var fromExec *exec.Error
	var binding *plan.BindingError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitDevice
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &fromExec):
		return map[exec.Kind]int{exec.Refused: exitRefused, exec.Device: exitDevice, exec.Local: exitInternal}[fromExec.Kind]
	case errors.As(err, &binding):
		return exitRefused
	case errors.Is(err, plan.ErrDescription):
		return exitFindings
	default:
		return exitInternal
	}
}

// report prints an error for a person and gives the exit code.
func (a *app) report(err error) int {
	code := codeOf(err)
	var exit *exitError
	if err == nil || errors.As(err, &exit) && exit.err == nil {
		return code
	}
	var many *multierror.Error
	if errors.As(err, &many) {
		for _, e := range many.Errors {
			fmt.Fprintf(a.stderr, "inscribe: %s\n", clean(words(e)))
		}
		return code
	}
	fmt.Fprintf(a.stderr, "inscribe: %s\n", clean(words(err)))
	help := ""
	var fromExec *exec.Error
	switch {
	case errors.As(err, &exit):
		help = exit.help
	case errors.As(err, &fromExec):
		help = fromExec.Help()
	}
	if help != "" {
		fmt.Fprintf(a.stderr, "  help: %s\n", clean(help))
	}
	return code
}

// clean keeps control characters, of a token's label say, from the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) {
			return '\ufffd'
		}
		return r
	}, s)
}
