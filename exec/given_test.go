package exec_test

import (
	"context"
	"errors"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

const givenCertificate = "[Fields]\nCARD=\nCERT=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=A\n[Application_A]\nWriteCertificate=true\nCertificate=CERT\n"

// giving runs on the tokens of a bench after what it noted, with these values.
func (b *bench) giving(values map[string]string) (*exec.Result, error) {
	b.journals = b.journals.next()
	b.Journals, b.events, b.module.Calls = b.journals, nil, nil
	b.Inputs = secrets(b.Plan)
	for name, v := range values {
		b.Inputs.Text[name] = v
		if _, secretField := b.Inputs.Secrets[name]; secretField {
			b.Inputs.Secrets[name] = secret.FromString(v)
		}
	}
	return b.apply()
}

// TestAnotherCertificateIsGiven: after a run that ended at each of its records, and
// after one that reached its end, another value is not taken for the first, and
// nothing is written beside that.
func TestAnotherCertificateIsGiven(t *testing.T) {
	list := "[Fields]\nCARD=\nCERT=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=A\n[Application_A]\nWriteCertKeyList=true\nCertKeyList=CERT\n"
	for what, text := range map[string]string{"certificate": givenCertificate, "list": list} {
		first, second := map[string]string{"CERT": "first"}, map[string]string{"CERT": "second"}
		for at, ended := 1, false; !ended; at++ {
			b := newBench(t, text, model.Start{})
			b.Issuer = lists{}
			b.journals = &journals{failAt: at}
			b.Journals = b.journals
			b.Inputs.Text["CERT"], b.Inputs.Secrets["CERT"] = "first", secret.FromString("first")
			_, err := b.apply()
			ended = err == nil
			written := len(ids(t, b.module, exec.CKOCertificate))
			for range 2 {
				_, err = b.giving(second)
				if written == 0 {
					break
				}
				refused(t, err, exec.Refused, "something else as field CERT", "--existing add")
				if len(ids(t, b.module, exec.CKOCertificate)) != 1 {
					t.Fatalf("%s, record %d: something was written", what, at)
				}
			}
			if written == 0 {
				if err != nil {
					t.Errorf("%s, record %d: %v", what, at, err)
				}
				continue
			}
			if _, err := b.giving(first); err != nil {
				t.Errorf("%s, record %d, the first value again: %v", what, at, err)
			}
			if result, err := b.giving(first); err != nil || result.Ran != 0 || result.Kept != 1 {
				t.Errorf("%s, record %d: %+v, %v", what, at, result, err)
			}
			b.AllowExisting = true
			if _, err := b.giving(second); err != nil || len(ids(t, b.module, exec.CKOCertificate)) != 2 {
				t.Errorf("%s, record %d: it is not added: %v", what, at, err)
			}
		}
	}
}

// sameHolder is an issuer whose certificates take no field.
type sameHolder struct{ remembering }

func (sameHolder) Describe(r exec.CertificateRequest) (string, error) { return r.Template, nil }

// TestAnotherLabelIsGiven: a key and a data object that an earlier run put there under
// another label are not kept as if they had the new one, nor is a second one made.
func TestAnotherLabelIsGiven(t *testing.T) {
	key := "[Fields]\nCARD=\nNAME=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=A\n[Application_A]\nECCurve=P-256\nCertTempl=auth\nKeyLabel=NAME\n"
	data := "[Fields]\nCARD=\nNAME=\nDATA=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=A\n[Application_A]\nDataObject=DATA\nLabelExpressionDataObject=!{NAME}\n"
	for text, class := range map[string]uint64{key: exec.CKOPublicKey, data: exec.CKOData} {
		b := newBench(t, text, model.Start{})
		b.Issuer = sameHolder{remembering{model.Issuer{}, map[string]exec.Certificate{}}}
		one, two := map[string]string{"NAME": "one", "DATA": "aGVsbG8="}, map[string]string{"NAME": "two", "DATA": "aGVsbG8="}
		giving := func(values map[string]string) (*exec.Result, error) {
			b.Plan = lower(t, text, values) // they are in its labels
			return b.giving(values)
		}
		if _, err := giving(one); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, err := giving(two)
			refused(t, err, exec.Refused, `with the label "one" on this token, and this run asks for the label "two"`)
			if n := count(b.module.Calls, "C_CreateObject") + count(b.module.Calls, "C_GenerateKeyPair"); n != 0 {
				t.Errorf("class %d: %d calls that make something", class, n)
			}
		}
		if result, err := giving(one); err != nil || result.Ran != 0 {
			t.Errorf("class %d: %+v, %v", class, result, err)
		}
	}
}

// TestWhatAKeyWasPutBesideStays: a run that was told to add is followed by one that was
// not. It keeps the newest key, and makes that one anew where it is gone, beside the
// same older ones; a run that is cut off in between knows them too.
func TestWhatAKeyWasPutBesideStays(t *testing.T) {
	for failAt := range 9 { // 0 is never
		b := newBench(t, oneKey, model.Start{})
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		older := ids(t, b.module, exec.CKOPublicKey)
		b.journals, b.AllowExisting = b.journals.next(), true
		b.Journals, b.Inputs, b.journals.failAt = b.journals, secrets(b.Plan), failAt
		if _, err := b.apply(); (err != nil) != (failAt > 0) {
			t.Fatal(failAt, err)
		}
		b.AllowExisting = false
		for range 2 {
			if _, err := b.again(); err != nil {
				t.Fatalf("cut off at record %d: %v", failAt, err)
			}
		}
		if n := len(ids(t, b.module, exec.CKOPublicKey)); n > 2 {
			t.Fatalf("cut off at record %d: there are %d keys", failAt, n)
		}
		// The newest goes as a whole.
		newest := ids(t, b.module, exec.CKOPublicKey)
		ctx, token := context.Background(), b.module.Token(0)
		err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}))
		for id := range newest {
			if older[id] {
				continue
			}
			for _, class := range []uint64{exec.CKOPrivateKey, exec.CKOPublicKey, exec.CKOCertificate} {
				found, findErr := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, class), exec.Bytes(exec.CKAID, []byte(id))})
				for _, o := range found {
					err = errors.Join(err, findErr, token.DestroyObject(ctx, o))
				}
			}
		}
		if err := errors.Join(err, token.CloseSession(ctx)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := b.again(); err != nil {
				t.Fatalf("cut off at record %d, and then the newest was removed: %v", failAt, err)
			}
		}
	}
}
