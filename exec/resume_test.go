package exec_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// TestResumeAfterEachRecord ends a run at each write to the journal, as a crash
// would, and runs again: the tokens must then hold what an undisturbed run puts
// there, and no call that makes something is made twice.
func TestResumeAfterEachRecord(t *testing.T) {
	const writes = 16
	for at := 1; at <= writes; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			b := newBench(t, bothSlots, model.Start{})
			b.journals.failAt = at
			if _, err := b.apply(); err == nil {
				t.Fatal("the journal failed, and the run did not")
			}
			made := count(b.module.Calls, "C_GenerateKeyPair") + count(b.module.Calls, "C_CreateObject")
			result, err := b.again()
			if err != nil {
				t.Fatal(err)
			}
			made += count(b.module.Calls, "C_GenerateKeyPair") + count(b.module.Calls, "C_CreateObject")
			if made != 4 {
				t.Errorf("%d keys and certificates were made, want 4", made)
			}
			if len(result.Objects) != 2 || result.Objects[0].ID == "" || result.Objects[1].ID == "" {
				t.Errorf("result %+v", result.Objects)
			}
			// Nothing is left to do, however often it is asked for.
			for range 3 {
				result, err = b.again()
				if err != nil || result.Ran != 0 || result.Kept != 4 {
					t.Fatalf("after the end: %+v, %v", result, err)
				}
			}
		})
	}
}

// TestPowerCut loses, at each wait for the disk, what was not on it yet. No key and no
// certificate is made twice.
func TestPowerCut(t *testing.T) {
	cuts := 0
	for at := 1; ; at++ {
		b := newBench(t, bothSlots, model.Start{})
		b.journals.lastSync = at
		_, err := b.apply()
		if err == nil {
			break
		}
		cuts++
		made := count(b.module.Calls, "C_GenerateKeyPair") + count(b.module.Calls, "C_CreateObject")
		if _, err := b.again(); err != nil {
			t.Fatalf("after the cut at wait %d: %v", at, err)
		}
		made += count(b.module.Calls, "C_GenerateKeyPair") + count(b.module.Calls, "C_CreateObject")
		if made != 4 {
			t.Errorf("cut at wait %d: %d keys and certificates were made, want 4", at, made)
		}
	}
	// Two keys, two requests, two certificates; the wait at the end is the journal's.
	if cuts < 6 {
		t.Errorf("%d cuts; the test shows nothing", cuts)
	}
}

// TestPowerCutInAChangeOfAPUK has the change on the disk before anything else is
// done, so that what nobody can know is at its own start alone.
func TestPowerCutInAChangeOfAPUK(t *testing.T) {
	unknown := 0
	for at := 1; ; at++ {
		b := newBench(t, newPUK, model.Start{})
		b.journals.lastSync = at
		if _, err := b.apply(); err == nil {
			break
		}
		changed := count(b.module.Calls, "C_SetPIN") > 0
		_, err := b.again()
		if changed && err != nil && strings.Contains(err.Error(), "which one holds is not known") {
			unknown++
		} else if err != nil {
			t.Errorf("cut at wait %d: %v", at, err)
		}
	}
	if unknown != 1 {
		t.Errorf("%d cuts leave the PUK unknown, want the one between the call and its record", unknown)
	}
}

func count(calls []string, name string) int {
	n := 0
	for _, c := range calls {
		if strings.HasSuffix(c, " "+name) {
			n++
		}
	}
	return n
}

// TestNothingToDoLeavesNoJournal: a run that finds everything there writes no
// record, so that the run which did the work stays the one to be found.
func TestNothingToDoLeavesNoJournal(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		result, err := b.again()
		if err != nil || result.Kept != 2 || result.Ran != 0 || len(b.journals.records) != 0 {
			t.Errorf("%+v, %v, %v", result, b.journals.records, err)
		}
	}
}

// TestAWrongPINLeavesNoJournal: nothing was begun, so nothing has to be finished
// before another plan may run.
func TestAWrongPINLeavesNoJournal(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	b.journals = &journals{finished: true}
	b.Journals = b.journals
	b.Inputs.Secrets["PIN"] = secret.FromString("not it")
	if _, err := b.apply(); err == nil || len(b.journals.records) != 0 {
		t.Errorf("%v, %v", err, b.journals.records)
	}
}

func TestAKeyOfTheSameLabelInterrupted(t *testing.T) {
	two := strings.Replace(oneKey, "ApplicationList=A", "ApplicationList=AB", 1) + "\n[Application_B]\nKeySize=2048\nCertTempl=auth\n"
	b := newBench(t, two, model.Start{})
	b.journals.failAt = 11 // "done" of the second key
	if _, err := b.apply(); err == nil {
		t.Fatal("the journal failed, and the run did not")
	}
	if n := count(b.module.Calls, "C_GenerateKeyPair"); n != 2 {
		t.Fatalf("%d keys", n)
	}
	if _, err := b.again(); err != nil {
		t.Fatal(err)
	}
	if n := count(b.module.Calls, "C_GenerateKeyPair"); n != 0 {
		t.Errorf("%d keys more", n)
	}
}

// cutOff ends a run when the record "done" of the first op of the kind is written.
func cutOff(t *testing.T, text string, start model.Start, kind string) *bench {
	t.Helper()
	probe := newBench(t, text, start)
	if _, err := probe.apply(); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, text, start)
	b.journals.failAt = 1 + slices.IndexFunc(probe.journals.records, func(r exec.Record) bool { return r.Event == "done" && r.Op == kind })
	if _, err := b.apply(); err == nil {
		t.Fatal("the journal failed, and the run did not")
	}
	return b
}

