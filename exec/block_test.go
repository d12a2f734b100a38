package exec_test

import (
	"context"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
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

// keyAndBlock makes a key and blocks the PIN at its end, as the published example does.
const keyAndBlock = "[Fields]\nCARD=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=AB\n[Application_A]\nKeySize=2048\nCertTempl=t\n[Application_B]\nBlockCard=true\n"

// run runs it with a PIN of a length that the card takes, and rerun does so once more.
func run(b *bench) (*exec.Result, error) {
	b.Inputs.Secrets = map[string]secret.Secret{"CARD": secret.FromString("4711")}
	return b.apply()
}

func rerun(b *bench) (*exec.Result, error) {
	b.journals = b.journals.next()
	b.Journals, b.module.Calls = b.journals, nil
	return run(b)
}

// TestBlockedByAnEarlierRun: what ends with a blocked PIN is done once, and a second run
// finds that out without the PIN. Nobody is told to unblock it.
func TestBlockedByAnEarlierRun(t *testing.T) {
	b := newBenchOn(t, keyAndBlock, "opensc")
	b.DestroyConfirmed = true
	first, err := run(b)
	if err != nil || first.Ran != 3 {
		t.Fatalf("%+v, %v", first, err)
	}
	for _, row := range []string{"", "r", "", ""} {
		b.Row = row // the run of a row leaves a journal, though it wrote nothing
		result, err := rerun(b)
		if err != nil || result.Ran != 0 || result.Kept != 3 || len(result.Objects) != 1 || count(b.module.Calls, "C_Login") != 0 {
			t.Errorf("%q: %+v, %v, %v", row, result, b.module.Calls, err)
		}
	}
	// Cut off at each record, the last of which come after the PIN was blocked.
	for at := 1; at <= 20; at++ {
		b := newBenchOn(t, keyAndBlock, "opensc")
		b.DestroyConfirmed, b.journals.failAt = true, at
		if _, err := run(b); err == nil {
			if at < 8 {
				t.Errorf("there were %d records only", at-1)
			}
			return
		}
		result, err := rerun(b)
		if err != nil || result.Ran+result.Kept != 3 {
			t.Errorf("cut off at record %d: %+v, %v", at, result, err)
		}
	}
	t.Error("it never comes to its end")
}

// TestBlockedAndGone: a certificate that is gone from a blocked card is no success.
func TestBlockedAndGone(t *testing.T) {
	b := newBenchOn(t, keyAndBlock, "opensc")
	b.DestroyConfirmed = true
	if _, err := run(b); err != nil {
		t.Fatal(err)
	}
	b.Module = withoutCertificates{b.module}
	_, err := rerun(b)
	refused(t, err, exec.Refused, "is gone", "op-05", "unblock")
}

type withoutCertificates struct{ exec.Module }

func (m withoutCertificates) Token(id exec.SlotID) exec.Token {
	return bareToken{m.Module.Token(id)}
}

type bareToken struct{ exec.Token }

func (t bareToken) FindObjects(ctx context.Context, want []exec.Attribute) ([]exec.Object, error) {
	if want[0].AsUlong() == exec.CKOCertificate {
		return nil, nil
	}
	return t.Token.FindObjects(ctx, want)
}

// TestBlockedByOthers: where no run is known, a locked PIN is no reason to unblock it.
func TestBlockedByOthers(t *testing.T) {
	b := newBenchOn(t, keyAndBlock, "opensc")
	b.DestroyConfirmed = true
	if _, err := run(b); err != nil {
		t.Fatal(err)
	}
	b.journals = &journals{}
	b.Journals = b.journals
	_, err := rerun(b)
	refused(t, err, exec.Refused, "the PIN is locked", "inscribe verify")
}
