package model_test

import (
	"context"
	"errors"
	"testing"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

var ctx = context.Background()

func value(s string) exec.Credential {
	return exec.Credential{Name: "test", Secret: secret.FromString(s)}
}

func newToken(t *testing.T, start model.Start) exec.Token {
	t.Helper()
	return model.New(profile.Lookup("softhsm"), start).Token(0)
}

// want checks the answer of a call; CKROK is success.
func want(t *testing.T, what string, err error, ckr exec.CKR) {
	t.Helper()
	got := exec.CKROK
	var e *exec.Error
	if errors.As(err, &e) {
		got = e.CKR
	} else if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got != ckr {
		t.Errorf("%s answers %s, want %s", what, got, ckr)
	}
	if e != nil && (e.Call == "" || e.Kind != exec.Device) {
		t.Errorf("%s: the error names no call, or is of kind %d: %v", what, e.Kind, err)
	}
}

// object finds out the answer of calls that give an object.
func object(_ exec.Object, err error) error { return err }

// TestStates holds the model against the rules of the PKCS#11 specification:
// what each call answers in the wrong state.
func TestStates(t *testing.T) {
	tok := newToken(t, model.Start{})
	key := func() error { _, _, err := tok.GenerateKeyPair(ctx, exec.CKMRSAKeyPairGen, nil, nil); return err }
	sign := func() error { _, err := tok.Sign(ctx, exec.CKMRSAPKCS, 1, nil, nil); return err }
	find := func() error { _, err := tok.FindObjects(ctx, nil); return err }

	want(t, "login without a session", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKRSessionHandleInvalid)
	want(t, "SetPIN without a session", tok.SetPIN(ctx, value("1"), value("2")), exec.CKRSessionHandleInvalid)
	want(t, "find without a session", find(), exec.CKRSessionHandleInvalid)
	want(t, "close without a session", tok.CloseSession(ctx), exec.CKRSessionHandleInvalid)
	want(t, "open", tok.OpenSession(ctx), exec.CKROK)
	want(t, "InitToken beside a session", tok.InitToken(ctx, value("so"), "x"), exec.CKRSessionExists)
	want(t, "key without a login", key(), exec.CKRUserNotLoggedIn)
	want(t, "sign without a login", sign(), exec.CKRUserNotLoggedIn)
	want(t, "create without a login", object(tok.CreateObject(ctx, nil)), exec.CKRUserNotLoggedIn)
	want(t, "logout without a login", tok.Logout(ctx), exec.CKRUserNotLoggedIn)
	want(t, "InitPIN without a login", tok.InitPIN(ctx, value("2")), exec.CKRUserNotLoggedIn)

	want(t, "login", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKROK)
	want(t, "login twice", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKRUserAlreadyLoggedIn)
	want(t, "SO beside the user", tok.Login(ctx, exec.SO, value("so")), exec.CKRUserAnotherAlreadyLoggedIn)
	want(t, "InitPIN as user", tok.InitPIN(ctx, value("2")), exec.CKRUserNotLoggedIn)
	want(t, "key", key(), exec.CKROK)
	want(t, "sign with a key that is not there", func() error { _, err := tok.Sign(ctx, exec.CKMRSAPKCS, 99, nil, nil); return err }(), exec.CKRKeyHandleInvalid)
	want(t, "destroy what is not there", tok.DestroyObject(ctx, 99), exec.CKRObjectHandleInvalid)
	want(t, "logout", tok.Logout(ctx), exec.CKROK)

	want(t, "another PIN than before", tok.Login(ctx, exec.NormalUser, value("other")), exec.CKRPINIncorrect)
	want(t, "SetPIN by another PIN", tok.SetPIN(ctx, value("other"), value("2")), exec.CKRPINIncorrect)
	want(t, "SetPIN", tok.SetPIN(ctx, value("1"), value("2")), exec.CKROK)
	want(t, "the old PIN", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKRPINIncorrect)
	want(t, "the new PIN", tok.Login(ctx, exec.NormalUser, value("2")), exec.CKROK)
	want(t, "logout", tok.Logout(ctx), exec.CKROK)
	want(t, "SO", tok.Login(ctx, exec.SO, value("so")), exec.CKROK)
	want(t, "key as SO", key(), exec.CKRUserNotLoggedIn)
	want(t, "SetPIN as SO", tok.SetPIN(ctx, value("so"), value("so2")), exec.CKROK)
	want(t, "InitPIN", tok.InitPIN(ctx, value("3")), exec.CKROK)
	want(t, "close, which logs out", tok.CloseSession(ctx), exec.CKROK)
	want(t, "InitToken by the old SO PIN", tok.InitToken(ctx, value("so"), "x"), exec.CKRPINIncorrect)
	want(t, "InitToken", tok.InitToken(ctx, value("so2"), "x"), exec.CKROK)
	want(t, "open", tok.OpenSession(ctx), exec.CKROK)
	want(t, "login before the first PIN", tok.Login(ctx, exec.NormalUser, value("3")), exec.CKRUserPINNotInitialized)
	if found, err := tok.FindObjects(ctx, nil); err != nil || len(found) != 0 {
		t.Errorf("InitToken left objects: %v, %v", found, err)
	}
}

func TestPrivateObjectsShowAfterLoginOnly(t *testing.T) {
	tok := newToken(t, model.Start{})
	want(t, "open", tok.OpenSession(ctx), exec.CKROK)
	want(t, "login", tok.Login(ctx, exec.NormalUser, value("1")), exec.CKROK)
	_, private, err := tok.GenerateKeyPair(ctx, exec.CKMECKeyPairGen, []exec.Attribute{exec.Text(exec.CKALabel, "k")},
		[]exec.Attribute{exec.Text(exec.CKALabel, "k"), exec.Bool(exec.CKAPrivate, true)})
	want(t, "key", err, exec.CKROK)
	find := func() int {
		found, err := tok.FindObjects(ctx, []exec.Attribute{exec.Text(exec.CKALabel, "k")})
		want(t, "find", err, exec.CKROK)
		return len(found)
	}
	if n := find(); n != 2 {
		t.Errorf("%d objects after login, want 2", n)
	}
	attrs, err := tok.Attributes(ctx, private, exec.CKALocal, exec.CKAAlwaysSensitive, exec.CKAKeyType, exec.CKAValue)
	want(t, "attributes", err, exec.CKROK)
	if !attrs[0].AsBool() || !attrs[1].AsBool() || attrs[2].AsUlong() != exec.CKKEC || attrs[3].Value != nil {
		t.Errorf("attributes %v", attrs)
	}
	want(t, "logout", tok.Logout(ctx), exec.CKROK)
	if n := find(); n != 1 {
		t.Errorf("%d objects without a login, want 1", n)
	}
	_, err = tok.Attributes(ctx, private, exec.CKALocal)
	want(t, "attributes of a hidden key", err, exec.CKRObjectHandleInvalid)
	want(t, "change a hidden key", tok.SetAttributes(ctx, private, nil), exec.CKRObjectHandleInvalid)
}

func TestStarts(t *testing.T) {
	for _, c := range []struct {
		start model.Start
		flags exec.TokenFlags
	}{
		{model.Start{}, exec.FlagTokenInitialized | exec.FlagUserPINInit},
		{model.Start{NoPIN: true}, exec.FlagTokenInitialized},
		{model.Start{Fresh: true}, 0},
	} {
		info, err := newToken(t, c.start).Info(ctx)
		if got := info.Flags & (exec.FlagTokenInitialized | exec.FlagUserPINInit); err != nil || got != c.flags {
			t.Errorf("%+v has the flags %#x (%v), want %#x", c.start, got, err, c.flags)
		}
	}
}

// TestSlotsAreApart logs in to both at once and keeps their keys apart.
func TestSlotsAreApart(t *testing.T) {
	m := model.New(profile.Lookup("softhsm"), model.Start{})
	slots, err := m.Slots(ctx)
	if err != nil || len(slots) != 2 || slots[0].Token.Serial == slots[1].Token.Serial {
		t.Fatalf("%v, %v", slots, err)
	}
	for i, s := range slots {
		tok := m.Token(s.ID)
		want(t, "open", tok.OpenSession(ctx), exec.CKROK)
		want(t, "login", tok.Login(ctx, exec.NormalUser, value(s.Description)), exec.CKROK)
		_, _, err := tok.GenerateKeyPair(ctx, exec.CKMRSAKeyPairGen, nil, nil)
		want(t, "key", err, exec.CKROK)
		found, err := tok.FindObjects(ctx, nil)
		if err != nil || len(found) != 2 {
			t.Errorf("slot %d holds %v, %v", i, found, err)
		}
	}
	for name, s := range model.Selectors() {
		if got, err := s.Choose(slots, name); err != nil || got.Description != name {
			t.Errorf("%s chooses %q: %v", name, got.Description, err)
		}
	}
}

func TestContextEndsCalls(t *testing.T) {
	done, cancel := context.WithCancel(ctx)
	cancel()
	tok := newToken(t, model.Start{})
	if err := tok.OpenSession(done); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
	if _, err := tok.Info(done); !errors.Is(err, context.Canceled) {
		t.Errorf("info: %v", err)
	}
}
