package exec_test

import (
	"testing"

	"inscribe/exec/model"
)

// TestHolderOutlivesTheValues: a run whose first record comes after ClearFields, since all
// was there, is of the same holder as the run that put it there; and what ClearFields names
// is forgotten, whatever the end.
func TestHolderOutlivesTheValues(t *testing.T) {
	b := newBench(t, "[Fields]\nCARD=\nNAME=\nDATA=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=A\nClearFields=CARD,NAME,DATA\n"+
		"[Application_A]\nDataObject=DATA\nLabelExpressionDataObject=!{NAME}\n", model.Start{})
	b.Batch, b.Row = "cards", "the first"
	for _, run := range []string{"fails", "writes", "finds it there"} {
		b.journals = b.journals.next()
		b.Journals, b.Inputs = b.journals, secrets(b.Plan)
		b.Inputs.Text["NAME"], b.Inputs.Text["DATA"] = "Ada", "aGVsbG8="
		holder := b.Inputs.Holder()
		if run == "fails" {
			b.journals.failAt = 1
		}
		result, err := b.apply()
		switch {
		case run == "fails":
			if err == nil {
				t.Error("the journal failed, and the run did not")
			}
		case err != nil || (result.Kept == 1) != (run == "finds it there"):
			t.Fatalf("the run that %s: %+v, %v", run, result, err)
		default:
			if first := b.journals.records[0]; first.Event != "run" || first.Holder != holder {
				t.Errorf("the run that %s is for another holder: %+v", run, first)
			}
		}
		if len(b.Inputs.Text) != 0 {
			t.Errorf("the run that %s left %v", run, b.Inputs.Text)
		}
	}
}
