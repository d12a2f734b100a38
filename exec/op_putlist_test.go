package exec_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

const listAlone = `[Fields]
CARD=
LIST=
BACK=

[Description]
PKCS11Library=x.dll
PIN=CARD
ApplicationList=C

[Application_C]
WriteCertKeyList=true
CertKeyList=LIST
CertKeyListReturnField=BACK
CertKeyListMode=WRITE_ANY_BUT_MANDATORILY_THE_FIRST
`

// TestAFullCardLeavesNoKeyWithoutItsCertificate: an entry of a list that does not fit
// leaves nothing, be the run undisturbed or cut off between the key and the certificate.
// A key that was there before the first of the runs stays.
func TestAFullCardLeavesNoKeyWithoutItsCertificate(t *testing.T) {
	entry, err := lists{}.ParseList([]byte("two"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := lists{}.KeyID(entry[0].Certificate.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cutOff, before bool
		keys           int
	}{"undisturbed": {false, false, 1}, "cut off": {true, false, 1}, "there before": {false, true, 2}, "there before and cut off": {true, true, 2}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, listAlone, model.Start{})
			b.Issuer = lists{}
			list := func() { b.Inputs.Secrets["LIST"] = secret.FromString("one;two") }
			// fails answers the write of the second certificate.
			fails := func(err error) {
				b.Module = &tap{Module: b.module, create: func(a []exec.Attribute) error {
					has := func(want exec.Attribute) bool {
						return slices.ContainsFunc(a, func(a exec.Attribute) bool { return a.Type == want.Type && bytes.Equal(a.Value, want.Value) })
					}
					if has(exec.Ulong(exec.CKAClass, exec.CKOCertificate)) && has(exec.Bytes(exec.CKAID, second)) {
						return err
					}
					return nil
				}}
			}
			next := func() (*exec.Result, error) {
				b.journals = b.journals.next()
				b.Journals, b.Inputs = b.journals, secrets(b.Plan)
				list()
				return b.apply()
			}
			list()
			if c.before {
				if _, err := b.apply(); err != nil {
					t.Fatal(err)
				}
				b.remove(t, 0, exec.CKOCertificate)
				b.journals.records = nil
			}
			if c.cutOff {
				fails(errCrash)
				if _, err := next(); err == nil {
					t.Fatal("no error")
				}
				if n := privateKeys(t, b); n != 2 {
					t.Fatalf("%d keys; the test shows nothing", n)
				}
			}
			fails(&exec.Error{Kind: exec.Device, Call: "C_CreateObject", CKR: exec.CKRDeviceMemory})
			result, err := next()
			if err != nil || result.Outputs["BACK"] != "1=written;2=not written" {
				t.Fatalf("%+v, %v", result, err)
			}
			if n := privateKeys(t, b); n != c.keys {
				t.Errorf("%d private keys, want %d", n, c.keys)
			}
		})
	}
}

// privateKeys counts those on the first token.
func privateKeys(t *testing.T, b *bench) int {
	t.Helper()
	ctx, token := context.Background(), b.module.Token(0)
	err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}))
	found, findErr := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey)})
	if err = errors.Join(err, findErr, token.CloseSession(ctx)); err != nil {
		t.Fatal(err)
	}
	return len(found)
}
