package exec_test

import (
	"context"
	"errors"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// blind is a module that fails to find the private keys of a CKA_ID.
type blind struct{ exec.Module }

func (m blind) Token(id exec.SlotID) exec.Token { return blindToken{m.Module.Token(id)} }

type blindToken struct{ exec.Token }

func (t blindToken) FindObjects(ctx context.Context, a []exec.Attribute) ([]exec.Object, error) {
	if len(a) == 2 && a[0].Type == exec.CKAClass && a[0].AsUlong() == exec.CKOPrivateKey && a[1].Type == exec.CKAID {
		return nil, &exec.Error{Kind: exec.Device, Call: "C_FindObjects", CKR: exec.CKRGeneralError}
	}
	return t.Token.FindObjects(ctx, a)
}

// TestEveryFailureOfAnOpIsTold: of each op that a run fails at there is one event that says
// why, and a record where the run has a journal, be it before the call, in it or after it.
func TestEveryFailureOfAnOpIsTold(t *testing.T) {
	told := func(t *testing.T, b *bench, err error) {
		t.Helper()
		var e *exec.Error
		if !errors.As(err, &e) || e.Op == "" {
			t.Fatalf("no failure of an op: %v", err)
		}
		if failed := b.ids(exec.Failed); len(failed) != 1 || failed[0] != e.Op {
			t.Errorf("told of %v, want %s", failed, e.Op)
		}
		if last := b.events[len(b.events)-1]; last.State != exec.Failed || last.Detail != err.Error() {
			t.Errorf("the last event is %+v", last)
		}
	}
	noted := func(t *testing.T, b *bench, err error) {
		t.Helper()
		last := b.journals.records[len(b.journals.records)-1]
		if last.Event != "failed" || last.Message != err.Error() {
			t.Errorf("the last record is %+v", last)
		}
	}
	for at := 1; at <= 15; at++ { // the 16th is that of the end
		b := newBench(t, bothSlots, model.Start{})
		b.journals.failAt = at
		_, err := b.apply()
		told(t, b, err)
	}
	for at := 1; ; at++ {
		b := newBench(t, newPUK, model.Start{})
		b.journals.lastSync = at
		_, err := b.apply()
		if err == nil {
			break
		}
		told(t, b, err)
	}

	// In the search for what an earlier run wrote.
	b := newBench(t, bothSlots, model.Start{})
	b.journals.failAt = 7
	if _, err := b.apply(); err == nil {
		t.Fatal("not cut off")
	}
	b.Module = blind{b.module}
	_, err := b.again()
	told(t, b, err)
	noted(t, b, err)
	b.Module = b.module
	if _, err := b.again(); err != nil {
		t.Error(err)
	}

	// Before the first write, in a look at what a later op has to keep.
	b = newBench(t, bothSlots, model.Start{})
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	for _, class := range []uint64{exec.CKOPrivateKey, exec.CKOPublicKey, exec.CKOCertificate} {
		b.remove(t, 0, class)
	}
	b.remove(t, 1, exec.CKOPrivateKey)
	_, err = b.again()
	told(t, b, err)
	if e := refused(t, err, exec.Refused, "is not whole any more"); e.Op != "op-08 genkey" || len(b.journals.records) != 0 {
		t.Errorf("failed at %s, %+v", e.Op, b.journals.records)
	}
}
