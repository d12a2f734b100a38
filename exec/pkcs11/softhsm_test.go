//go:build cgo && unix

package pkcs11_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/host"
)

const softhsm = "/usr/lib/softhsm/libsofthsm2.so"

func startSoftHSM(t testing.TB) *host.Module {
	t.Helper()
	if _, err := os.Stat(softhsm); err != nil {
		t.Fatalf("SoftHSM2 is missing (run \"make setup\"): %v", err)
	}
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "softhsm2.conf")
	text := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, softhsm, map[string]string{"SOFTHSM2_CONF": conf})
}

// initialised gives a token with both PINs set and the user logged in.
func initialised(t testing.TB, m *host.Module) exec.Token {
	t.Helper()
	slots, err := m.Slots(ctx)
	if err != nil || len(slots) != 1 {
		t.Fatalf("slots %+v, %v", slots, err)
	}
	tok := m.Token(slots[0].ID)
	for what, f := range sequence(
		"InitToken", func() error { return tok.InitToken(ctx, pinOf(soPIN), "LAB") },
		"OpenSession", func() error { return tok.OpenSession(ctx) },
		"Login SO", func() error { return tok.Login(ctx, exec.SO, pinOf(soPIN)) },
		"InitPIN", func() error { return tok.InitPIN(ctx, pinOf(canary)) },
		"Logout", func() error { return tok.Logout(ctx) },
		"Login", func() error { return tok.Login(ctx, exec.NormalUser, pinOf(canary)) },
	) {
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	return tok
}

func sequence(pairs ...any) func(yield func(string, func() error) bool) {
	return func(yield func(string, func() error) bool) {
		for p := range slices.Chunk(pairs, 2) {
			if !yield(p[0].(string), p[1].(func() error)) {
				return
			}
		}
	}
}

func keyTemplates(kind uint64, id byte, extra ...exec.Attribute) (public, private []exec.Attribute) {
	public = append([]exec.Attribute{
		exec.Ulong(exec.CKAClass, exec.CKOPublicKey),
		exec.Ulong(exec.CKAKeyType, kind),
		exec.Bool(exec.CKAToken, true),
		exec.Bool(exec.CKAVerify, true),
		exec.Text(exec.CKALabel, "key"),
		exec.Bytes(exec.CKAID, []byte{id}),
	}, extra...)
	private = []exec.Attribute{
		exec.Ulong(exec.CKAClass, exec.CKOPrivateKey),
		exec.Ulong(exec.CKAKeyType, kind),
		exec.Bool(exec.CKAToken, true),
		exec.Bool(exec.CKAPrivate, true),
		exec.Bool(exec.CKASensitive, true),
		exec.Bool(exec.CKAExtractable, false),
		exec.Bool(exec.CKASign, true),
		exec.Text(exec.CKALabel, "key"),
		exec.Bytes(exec.CKAID, []byte{id}),
	}
	return public, private
}

func TestModuleAndTokenInfo(t *testing.T) {
	m := startSoftHSM(t)
	info, err := m.Info(ctx)
	if err != nil || info.Manufacturer != "SoftHSM" || info.Cryptoki != "2.40" || !strings.HasPrefix(info.LibraryVersion, "2.") {
		t.Errorf("info %+v, %v", info, err)
	}
	tok := initialised(t, m)
	ti, err := tok.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if ti.Label != "LAB" || len(ti.Serial) != 16 || !ti.Flags.Has(exec.FlagTokenInitialized|exec.FlagUserPINInit|exec.FlagLoginRequired) {
		t.Errorf("token %+v", ti)
	}
	if ti.MinPIN != 4 || ti.MaxPIN != 255 || ti.FreePublic != exec.Unavailable || ti.OpenSessions != exec.Unavailable || ti.HardwareVer == "" {
		t.Errorf("token sizes %+v", ti)
	}
	slots, err := m.Slots(ctx)
	if err != nil || len(slots) != 2 {
		t.Fatalf("after the first token there is a free slot: %+v, %v", slots, err)
	}
	if slots[0].Token.Label != "LAB" || slots[0].Description == "" || strings.HasSuffix(slots[0].Description, " ") {
		t.Errorf("slot %+v", slots[0])
	}
	list, err := tok.Mechanisms(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m exec.Mechanism) bool { return m.Type == exec.CKMRSAKeyPairGen })
	if i < 0 || list[i].Min > 2048 || list[i].Max < 4096 {
		t.Errorf("mechanisms %+v", list)
	}
}

