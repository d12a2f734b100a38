package exec_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// remove takes the objects of the classes from a slot, as another program would.
func (b *bench) remove(t *testing.T, slot exec.SlotID, classes ...uint64) {
	t.Helper()
	ctx, token := context.Background(), b.module.Token(slot)
	pin := secrets(b.Plan).Secrets[map[exec.SlotID]string{0: "CARD", 1: "SIGN"}[slot]]
	err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "PIN", Secret: pin}))
	for _, class := range classes {
		found, findErr := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, class)})
		err = errors.Join(err, findErr)
		if len(found) == 0 {
			t.Fatalf("there is nothing of class %d to remove", class)
		}
		for _, o := range found {
			err = errors.Join(err, token.DestroyObject(ctx, o))
		}
	}
	if err = errors.Join(err, token.CloseSession(ctx)); err != nil {
		t.Fatal(err)
	}
}

// TestDriftOfAKey removes each part of what a run put there, and some of them, and
// runs again. Without the certificate, or without all of it, the run mends it; of a
// key that is no pair any more nothing is made beside what is left.
func TestDriftOfAKey(t *testing.T) {
	const private, public, certificate = exec.CKOPrivateKey, exec.CKOPublicKey, exec.CKOCertificate
	for _, c := range []struct {
		what  string
		gone  []uint64
		left  string // "" where the run mends it
		makes int    // key pairs
	}{
		{"the certificate", []uint64{certificate}, "", 0},
		{"all of it", []uint64{private, public, certificate}, "", 1},
		{"the private key", []uint64{private}, "0 private keys, 1 public key and 1 certificate", 0},
		{"the public key", []uint64{public}, "1 private key, 0 public keys and 1 certificate", 0},
		{"both keys", []uint64{private, public}, "0 private keys, 0 public keys and 1 certificate", 0},
		{"all but the public key", []uint64{private, certificate}, "0 private keys, 1 public key and 0 certificates", 0},
		{"all but the private key", []uint64{public, certificate}, "1 private key, 0 public keys and 0 certificates", 0},
	} {
		for slot, application := range map[exec.SlotID]string{0: "A", 1: "B"} {
			t.Run(c.what+" of "+application, func(t *testing.T) {
				b := newBench(t, bothSlots, model.Start{})
				if _, err := b.apply(); err != nil {
					t.Fatal(err)
				}
				b.remove(t, slot, c.gone...)
				for range 2 { // the same verdict each time
					result, err := b.again()
					made, written := count(b.module.Calls, "C_GenerateKeyPair"), count(b.module.Calls, "C_CreateObject")
					if c.left != "" {
						refused(t, err, exec.Refused, "genkey", "is not whole any more: there are "+c.left, "--existing replace")
						if made+written+len(b.journals.records) != 0 {
							t.Fatalf("something was written: %v", b.module.Calls)
						}
						continue
					}
					if err != nil || made != c.makes || written != 1 || len(result.Objects) != 2 || result.Objects[slot].Certificate == nil {
						t.Fatalf("%v; %d keys and %d certificates made, want %d and 1; %+v", err, made, written, c.makes, result.Objects)
					}
					break
				}
				if c.left == "" {
					if result, err := b.again(); err != nil || result.Ran != 0 || result.Kept != 4 {
						t.Errorf("it is not mended: %+v, %v", result, err)
					}
				}
			})
		}
	}
}

