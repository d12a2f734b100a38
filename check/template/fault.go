package template

import (
	"fmt"
	"strings"
)

// Fault is what is wrong with a part of a template.
type Fault struct {
	Message string
	// Advice is what to do; it may be empty.
	Advice string
}

// Error gives the message and the advice.
func (f *Fault) Error() string {
	switch {
	case f.Advice == "":
		return f.Message
	case strings.HasSuffix(f.Message, "?"):
		return f.Message + " (" + f.Advice + ")"
	}
	return f.Message + "; " + f.Advice
}

func fault(advice, format string, args ...any) *Fault {
	return &Fault{Message: fmt.Sprintf(format, args...), Advice: advice}
}
