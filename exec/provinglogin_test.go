package exec_test

import (
	"slices"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// TestProvingLoginIsCareful: the login that proves a new PIN is a try as any other. What
// set the PIN may have been an earlier run, with another value, or a command that did not.
func TestProvingLoginIsCareful(t *testing.T) {
	for flag, says := range map[exec.TokenFlags]string{exec.FlagUserPINFinalTry: "one more wrong PIN locks the token", exec.FlagUserPINLocked: "the PIN is locked"} {
		b := newBench(t, unblock, model.Start{})
		at := newBench(t, unblock, model.Start{})
		if _, err := at.apply(); err != nil {
			t.Fatal(err)
		}
		set := slices.IndexFunc(at.journals.records, func(r exec.Record) bool { return r.Event == "done" && r.Op == "unblock" })
		if set < 0 {
			t.Fatalf("%+v", at.journals.records)
		}
		b.journals.failAt = set + 2 // the process ends once the PIN is set, and that is noted
		if _, err := b.apply(); err == nil {
			t.Fatal("the journal failed, and the run did not")
		}
		b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) { i.Flags |= flag }}
		_, err := b.again()
		refused(t, err, exec.Refused, "login", says)
		if n := count(b.module.Calls, "C_Login"); n != 0 {
			t.Errorf("it was tried: %v", b.module.Calls)
		}
		b.Module = b.module
		if _, err := b.again(); err != nil {
			t.Errorf("once the flag is gone: %v", err)
		}
	}
}

// TestProvingLoginAfterItsOwnChange: that a token took a value a moment ago does not
// count against its flags.
func TestProvingLoginAfterItsOwnChange(t *testing.T) {
	for _, spend := range []bool{false, true} {
		b := newBench(t, unblock, model.Start{})
		b.SpendFinalTry = spend
		b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) { i.Flags |= exec.FlagUserPINFinalTry }}
		_, err := b.apply()
		if spend {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		refused(t, err, exec.Device, "login", "one more wrong PIN locks the token")
	}
}
