package exec_test

import (
	"errors"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// closing is a journal that cannot be closed.
type closing struct {
	*journals
	err error
}

func (c closing) Close() error { return c.err }

func (c closing) Open(map[string]exec.Identity, exec.Work, bool) (exec.Journal, []exec.Record, bool, error) {
	return c, nil, false, nil
}

// TestJournalThatCannotBeClosed: what fails then is told, beside the reason of a run that
// failed, which stays what the advice is about.
func TestJournalThatCannotBeClosed(t *testing.T) {
	told := &exec.Error{Kind: exec.Local, Message: "an earlier run is not taken back", Advice: "rename its journal"}
	b := newBench(t, oneKey, model.Start{})
	b.Journals = closing{b.journals, told}
	_, err := b.apply()
	refused(t, err, exec.Local, "not taken back", "rename its journal")

	b = newBench(t, oneKey, model.Start{})
	b.journals.failAt = 2
	b.Journals = closing{b.journals, told}
	_, err = b.apply()
	e := refused(t, err, exec.Local, "the lights went out", "not taken back")
	if !errors.Is(err, errCrash) || !errors.Is(err, told) || !strings.Contains(e.Op, "genkey") {
		t.Errorf("an error is lost: %v", err)
	}
}
