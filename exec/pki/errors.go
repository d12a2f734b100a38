package pki

import (
	"fmt"

	"inscribe/exec"
)

func refused(advice, format string, args ...any) *exec.Error {
	return &exec.Error{Kind: exec.Refused, Message: fmt.Sprintf(format, args...), Advice: advice}
}
