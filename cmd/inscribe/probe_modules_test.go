//go:build cgo && linux

package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"inscribe/check/profile"
	"inscribe/plan"
)

// probedLabs are the modules of the table: how the probe differs from the profile
// there, and what it must find and say.
var probedLabs = map[string]struct {
	but  map[profile.FactName]string
	must []profile.FactName
	says []string
}{
	"SoftHSM2": {must: []profile.FactName{profile.BothLogins, profile.ExclusiveLogins, profile.SharedPIN, profile.UniqueSerial, profile.Reinit},
		says: []string{"slot numbers: another one after a new start", "a login before the first user PIN answers CKR_USER_PIN_NOT_INITIALIZED"}},
	// p11-kit passes on the mechanisms that it knows, and Ed25519 is not among them.
	"SoftHSM2 by p11-kit": {but: map[profile.FactName]string{profile.Curves: "P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1, brainpoolP512r1"},
		must: []profile.FactName{profile.BothLogins, profile.ExclusiveLogins, profile.Reinit}},
	"openCryptoki": {must: []profile.FactName{profile.Reinit, profile.ChangePUK, profile.Locks, profile.Retries, profile.HonestFlags},
		says: []string{"does not set the former SO PIN again: CKR_PIN_INVALID", "a token is of no use once it was initialised under an SO PIN that was changed"}},
	"NSS softokn": {must: []profile.FactName{profile.BothLogins, profile.ExclusiveLogins, profile.Reinit, profile.ChangeByUser}},
	"tpm2-pkcs11": {must: []profile.FactName{profile.BothLogins, profile.ExclusiveLogins, profile.Reinit, profile.FreeUse, profile.Locks, profile.HonestFlags},
		says: []string{"a locked user PIN locks the SO out too"}},
	"OpenSC with a MyEID card": {must: []profile.FactName{profile.SignatureSlot, profile.BothLogins, profile.ExclusiveLogins, profile.SharedPIN, profile.UniqueSerial, profile.InitPIN,
		profile.ChangeByUser, profile.HonestKeys, profile.TellsLocal, profile.Locks, profile.Retries, profile.HonestFlags},
		says: []string{"C_InitToken was not tried: the profile opensc says", "takes the old value for a PUK"}},
}

// TestProbeAgreesWithTheProfiles probes every module of docs/modules.md: what it
// finds is what the built-in profile says.
func TestProbeAgreesWithTheProfiles(t *testing.T) {
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			c, listed := probedLabs[m.name]
			if !listed {
				t.Fatal("the module has no row in probedLabs")
			}
			l := m.lab(t)
			l.profile, l.secrets["EMPTY"] = m.profile, ""
			l.station("")
			file := l.file("learned.toml", "")
			token, so := l.fresh[plan.Default], "PUK"
			switch {
			case l.certutil != nil:
				token, so = l.labels[plan.Default], "EMPTY"
			case l.hooked != "":
				l.initialise()
				token, so = l.labels[plan.Default], "SO_PIN"
			}
			args := []string{"probe", l.module, "--token", token, "--so-pin", "env:" + so, "--pin", "env:PIN", "--yes", "--output", file, "--spend-tries"}
			if fresh := l.fresh[plan.Signature]; fresh != "" {
				if o := l.run("apply", l.file("sign.dsc", initSign), "--token", fresh, "--field", "PIN=env:SIGN_PIN", "--field", "PUK=env:SIGN_PUK"); o.code != exitOK {
					t.Fatal(o)
				}
			}
			if m.name != "openCryptoki" { // which has one token
				args = append(args, "--signature-token", l.labels[plan.Signature], "--signature-pin", "env:SIGN_PIN")
			}
			o := l.run(args...)
			raw, err := os.ReadFile(file)
			if o.code != exitOK || err != nil {
				t.Fatalf("%v %s", err, o)
			}
			learned, err := profile.Parse("learned", raw, profile.Lookup)
			if err != nil {
				t.Fatalf("%v\n%s", err, raw)
			}
			for _, words := range c.says {
				if !strings.Contains(o.stderr, words) {
					t.Errorf("the probe does not say %q: %s", words, o)
				}
			}
			built, found := profile.Lookup(m.profile), 0
			for _, info := range profile.Facts {
				got, want := learned.Get(info.Name), built.Get(info.Name)
				if !got.Known() || !strings.Contains(got.Source, "inscribe probe") {
					if slices.Contains(c.must, info.Name) {
						t.Errorf("%s was not found out", info.Name)
					}
					continue
				}
				found++
				is := want.String()
				if differs, ok := c.but[info.Name]; ok {
					is = differs
				} else if !want.Known() {
					t.Logf("%s is %s, and the profile %s does not know: %s", info.Name, got, m.profile, got.Source)
					continue
				}
				if got.String() != is {
					t.Errorf("%s is %s, and %s in the profile %s: %s", info.Name, got, is, m.profile, got.Source)
				}
			}
			if found < 22 {
				t.Errorf("only %d facts were found: %s", found, o)
			}
			t.Logf("%d facts; %s", found, o.stderr)
		})
	}
}

// TestProbeOfATokenThatDoesNotGoBack: openCryptoki takes the SO PIN of delivery no
// second time, so the token ends with one that somebody knows.
func TestProbeOfATokenThatDoesNotGoBack(t *testing.T) {
	t.Parallel()
	l := openCryptokiLab(t)
	l.profile = "opencryptoki"
	l.station("")
	o := l.run("probe", l.module, "--token", "fresh", "--so-pin", "env:PUK", "--pin", "env:PIN", "--yes")
	if o.code != exitOK || !strings.Contains(o.stderr, "its SO PIN is the value of --pin now") || strings.Contains(o.stdout, "\nreinit = ") {
		t.Fatal(o)
	}
	out, err := l.tool("--login", "--login-type", "so", "--so-pin", l.secrets["PIN"], "--init-pin", "--pin", l.secrets["PIN"]).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
