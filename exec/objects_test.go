package exec_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// TestObjectsOfTheRecords: the records of a run tell of the same keys and certificates
// as its result, also of one that mended a part and kept the rest, and of one that was
// cut off; the entries of a list are among them, each by itself.
func TestObjectsOfTheRecords(t *testing.T) {
	told := func(b *bench, result *exec.Result, err error, want int) {
		t.Helper()
		if err != nil || len(result.Objects) != want {
			t.Fatalf("%+v, %v, want %d objects", result.Objects, err, want)
		}
		// The model's issuer calls a certificate that it reads back by another name.
		left := exec.Objects(b.journals.records)
		for _, o := range slices.Concat(result.Objects, left) {
			o.Certificate.Subject = "the same"
		}
		if diff := cmp.Diff(result.Objects, left); diff != "" {
			t.Error(diff)
		}
	}
	b := newBench(t, bothSlots, model.Start{})
	result, err := b.apply()
	told(b, result, err, 2)
	b.remove(t, 1, exec.CKOPrivateKey, exec.CKOPublicKey, exec.CKOCertificate)
	result, err = b.again()
	told(b, result, err, 2)

	b = newBench(t, bothSlots, model.Start{})
	b.journals.failAt = 9
	if _, err := b.apply(); err == nil {
		t.Fatal("the journal failed, and the run did not")
	}
	result, err = b.again()
	told(b, result, err, 2)

	b = newBench(t, certificateAndList, model.Start{})
	b.Issuer = lists{}
	b.Inputs.Text["CERT"], b.Inputs.Secrets["LIST"] = "three", secret.FromString("one;two")
	result, err = b.apply()
	told(b, result, err, 3)
}

// TestObjectsOfAFailedRun: what the token took nothing of is not in the result.
func TestObjectsOfAFailedRun(t *testing.T) {
	full := map[string]error{"C_CreateObject": &exec.Error{Kind: exec.Device, Call: "C_CreateObject", CKR: exec.CKRDeviceMemory}}
	b := newBench(t, oneKey, model.Start{})
	b.Module = &tap{Module: b.module, fail: full}
	result, err := b.apply()
	refused(t, err, exec.Device, "putcert", "CKR_DEVICE_MEMORY")
	if len(result.Objects) != 1 || result.Objects[0].ID == "" || result.Objects[0].Certificate != nil {
		t.Errorf("want the key alone: %+v", result.Objects)
	}
	b.Module = b.module
	if result, err = b.again(); err != nil || len(result.Objects) != 1 || result.Objects[0].Certificate == nil {
		t.Errorf("after the next run: %+v, %v", result.Objects, err)
	}

	b = newBench(t, certificateAndList, model.Start{})
	b.Issuer = lists{}
	b.Inputs.Text["CERT"], b.Inputs.Secrets["LIST"] = "three", secret.FromString("one;two")
	b.Module = &tap{Module: b.module, fail: full}
	if result, err = b.apply(); err == nil || len(result.Objects) != 0 {
		t.Errorf("given: %+v, %v", result.Objects, err)
	}
}
