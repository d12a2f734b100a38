package exec_test

import (
	"testing"

	"inscribe/exec/model"
)

// TestBlockedAlready: a PIN that is locked is not blocked again, and no run says that
// it wrote where it did not.
func TestBlockedAlready(t *testing.T) {
	b := newBenchOn(t, "[Description]\nPKCS11Library=x.dll\nApplicationList=A\n[Application_A]\nBlockCard=true\n", "opensc")
	b.DestroyConfirmed = true
	if result, err := b.apply(); err != nil || result.Ran != 1 || result.Kept != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	for range 2 {
		result, err := b.again()
		if err != nil || result.Ran != 0 || result.Kept != 1 || count(b.module.Calls, "C_Login") != 0 || len(b.journals.records) != 0 {
			t.Errorf("%+v, %v, %v", result, b.module.Calls, err)
		}
	}
	// Unblocked by somebody, it is blocked again.
	b.module = model.New(b.Plan.Facts(), model.Start{})
	b.Module = b.module
	if result, err := b.again(); err != nil || result.Ran != 1 {
		t.Errorf("%+v, %v", result, err)
	}
}