// TestDriftIsRefusedBeforeTheFirstWrite: of two keys in a slot the first is gone and
// would be made anew, and of the second half is left.
func TestDriftIsRefusedBeforeTheFirstWrite(t *testing.T) {
	b := newBench(t, strings.Replace(oneKey, "ApplicationList=A\n", "ApplicationList=AB\n", 1)+"[Application_B]\nECCurve=P-256\nCertTempl=second\n", model.Start{})
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	ctx, token := context.Background(), b.module.Token(0)
	err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}))
	for label, class := range map[string]uint64{"auth": exec.CKOCertificate, "second": exec.CKOPrivateKey} {
		found, findErr := token.FindObjects(ctx, []exec.Attribute{exec.Text(exec.CKALabel, label), exec.Ulong(exec.CKAClass, class)})
		if len(found) != 1 {
			t.Fatal(found)
		}
		err = errors.Join(err, findErr, token.DestroyObject(ctx, found[0]))
	}
	if err = errors.Join(err, token.CloseSession(ctx)); err != nil {
		t.Fatal(err)
	}
	_, err = b.again()
	refused(t, err, exec.Refused, "op-06 genkey", `the key "second"`, "0 private keys, 1 public key and 1 certificate")
	if n := count(b.module.Calls, "C_CreateObject"); n != 0 {
		t.Errorf("%d certificates were written before", n)
	}
}

// TestDriftOfTheOtherSlot: the key of one slot is gone and would be made anew, and of
// that in the other slot half is left. The other slot is opened to see that, once.
func TestDriftOfTheOtherSlot(t *testing.T) {
	const private, public, certificate = exec.CKOPrivateKey, exec.CKOPublicKey, exec.CKOCertificate
	for _, gone := range []uint64{private, public} {
		b := newBench(t, bothSlots, model.Start{})
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		b.remove(t, 0, private, public, certificate)
		b.remove(t, 1, gone)
		for range 2 {
			_, err := b.again()
			refused(t, err, exec.Refused, "genkey", `the key "sig"`, "is not whole any more")
			if made, written := count(b.module.Calls, "C_GenerateKeyPair"), count(b.module.Calls, "C_CreateObject"); made+written+len(b.journals.records) != 0 {
				t.Fatalf("something was written before: %v", b.module.Calls)
			}
		}
		b.AllowExisting = true
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
	}
	// A second key that is whole is no reason to stop, and its PIN is shown once.
	b := newBench(t, bothSlots, model.Start{})
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	b.remove(t, 0, private, public, certificate)
	b.events = nil
	result, err := b.again()
	if err != nil || result.Ran != 2 || result.Kept != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	logins := map[string]int{}
	for _, e := range b.events {
		if e.Op == "login" && e.State == exec.Done {
			logins[e.ID+" "+e.Slot]++
		}
	}
	if len(logins) != 2 || logins["op-02 default"] != 1 || logins["op-07 signature"] != 1 {
		t.Errorf("logins: %v", logins)
	}
}

// TestDriftBesideAnInterruption: after each record that a run ends at, the private
// key goes. The next run makes nothing without a certificate of its own.
func TestDriftBesideAnInterruption(t *testing.T) {
	for at := 3; at <= 8; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			b := newBench(t, oneKey, model.Start{})
			b.journals.failAt = at
			if _, err := b.apply(); err == nil {
				t.Fatal("the journal failed, and the run did not")
			}
			b.remove(t, 0, exec.CKOPrivateKey)
			_, err := b.again()
			if at > 4 { // the key was noted
				refused(t, err, exec.Refused, "is not whole any more")
				b.AllowExisting = true
				_, err = b.again()
			}
			if err != nil {
				t.Fatal(err)
			}
			privates, certificates := ids(t, b.module, exec.CKOPrivateKey), ids(t, b.module, exec.CKOCertificate)
			for id := range privates {
				if !certificates[id] {
					t.Errorf("a key has no certificate: %x", id)
				}
			}
		})
	}
}

// TestReplaceAfterDriftBesideAnInterruption: in a run that goes on, what it noted of a
// key that is broken since is not its own any more, and goes with what is replaced.
func TestReplaceAfterDriftBesideAnInterruption(t *testing.T) {
	for at := 8; at <= 14; at++ {
		b := replacing(t)
		b.AllowExisting = false
		b.journals.failAt = at
		if _, err := b.apply(); err == nil {
			t.Fatal("the journal failed, and the run did not")
		}
		b.remove(t, 0, exec.CKOPrivateKey)
		_, err := b.again()
		refused(t, err, exec.Refused, "is not whole any more")
		b.AllowExisting = true
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
		keys := slices.Sorted(maps.Keys(ids(t, b.module, exec.CKOPublicKey)))
		if certs := slices.Sorted(maps.Keys(ids(t, b.module, exec.CKOCertificate))); len(keys) != 2 || !slices.Equal(keys, certs) {
			t.Errorf("record %d: public keys %x, certificates %x", at, keys, certs)
		}
	}
}

