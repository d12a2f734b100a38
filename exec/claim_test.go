package exec_test

import (
	"bytes"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// lists is an issuer that knows lists of more than one entry.
type lists struct{ model.Issuer }

func (i lists) ParseList(data []byte) ([]exec.ListEntry, error) {
	var out []exec.ListEntry
	for _, part := range bytes.Split(data, []byte(";")) {
		one, err := i.Issuer.ParseList(part)
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

const certificateAndList = `[Fields]
CARD=
CERT=
LIST=
BACK=

[Description]
PKCS11Library=x.dll
PIN=CARD
ApplicationList=AC

[Application_A]
WriteCertificate=true
Certificate=CERT

[Application_C]
WriteCertKeyList=true
CertKeyList=LIST
CertKeyListReturnField=BACK
CertKeyListMode=WRITE_ANY_BUT_MANDATORILY_THE_FIRST
`

// TestOneCertificateInTwoPlaces is known from the values, so no run writes before it
// says so, and none says otherwise later: the first, the next, or one on a token
// where the first of the two is there already.
func TestOneCertificateInTwoPlaces(t *testing.T) {
	for _, list := range []string{"one", "one;two", "two;one"} {
		for _, before := range []string{"three", ""} {
			b := newBench(t, certificateAndList, model.Start{})
			b.Issuer = lists{}
			give := func(list string) {
				b.Inputs = secrets(b.Plan)
				b.Inputs.Text["CERT"] = "one"
				b.Inputs.Secrets["LIST"] = secret.FromString(list)
			}
			give("three")
			if before == "three" {
				if _, err := b.apply(); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				b.journals = b.journals.next()
				b.Journals, b.module.Calls = b.journals, nil
				give(list)
				result, err := b.apply()
				refused(t, err, exec.Refused, "putlist", "applications A and C write to the default slot under one CKA_ID", "write each certificate once")
				if len(b.module.Calls) != 0 || len(b.journals.records) != 0 || result.Outputs["BACK"] != "" {
					t.Errorf("list %s, before %q: %v, %v", strings.ReplaceAll(list, ";", " and "), before, b.module.Calls, result.Outputs)
				}
			}
		}
	}
}
