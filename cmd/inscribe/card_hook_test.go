//go:build cgo && linux

package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/internal/vcard/lab"
)

// initialiseBoth makes a blank card one with two PINs and keys behind both.
const initialiseBoth = `[Fields]
SO=
CARD=
CARD_PUK=
SIGN=
SIGN_PUK=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=AB
InitToken=true
InitialLabel=#LAB
SetPIN=true
InitialPUK=SO
PUK=CARD_PUK
PIN=CARD
InitialSignPUK=SIGN_PUK
SignPIN=SIGN

[Application_A]
ECCurve=P-256
CertTempl=auth

[Application_B]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

// initialiseHook is a station's command that makes such a card with pkcs15-init.
const initialiseHook = `#!/bin/sh -e
export SO=$(cat <&3) PIN=$(cat <&4) PUK=$(cat <&5) SIGN=$(cat <&6) SIGN_PUK=$(cat <&7)
pkcs15-init --erase-card
pkcs15-init --create-pkcs15 --so-pin env:SO --so-puk env:SO --label "$INSCRIBE_LABEL"
pkcs15-init --store-pin --auth-id 01 --label "User PIN" --pin env:PIN --puk env:PUK --so-pin env:SO
pkcs15-init --store-pin --auth-id 02 --label "Signature PIN" --pin env:SIGN --puk env:SIGN_PUK --so-pin env:SO
pkcs15-init --finalize
`

// hookedProfile is the profile of such cards, for inscribe.toml.
const hookedProfile = `[profile.hooked]
title = "cards that the station makes"
inherits = "opensc"
fact.init-by-hook = { is = true, source = "this station" }
`

// showBlankCards lets OpenSC show a blank card, which it hides else.
func showBlankCards(t testing.TB, l *lab.Lab) {
	t.Helper()
	conf, err := os.ReadFile(l.OpenSCConf())
	if err == nil {
		conf = []byte(strings.Replace(string(conf), "framework pkcs15 {", "framework pkcs15 {\n\t\tpkcs11_enable_InitToken = yes;", 1))
		err = os.WriteFile(l.OpenSCConf(), conf, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCardInitialisedByHook: C_InitToken cannot make such a card, the station's
// command does, and the run goes on with both slots of it.
func TestCardInitialisedByHook(t *testing.T) {
	t.Parallel()
	m := newBlankCard(t)
	showBlankCards(t, m.Lab)
	m.file("inscribe.toml", hookedProfile)
	m.env["SO_PIN"] = m.values.SOPIN
	args := []string{"apply", m.file("x.dsc", initialiseBoth), "--profile", "hooked", "--token", "fresh", "--lab-ca", "--yes", "--field", "SO=env:SO_PIN", "--field", "CARD=env:CARD_PIN",
		"--field", "CARD_PUK=env:CARD_PUK", "--field", "SIGN=env:SIGN_PIN", "--field", "SIGN_PUK=env:SIGN_PUK"}
	without, _ := m.verdict(append(slices.Clone(args), "--dry-run", "--seed", "plugged")...)
	refused, o := m.verdict(args...)
	if diff := cmp.Diff(refused, without, cmp.AllowUnexported(verdict{})); diff != "" || refused.code != exitRefused || !strings.Contains(refused.says, "this station has none") {
		t.Fatalf("%s\n%s", diff, o)
	}
	hook := m.file("initialise", initialiseHook)
	if err := os.Chmod(hook, 0o700); err != nil {
		t.Fatal(err)
	}
	m.station += "[middleware.\"yourMiddleware.dll\".hook]\ninitialise = [\"" + hook + "\"]\n" +
		"[middleware.\"yourMiddleware.dll\".env]\nPCSCLITE_CSOCK_NAME = \"" + m.Socket() + "\"\nOPENSC_CONF = \"" + m.OpenSCConf() + "\"\nPATH = \"" + os.Getenv("PATH") + "\"\n"
	// A dry-run seeded with the blank card knows what the command makes of it.
	before := m.snapshot()
	dry, _ := m.verdict(append(slices.Clone(args), "--dry-run", "--seed", "plugged")...)
	if after := m.snapshot(); string(after) != string(before) {
		t.Error("a dry-run changed the card")
	}
	var applied verdict
	applied, o = m.verdict(args...)
	if diff := cmp.Diff(applied, dry, cmp.AllowUnexported(verdict{})); diff != "" || applied.code != exitOK || !strings.Contains(o.stdout, "5 written, 0 kept") {
		t.Fatalf("%s\n%s", diff, o)
	}
	m.holds("default", "1234", 1, 1, 1)
	m.holds("signature", "5678", 1, 1, 1)
	m.pair("01", "auth", "EC Key")
	m.pair("02", "sig", "EC Key")
	for _, pin := range []byte{lab.UserPIN, lab.SignaturePIN, lab.SOPIN} {
		m.tries(pin, 3, 10)
	}
	m.must(exitOK, []string{"verify", args[1], "--profile", "hooked", "--token", m.slot("default"), "--lab-ca", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN", "--field", "SO=env:SO_PIN",
		"--field", "CARD_PUK=env:CARD_PUK", "--field", "SIGN_PUK=env:SIGN_PUK"})
	// A command that says so and does nothing is not believed.
	args[slices.Index(args, "fresh")] = m.slot("default")
	m.file("initialise", "#!/bin/sh\n")
	m.must(exitDevice, args, "the token holds keys (", "so it was not initialised")
	m.must(exitOK, []string{"tokens"}, "in a row, as counted here")
	m.holds("default", "1234", 1, 1, 1)
}

// TestCardHookIsCounted: a card that is in use holds the SO PIN that the command shows
// to it against its own, and no flag tells of that. The last try is not spent unasked.
func TestCardHookIsCounted(t *testing.T) {
	t.Parallel()
	m := newCard(t)
	m.file("inscribe.toml", hookedProfile)
	m.env["SO_PIN"] = "87654321"
	hook := m.file("initialise", "#!/bin/sh -e\ncat <&3 >/dev/null\necho ran >>'"+m.dir+"/runs'\nexit 1\n")
	if err := os.Chmod(hook, 0o700); err != nil {
		t.Fatal(err)
	}
	station := m.station
	with := func(command string) {
		m.station = station + "[middleware.\"yourMiddleware.dll\".hook]\ninitialise = [\"" + command + "\"]\n"
	}
	args := []string{"apply", m.file("x.dsc", initialiseBoth), "--profile", "hooked", "--token", m.slot("default"), "--lab-ca", "--yes", "--field", "SO=env:SO_PIN", "--field", "CARD=env:CARD_PIN",
		"--field", "CARD_PUK=env:CARD_PUK", "--field", "SIGN=env:SIGN_PIN", "--field", "SIGN_PUK=env:SIGN_PUK"}
	with(m.dir + "/nothing here")
	m.must(exitDevice, args, "does not start")
	with(hook)
	m.must(exitDevice, args, "ended with exit status 1")
	m.must(exitDevice, args, "ended with exit status 1")
	m.must(exitRefused, args, "earlier runs showed this token 2 wrong SO PINs", "--spend-final-try")
	m.must(exitOK, []string{"tokens"}, "SO PIN: 2 wrong ones in a row, as counted here")
	if runs, err := os.ReadFile(m.dir + "/runs"); err != nil || strings.Count(string(runs), "ran") != 2 {
		t.Errorf("the command ran %q, %v", runs, err)
	}
}
