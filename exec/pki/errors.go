package pki

import (
	"errors"
	"fmt"

	"inscribe/check/template"
	"inscribe/exec"
)

func refused(advice, format string, args ...any) *exec.Error {
	return &exec.Error{Kind: exec.Refused, Message: fmt.Sprintf(format, args...), Advice: advice}
}

// refusal makes a refusal of a fault in a template; nil stays nil.
func refusal(err error) error {
	var f *template.Fault
	if errors.As(err, &f) {
		return refused(f.Advice, "%s", f.Message)
	}
	return err
}