// TestSlotsOfOthersAreLeftAlone: a list without a look at the tokens in some slots, one
// of some slots alone, and one of all places.
func TestSlotsOfOthersAreLeftAlone(t *testing.T) {
	m := startSoftHSM(t)
	initialised(t, m)
	both, err := m.Slots(ctx)
	if err != nil || len(both) != 2 {
		t.Fatalf("%+v, %v", both, err)
	}
	beside, err := m.SlotsBeside(ctx, []exec.SlotID{both[0].ID})
	if err != nil || len(beside) != 2 || beside[0].ID != both[0].ID || beside[0].Token != (exec.TokenInfo{}) || beside[1].Token != both[1].Token {
		t.Errorf("%+v, %v", beside, err)
	}
	at, err := m.SlotsAt(ctx, []exec.SlotID{both[1].ID, 4711})
	if err != nil || len(at) != 1 || at[0] != both[1] {
		t.Errorf("%+v, %v", at, err)
	}
	if none, err := m.SlotsAt(ctx, nil); err != nil || none != nil {
		t.Errorf("%+v, %v", none, err)
	}
	all, err := m.AllSlots(ctx)
	if err != nil || len(all) != 2 || all[0].Removable || all[0].Description != both[0].Description {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestRSAKey(t *testing.T) {
	tok := initialised(t, startSoftHSM(t))
	public, private := keyTemplates(exec.CKKRSA, 1,
		exec.Ulong(exec.CKAModulusBits, 2048), exec.Bytes(exec.CKAPublicExponent, []byte{1, 0, 1}))
	pub, priv, err := tok.GenerateKeyPair(ctx, exec.CKMRSAKeyPairGen, public, private)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tok.Attributes(ctx, pub, exec.CKAModulus, exec.CKAPublicExponent, exec.CKAModulusBits, exec.CKAClass, exec.CKALocal)
	if err != nil {
		t.Fatal(err)
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(got[0].Value), E: int(new(big.Int).SetBytes(got[1].Value).Int64())}
	if got[2].AsUlong() != 2048 || len(got[2].Value) != 8 || got[3].AsUlong() != exec.CKOPublicKey || !got[4].AsBool() || key.N.BitLen() != 2048 {
		t.Errorf("public key %v", got[1:])
	}
	digest := sha256.Sum256([]byte("message"))
	// DigestInfo of SHA-256 by RFC 8017, section 9.2.
	info := append([]byte{0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20}, digest[:]...)
	sig, err := tok.Sign(ctx, exec.CKMRSAPKCS, priv, info, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], sig); err != nil {
		t.Error(err)
	}
}

func TestECKey(t *testing.T) {
	tok := initialised(t, startSoftHSM(t))
	p256, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	public, private := keyTemplates(exec.CKKEC, 2, exec.Bytes(exec.CKAECParams, p256))
	pub, priv, err := tok.GenerateKeyPair(ctx, exec.CKMECKeyPairGen, public, private)
	if err != nil {
		t.Fatal(err)
	}
	key := ecKey(t, tok, pub)
	digest := sha256.Sum256([]byte("message"))
	sig, err := tok.Sign(ctx, exec.CKMECDSA, priv, digest[:], nil)
	if err != nil || len(sig) != 64 {
		t.Fatalf("signature of %d bytes, %v", len(sig), err)
	}
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the signature is wrong")
	}
}

