package exec_test

import (
	"context"
	"strings"
	"testing"

	"inscribe/exec"
)

type readers struct {
	exec.Module
	names []string
}

func (r readers) Readers(context.Context) ([]string, error) { return r.names, nil }

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