// TestAnotherCertificateBesideTheKey: somebody wrote another certificate for the key in
// place of the first. That is not put back beside it.
func TestAnotherCertificateBesideTheKey(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	b.remove(t, 0, exec.CKOCertificate)
	ctx, token := context.Background(), b.module.Token(0)
	key := slices.Collect(maps.Keys(ids(t, b.module, exec.CKOPublicKey)))[0]
	err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}))
	other, createErr := token.CreateObject(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOCertificate), exec.Text(exec.CKALabel, "auth"), exec.Bytes(exec.CKAID, []byte(key)), exec.Bytes(exec.CKAValue, []byte("another"))})
	if err = errors.Join(err, createErr, token.CloseSession(ctx)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := b.again()
		refused(t, err, exec.Refused, "has another certificate than was written for it", "--existing replace")
		if n := count(b.module.Calls, "C_CreateObject"); n != 0 {
			t.Error("one was put beside it")
		}
	}
	err = errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}), token.DestroyObject(ctx, other), token.CloseSession(ctx))
	if err != nil {
		t.Fatal(err)
	}
	if result, err := b.again(); err != nil || result.Ran != 1 || result.Kept != 1 {
		t.Errorf("the first is not put back: %+v, %v", result, err)
	}
}

// TestTwoCertificatesOfAKey: somebody wrote another certificate beside the first, or that
// one a second time. A run says so as a verification does, and goes on without it.
func TestTwoCertificatesOfAKey(t *testing.T) {
	for _, again := range []bool{false, true} {
		b := newBench(t, oneKey, model.Start{})
		b.Issuer = remembering{model.Issuer{}, map[string]exec.Certificate{}}
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		ctx, token := context.Background(), b.module.Token(0)
		session := func(do func() error) {
			t.Helper()
			pin := exec.Credential{Name: "PIN", Secret: secrets(b.Plan).Secrets["CARD"]}
			if err := errors.Join(token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, pin), do(), token.CloseSession(ctx)); err != nil {
				t.Fatal(err)
			}
		}
		var other exec.Object
		session(func() error {
			found, err := token.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOCertificate)})
			if err != nil {
				return err
			}
			attributes, err := token.Attributes(ctx, found[0], exec.CKAClass, exec.CKALabel, exec.CKAID, exec.CKAValue)
			if err != nil {
				return err
			}
			if !again {
				attributes[3].Value = []byte("another")
			}
			other, err = token.CreateObject(ctx, attributes)
			return err
		})
		_, err := b.again()
		refused(t, err, exec.Refused, "op-03 genkey", "has 2 certificates of its CKA_ID", "remove the others")
		session(func() error { return token.DestroyObject(ctx, other) })
		if result, err := b.again(); err != nil || result.Ran != 0 {
			t.Errorf("%+v, %v", result, err)
		}
	}
}

// TestReplaceAfterDrift is the way out that the refusal names.
func TestReplaceAfterDrift(t *testing.T) {
	for _, class := range []uint64{exec.CKOPrivateKey, exec.CKOPublicKey} {
		b := replacing(t)
		b.AllowExisting = false
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		b.remove(t, 0, class)
		b.AllowExisting = true
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
		keys := slices.Sorted(maps.Keys(ids(t, b.module, exec.CKOPublicKey)))
		if certs := slices.Sorted(maps.Keys(ids(t, b.module, exec.CKOCertificate))); len(keys) != 2 || !slices.Equal(keys, certs) {
			t.Errorf("public keys %x, certificates %x", keys, certs)
		}
	}
}