func ecKey(t *testing.T, tok exec.Token, pub exec.Object) *ecdsa.PublicKey {
	t.Helper()
	got, err := tok.Attributes(ctx, pub, exec.CKAECPoint)
	if err != nil {
		t.Fatal(err)
	}
	var point []byte
	if _, err := asn1.Unmarshal(got[0].Value, &point); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAlwaysAuthenticate(t *testing.T) {
	tok := initialised(t, startSoftHSM(t))
	p256, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	public, private := keyTemplates(exec.CKKEC, 3, exec.Bytes(exec.CKAECParams, p256))
	private = append(private, exec.Bool(exec.CKAAlwaysAuth, true))
	pub, priv, err := tok.GenerateKeyPair(ctx, exec.CKMECKeyPairGen, public, private)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("message"))
	pin := pinOf(canary)
	sig, err := tok.Sign(ctx, exec.CKMECDSA, priv, digest[:], &pin)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.Verify(ecKey(t, tok, pub), digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the signature is wrong")
	}
	_, err = tok.Sign(ctx, exec.CKMECDSA, priv, digest[:], nil)
	if e := deviceError(t, err, "C_Sign"); e.CKR != exec.CKRUserNotLoggedIn {
		t.Errorf("without a login: %s", e.CKR)
	}
	wrong := pinOf(canary2)
	_, err = tok.Sign(ctx, exec.CKMECDSA, priv, digest[:], &wrong)
	if e := deviceError(t, err, "C_Login"); !e.CKR.WrongPIN() {
		t.Errorf("with a wrong PIN: %s", e.CKR)
	}
}

func TestObjects(t *testing.T) {
	tok := initialised(t, startSoftHSM(t))
	certificate := []exec.Attribute{
		exec.Ulong(exec.CKAClass, exec.CKOCertificate),
		exec.Ulong(exec.CKACertificateType, exec.CKCX509),
		exec.Bool(exec.CKAToken, true),
		exec.Bool(exec.CKAPrivate, false),
		exec.Text(exec.CKALabel, "certificate"),
		exec.Bytes(exec.CKAID, []byte{9}),
		exec.Bytes(exec.CKASubject, []byte{0x30, 0}),
		exec.Bytes(exec.CKAValue, []byte("any bytes")),
	}
	cert, err := tok.CreateObject(ctx, certificate)
	if err != nil {
		t.Fatal(err)
	}
	search := []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOCertificate), exec.Bytes(exec.CKAID, []byte{9})}
	found, err := tok.FindObjects(ctx, search)
	if err != nil || !slices.Equal(found, []exec.Object{cert}) {
		t.Fatalf("found %v, %v, want %d", found, err, cert)
	}
	if err := tok.SetAttributes(ctx, cert, []exec.Attribute{exec.Text(exec.CKALabel, "renamed")}); err != nil {
		t.Error(err)
	}
	got, err := tok.Attributes(ctx, cert, exec.CKALabel, exec.CKAValue, exec.CKACertificateType, exec.CKASerialNumber)
	if err != nil {
		t.Fatal(err)
	}
	if string(got[0].Value) != "renamed" || !bytes.Equal(got[1].Value, []byte("any bytes")) || len(got[2].Value) != 8 || got[2].AsUlong() != exec.CKCX509 {
		t.Errorf("attributes %v", got)
	}
	if got[3].Value == nil || len(got[3].Value) != 0 {
		t.Errorf("an attribute that is there and empty: %#v", got[3].Value)
	}
	err = tok.SetAttributes(ctx, cert, []exec.Attribute{exec.Bytes(exec.CKAValue, []byte{1})})
	if e := deviceError(t, err, "C_SetAttributeValue"); e.CKR != exec.CKRAttributeReadOnly {
		t.Errorf("changing the value: %s", e.CKR)
	}
	if err := tok.DestroyObject(ctx, cert); err != nil {
		t.Fatal(err)
	}
	if found, err := tok.FindObjects(ctx, search); err != nil || len(found) != 0 {
		t.Errorf("after the end: %v, %v", found, err)
	}
	err = tok.DestroyObject(ctx, cert)
	if e := deviceError(t, err, "C_DestroyObject"); e.CKR != exec.CKRObjectHandleInvalid {
		t.Errorf("destroyed twice: %s", e.CKR)
	}
}

func TestFindGoesOnUntilThereIsNoMore(t *testing.T) {
	tok := initialised(t, startSoftHSM(t))
	const many = 300 // more than one C_FindObjects gives
	for i := range many {
		_, err := tok.CreateObject(ctx, []exec.Attribute{
			exec.Ulong(exec.CKAClass, exec.CKOData), exec.Bool(exec.CKAToken, false), exec.Text(exec.CKALabel, fmt.Sprint(i))})
		if err != nil {
			t.Fatal(err)
		}
	}
	found, err := tok.FindObjects(ctx, nil)
	if err != nil || len(found) != many {
		t.Errorf("found %d of %d, %v", len(found), many, err)
	}
}

