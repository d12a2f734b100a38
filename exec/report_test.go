package exec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/exec"
	"inscribe/exec/model"
)

// TestWhatWasKeptIsInTheResult: a run that goes on, and one that finds everything
// done, tell of the same keys and certificates as the run that does all of it.
func TestWhatWasKeptIsInTheResult(t *testing.T) {
	given := "[Fields]\nCARD=\nCERT=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=A\n[Application_A]\nWriteCertificate=true\nCertificate=CERT\n"
	for _, text := range []string{bothSlots, given} {
		issuer := remembering{model.Issuer{}, map[string]exec.Certificate{}}
		run := func(b *bench, again bool) (*exec.Result, error) {
			if again {
				b.journals = b.journals.next()
				b.Journals = b.journals
				b.Inputs = secrets(b.Plan)
			}
			b.Issuer = issuer
			b.Inputs.Text["CERT"] = "a certificate"
			return b.apply()
		}
		whole, err := run(newBench(t, text, model.Start{}), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range whole.Objects {
			if o.Certificate == nil {
				t.Fatalf("%+v", o)
			}
		}
		for at := 1; ; at++ {
			b := newBench(t, text, model.Start{})
			b.journals.failAt = at
			_, err := run(b, false)
			for _, what := range []string{"goes on", "finds all of it"} {
				result, err := run(b, true)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(whole.Objects, result.Objects); diff != "" {
					t.Errorf("ended at record %d, the run that %s:\n%s", at, what, diff)
				}
			}
			if err == nil {
				break
			}
		}
	}
}
