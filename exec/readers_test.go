package exec_test

import (
	"context"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

type readers struct {
	exec.Module
	names []string
}

func (r readers) Readers(context.Context) ([]string, error) { return r.names, nil }

// TestVerifyNamesTheReader: what only looks says of an empty reader what a run says.
func TestVerifyNamesTheReader(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	_, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: exec.Options{Plan: b.Plan, Issuer: b.Issuer, Module: empty{readers{names: []string{"Lab 00"}}}}})
	refused(t, err, exec.Device, `no token is in the reader: "Lab 00"`)
}

// empty is a module without a token.
type empty struct{ readers }

func (empty) Slots(context.Context) ([]exec.Slot, error) { return nil, nil }

// TestReadersAreNamedOnce: a reader with four slots is one reader, and one without a
// name is none to show.
func TestReadersAreNamedOnce(t *testing.T) {
	for want, names := range map[string][]string{
		`no token is in the reader: "Lab 00", "Lab 01"`: {"Lab 00", "Lab 01", "Lab 00", "Lab 00", ""},
		"no token is in the reader":                     {""},
		"the module sees no reader and no token":        nil,
	} {
		err := exec.NoToken(context.Background(), readers{names: names})
		if !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q gives %v", names, err)
		}
	}
}