func TestHiddenAndUnknownAttributesAreNil(t *testing.T) {
	tok := initialised(t, startSoftHSM(t))
	p256, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	public, private := keyTemplates(exec.CKKEC, 4, exec.Bytes(exec.CKAECParams, p256))
	_, priv, err := tok.GenerateKeyPair(ctx, exec.CKMECKeyPairGen, public, private)
	if err != nil {
		t.Fatal(err)
	}
	const vendor exec.AttributeType = 0x80000001
	got, err := tok.Attributes(ctx, priv, exec.CKAID, exec.CKAValue, vendor, exec.CKASensitive)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[0].Value, []byte{4}) || got[1].Value != nil || got[2].Value != nil || !got[3].AsBool() {
		t.Errorf("attributes %v", got)
	}
	if got[1].Type != exec.CKAValue || got[2].Type != vendor {
		t.Errorf("types %v", got)
	}
	_, err = tok.Attributes(ctx, 99999, exec.CKAID, vendor)
	if e := deviceError(t, err, "C_GetAttributeValue"); e.CKR != exec.CKRObjectHandleInvalid {
		t.Errorf("of no object: %s", e.CKR)
	}
}

func TestPINs(t *testing.T) {
	m := startSoftHSM(t)
	tok := initialised(t, m)
	if e := deviceError(t, tok.Login(ctx, exec.NormalUser, pinOf(canary)), "C_Login"); e.CKR != exec.CKRUserAlreadyLoggedIn {
		t.Errorf("second login: %s", e.CKR)
	}
	if err := tok.SetPIN(ctx, pinOf(canary), pinOf(canary2)); err != nil {
		t.Fatal(err)
	}
	if err := tok.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	e := deviceError(t, tok.Login(ctx, exec.NormalUser, pinOf(canary)), "C_Login", "CKR_PIN_INCORRECT")
	if !e.CKR.WrongPIN() || e.Help() == "" {
		t.Errorf("the old PIN: %s, help %q", e.CKR, e.Help())
	}
	info, err := tok.Info(ctx)
	if err != nil || !info.Flags.Has(exec.FlagUserPINCountLow) {
		t.Errorf("after a wrong PIN: %#x, %v", info.Flags, err)
	}
	if e := deviceError(t, tok.SetPIN(ctx, pinOf(canary2), pinOf("1")), "C_SetPIN"); e.CKR != exec.CKRPINLenRange {
		t.Errorf("short PIN: %s", e.CKR)
	}
	if err := tok.Login(ctx, exec.NormalUser, pinOf(canary2)); err != nil {
		t.Errorf("the new PIN: %v", err)
	}
	if e := deviceError(t, tok.InitToken(ctx, pinOf(soPIN), "LAB"), "C_InitToken"); e.CKR != exec.CKRSessionExists {
		t.Errorf("init with a session open: %s", e.CKR)
	}
	if err := tok.CloseSession(ctx); err != nil {
		t.Error(err)
	}
	if err := tok.InitToken(ctx, pinOf(soPIN), "LAB"); err != nil {
		t.Errorf("init again: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	noPIN(t, "the output", m.Output())
}

func TestPINIsNowhereOutside(t *testing.T) {
	m := startSoftHSM(t)
	tok := initialised(t, m)
	_ = tok.Logout(ctx)
	deviceError(t, tok.Login(ctx, exec.NormalUser, pinOf(canary2)), "C_Login", "CKR_PIN_INCORRECT")
	for _, file := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", m.PID(), file))
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == 0 {
			t.Errorf("%s is empty", file)
		}
		noPIN(t, file, string(b))
	}
	noPIN(t, "the output", m.Output())
}

func BenchmarkTokenInfo(b *testing.B) {
	tok := initialised(b, startSoftHSM(b))
	for b.Loop() {
		if _, err := tok.Info(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInfo(b *testing.B) {
	m := startSoftHSM(b)
	for b.Loop() {
		if _, err := m.Info(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