// TestCutOffChangeOfAPUK stops before anything is tried: only a person can find
// out which value holds.
func TestCutOffChangeOfAPUK(t *testing.T) {
	b := cutOff(t, newPUK, model.Start{}, "setpuk")
	_, err := b.again()
	refused(t, err, exec.Refused, "setpuk", "which one holds is not known", "--abandon")
	if n := count(b.module.Calls, "C_Login") + count(b.module.Calls, "C_SetPIN"); n != 0 {
		t.Errorf("the token was asked: %v", b.module.Calls)
	}
}

// TestCutOffChangeOfAPIN finds out by one login which PIN holds, the new one first.
func TestCutOffChangeOfAPIN(t *testing.T) {
	old := model.Start{User: secret.FromString("old-4711")}
	t.Run("made", func(t *testing.T) {
		b := cutOff(t, changePIN, old, "setpin")
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
		if n := count(b.module.Calls, "C_SetPIN"); n != 0 {
			t.Errorf("it was changed again: %v", b.module.Calls)
		}
	})
	t.Run("not made", func(t *testing.T) {
		b := newBench(t, changePIN, old)
		b.Module = &tap{Module: b.module, fail: map[string]error{"C_SetPIN": &exec.Error{Kind: exec.Device, Call: "C_SetPIN", CKR: exec.CKRDeviceError}}}
		if _, err := b.apply(); err == nil {
			t.Fatal("no error")
		}
		b.Module = b.module
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
		// One wrong try, the change, and the login that proves it.
		if logins, changes := count(b.module.Calls, "C_Login"), count(b.module.Calls, "C_SetPIN"); logins != 2 || changes != 1 {
			t.Errorf("%v", b.module.Calls)
		}
	})
	t.Run("not made, and the next try is the last", func(t *testing.T) {
		b := newBench(t, changePIN, old)
		b.Module = &tap{Module: b.module, fail: map[string]error{"C_SetPIN": &exec.Error{Kind: exec.Device, Call: "C_SetPIN", CKR: exec.CKRDeviceError}}}
		if _, err := b.apply(); err == nil {
			t.Fatal("no error")
		}
		b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) {
			if count(b.module.Calls, "C_Login") > 0 {
				i.Flags |= exec.FlagUserPINFinalTry
			}
		}}
		_, err := b.again()
		refused(t, err, exec.Device, "the new PIN is wrong, so the old one should hold", "--spend-final-try")
		if n := count(b.module.Calls, "C_SetPIN"); n != 0 {
			t.Errorf("the last try was spent: %v", b.module.Calls)
		}
	})
}

// TestFailedChangeOfAPINIsKnown goes on after a change that the token refused:
// the old value still holds, and a second try is no guess.
func TestFailedChangeOfAPINIsKnown(t *testing.T) {
	for _, ckr := range []exec.CKR{exec.CKRPINIncorrect, exec.CKRPINLenRange, exec.CKRPINInvalid} {
		b := newBench(t, changePIN, model.Start{})
		b.Module = &tap{Module: b.module, fail: map[string]error{"C_SetPIN": &exec.Error{Kind: exec.Device, Call: "C_SetPIN", CKR: ckr}}}
		if _, err := b.apply(); err == nil {
			t.Fatal("no error")
		}
		b.Module = b.module
		if _, err := b.again(); err != nil {
			t.Errorf("after %s: %v", ckr, err)
		}
	}
}

// TestResumeAfterEachRecordOfPINs is the same for PINs and PUKs: done ones are
// not set again.
func TestResumeAfterEachRecordOfPINs(t *testing.T) {
	for at := 1; at <= 10; at++ {
		b := newBench(t, newPUK, model.Start{})
		b.journals.failAt = at
		_, err := b.apply()
		if at > 6 {
			if err != nil {
				t.Fatalf("there are six records: %v", err)
			}
			continue
		}
		if err == nil {
			t.Fatal("the journal failed, and the run did not")
		}
		_, err = b.again()
		if at == 5 { // the change was made and not noted
			refused(t, err, exec.Refused, "which one holds is not known")
			continue
		}
		if err != nil {
			t.Errorf("ended at record %d: %v", at, err)
		}
	}
}

// halfPair is a token whose process ends between the two objects of a key pair.
type halfPair struct{ exec.Token }

func (h halfPair) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	_, half, err := h.Token.GenerateKeyPair(ctx, m, public, private)
	if err == nil {
		err = h.DestroyObject(ctx, half)
	}
	if err == nil {
		err = errCrash
	}
	return 0, 0, err
}

type halfModule struct{ exec.Module }

func (h halfModule) Token(id exec.SlotID) exec.Token { return halfPair{h.Module.Token(id)} }

// TestHalfAKeyPairDoesNotStay ends a generation after the public key and before
// the private one, which no module makes at once.
func TestHalfAKeyPairDoesNotStay(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	b.Module = halfModule{b.module}
	if _, err := b.apply(); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	b.Module = b.module
	if _, err := b.again(); err != nil {
		t.Fatal(err)
	}
	if made, gone := count(b.module.Calls, "C_GenerateKeyPair"), count(b.module.Calls, "C_DestroyObject"); made != 1 || gone != 1 {
		t.Errorf("%d key pairs made and %d halves removed, want one each", made, gone)
	}
}
