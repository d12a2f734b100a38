//go:build cgo && linux

package main

import (
	"context"
	"errors"
	"slices"
	"testing"

	"inscribe/exec"
	"inscribe/exec/host"
	"inscribe/internal/secret"
	"inscribe/internal/vcard/lab"
)

// deletePrivate deletes the private key of a slot. It logs in to both slots, which
// the signature key of this card wants and pkcs11-tool cannot.
func (m *cardMachine) deletePrivate(slot string) {
	m.Helper()
	ctx, env := context.Background(), map[string]string{}
	for _, name := range []string{"OPENSC_CONF", "PCSCLITE_CSOCK_NAME"} {
		env[name] = m.env[name]
	}
	mod, err := host.Start(ctx, host.Options{Module: lab.OpenSC, Env: env})
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = mod.Close() }()
	slots, err := mod.Slots(ctx)
	if err != nil {
		m.Fatal(err)
	}
	var at exec.Token
	for name, pin := range map[string]string{"default": m.values.PIN, "signature": m.values.SignPIN} {
		i := slices.IndexFunc(slots, func(s exec.Slot) bool { return s.Token.Label == m.slot(name) })
		token := mod.Token(slots[i].ID)
		err = errors.Join(err, token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Secret: secret.FromString(pin)}))
		if name == slot {
			at = token
		}
	}
	found, findErr := at.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPrivateKey)})
	if err = errors.Join(err, findErr); err != nil || len(found) != 1 {
		m.Fatal(found, err)
	}
	if err := at.DestroyObject(ctx, found[0]); err != nil {
		m.Fatal(err)
	}
}

// TestCardDrift deletes the private key of one slot of a card. The run stops before it
// writes, and replaced, both slots hold pairs again; where it was the signature
// key, its public one shows in the other slot by then.
func TestCardDrift(t *testing.T) {
	for _, slot := range []string{"default", "signature"} {
		t.Run(slot, func(t *testing.T) {
			t.Parallel()
			m := newCard(t)
			args := slices.Concat([]string{"apply", m.file("x.dsc", keyInEachSlot), "--lab-ca"}, []string{"--field", "PIN=env:CARD_PIN", "--field", "SIGN_PIN=env:SIGN_PIN"})
			m.must(exitOK, args, "4 written, 0 kept")
			m.deletePrivate(slot)
			for range 2 {
				m.must(exitRefused, args, "is not whole any more: there are 0 private keys, 1 public key and 1 certificate")
			}
			m.must(exitOK, append(slices.Clone(args), "--existing", "replace", "--yes"))
			m.holds("default", "1234", 1, 1, 1)
			m.holds("signature", "5678", 1, 1, 1)
			m.must(exitOK, args, "nothing to do")
		})
	}
}

// TestCardDriftOfBothSlots deletes all of one slot's key and the private key of the other
// one: nothing is made anew beside what is left, not in the first slot either.
func TestCardDriftOfBothSlots(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	args := []string{"apply", m.file("x.dsc", keyInEachSlot), "--lab-ca", "--field", "PIN=env:CARD_PIN", "--field", "SIGN_PIN=env:SIGN_PIN"}
	m.must(exitOK, args, "4 written, 0 kept")
	id := m.holds("default", "1234", 1, 1, 1)[0].id
	m.deletePrivate("default")
	for _, kind := range []string{"pubkey", "cert"} {
		if out, err := m.tool("pkcs11-tool", "--module", lab.OpenSC, "--token-label", m.slot("default"), "--login", "--pin", "1234", "--delete-object", "--type", kind, "--id", id); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	m.holds("default", "1234", 0, 0, 0)
	m.deletePrivate("signature")
	for range 2 {
		m.must(exitRefused, args, `the key "sig"`, "is not whole any more: there are 0 private keys, 1 public key and 1 certificate")
	}
	if left := m.objects("default", "1234"); slices.ContainsFunc(left, func(o object) bool { return o.label == "auth" }) {
		t.Errorf("a key was made beside: %v", left)
	}
	m.must(exitOK, append(slices.Clone(args), "--existing", "replace", "--yes"))
	m.holds("default", "1234", 1, 1, 1)
	m.holds("signature", "5678", 1, 1, 1)
	m.must(exitOK, args, "nothing to do")
}

// TestCardBlocksOnce blocks a PIN twice: the second run says that it was there.
func TestCardBlocksOnce(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	args := []string{"apply", m.file("block.dsc", "[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\n[Application_A]\nBlockCard=true\n"), "--yes"}
	m.must(exitOK, args, "1 written, 0 kept")
	m.tries(lab.UserPIN, 0, 10)
	m.must(exitOK, args, "nothing to do", "skipped: an earlier run did all and blocked the PIN")
	m.tries(lab.UserPIN, 0, 10)
}
