package exec

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Readers is a module that also tells of the slots without a token.
type Readers interface {
	// Readers names the slots, with a token or without (C_GetSlotList,
	// C_GetSlotInfo).
	Readers(ctx context.Context) ([]string, error)
}

// NoToken says what is missing where a module has no token at all: the card, or
// the reader, or the service that the module asks for readers.
func NoToken(ctx context.Context, m Module) error {
	e := &Error{Kind: Device, Call: "C_GetSlotList", Message: "there is no token at all", Advice: "insert the token"}
	if looks, only := m.(readOnly); only {
		m = looks.Module
	}
	all, ok := m.(Readers)
	if !ok {
		return e
	}
	readers, err := all.Readers(ctx)
	switch {
	case err != nil:
		return err
	case len(readers) == 0:
		e.Message = "the module sees no reader and no token"
		e.Advice = "connect the reader, and see that the service runs that the module asks for it: pcscd for most cards"
	default:
		var quoted []string
		// A reader shows a slot for each PIN of a card, and may forget its name with
		// the card.
		for _, name := range slices.Compact(slices.Sorted(slices.Values(readers))) {
			if name != "" {
				quoted = append(quoted, fmt.Sprintf("%q", name))
			}
		}
		e.Message = strings.TrimSuffix("no token is in the reader: "+strings.Join(quoted, ", "), ": ")
		e.Advice = "insert the card, with the chip to the front, and run the same command again"
	}
	return e
}
