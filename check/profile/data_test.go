//go:build !js

package profile

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"inscribe/internal/golden"
)

func TestEveryProfileIsThere(t *testing.T) {
	want := []string{"cardos", "cryptovision", "gemalto", "generic", "idopte", "nss", "opencryptoki", "openpgp",
		"opensc", "personal", "piv", "safenet", "softhsm", "tcos", "tpm2"}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("profiles are %v, want %v", got, want)
	}
	for _, name := range Names() {
		p := Lookup(name)
		if p.Name != name || p.Title == "" || p.Notes == "" || !strings.HasSuffix(p.Notes, ".") {
			t.Errorf("%s: name %q, title %q, notes %q", name, p.Name, p.Title, p.Notes)
		}
	}
}

func TestEveryFactHasASourceAndAKnownWord(t *testing.T) {
	vocabulary := map[FactName][]string{
		PUKIs:       {"so-pin", "own", "none"},
		PINAlphabet: {"digits", "any"},
		InitialPIN:  {"factory", "none"},
		InitialPUK:  {"factory", "none", "blocked"},
	}
	curves := []string{"P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "Ed25519"}
	for _, name := range Names() {
		p := Lookup(name)
		for fact, f := range p.facts {
			if f.Source == "" {
				t.Errorf("%s: %s has no source", name, fact)
			}
		}
		for fact, words := range vocabulary {
			if p.Get(fact).Known() && !slices.Contains(words, p.Word(fact)) {
				t.Errorf("%s: %s is %q", name, fact, p.Word(fact))
			}
		}
		for _, c := range p.Words(Curves) {
			if !slices.Contains(curves, c) {
				t.Errorf("%s: the curve %q is of another spelling", name, c)
			}
		}
	}
}

func TestFactsAgree(t *testing.T) {
	for _, name := range Names() {
		p := Lookup(name)
		for _, r := range [][2]FactName{{PINMin, PINMax}, {PUKMin, PUKMax}, {RSAMin, RSAMax}} {
			low, okLow := p.Count(r[0])
			high, okHigh := p.Count(r[1])
			if okLow && okHigh && low > high {
				t.Errorf("%s: %s is %d, %s is %d", name, r[0], low, r[1], high)
			}
		}
		if n, known := p.Count(Retries); known && (n == 0 || p.Is(Locks) != Yes) {
			t.Errorf("%s: locks after %d wrong PINs, and pin-locks is %s", name, n, p.Is(Locks))
		}
		if p.Is(SharedPIN) == Yes && p.Is(SharedLock) == No {
			t.Errorf("%s: one PIN, two counters", name)
		}
		if p.Is(SignatureSlot) == Yes && p.Is(SecondToken) == Yes {
			t.Errorf("%s: the signature slot is both a slot and a second token", name)
		}
		if p.Is(Software) == Yes && p.Is(PINPad) != No {
			t.Errorf("%s: software with a PIN pad", name)
		}
	}
}

func TestNoModuleStandsForTwoProfiles(t *testing.T) {
	seen := map[string]string{}
	for _, name := range Names() {
		p := Lookup(name)
		for _, l := range p.Libraries {
			key := "library " + strings.ToLower(l)
			if other := seen[key]; other != "" {
				t.Errorf("%s is in %s and %s", key, other, name)
			}
			seen[key] = name
			if strings.ContainsAny(l, `/\`) {
				t.Errorf("%s: %q is no file name", name, l)
			}
			if got := ForLibrary(`C:\Windows\System32\` + strings.ToUpper(l)); got != p {
				t.Errorf("%s finds %v", l, got)
			}
		}
		for _, m := range p.Manufacturers {
			key := "manufacturer " + m
			if other := seen[key]; other != "" {
				t.Errorf("%s is in %s and %s", key, other, name)
			}
			seen[key] = name
			if len(m) > 32 || strings.TrimSpace(m) != m {
				t.Errorf("%s: C_GetInfo cannot say %q", name, m)
			}
			if got := ForManufacturer(m); got != p {
				t.Errorf("%s finds %v", m, got)
			}
		}
	}
	for maker, name := range map[string]string{
		"SoftHSM": "softhsm", "OpenSC Project": "opensc", "IBM": "opencryptoki",
		"Mozilla Foundation": "nss", "tpm2-software.github.io": "tpm2",
	} {
		if p := ForManufacturer(maker); p == nil || p.Name != name {
			t.Errorf("%s is not %s", maker, name)
		}
	}
	for library, name := range map[string]string{
		"/usr/lib/softhsm/libsofthsm2.so": "softhsm",
		"opensc-pkcs11.so":                "opensc",
		"libopencryptoki.so":              "opencryptoki",
		"libsoftokn3.so":                  "nss",
		"libtpm2_pkcs11.so":               "tpm2",
		"cvP11.dll":                       "cryptovision",
		"IDPrimePKCS11.dll":               "gemalto",
		"idprimepkcs1164.dll":             "gemalto",
		"eTPKCS11.dll":                    "safenet",
		"C:/Program Files (x86)/Personal/bin/personal.dll":       "personal",
		`C:\Program Files\Smart Card Middleware\bin\idoPKCS.dll`: "idopte",
	} {
		if p := ForLibrary(library); p == nil || p.Name != name {
			t.Errorf("%s is not %s", library, name)
		}
	}
	// It hides the signature slot, so the facts of opensc are not its own.
	if p := ForLibrary("onepin-opensc-pkcs11.so"); p != nil {
		t.Errorf("onepin-opensc-pkcs11.so is %s", p.Name)
	}
}

// keyFacts are the facts on which plans and proofs turn, so that a slip in the
// data fails here: all that is known, and beside it what must stay unknown.
var keyFacts = map[string]map[FactName]string{
	"generic": {ReinitNeedsSOPIN: "yes", Software: "unknown", SignatureSlot: "unknown", SharedPIN: "unknown", InitToken: "unknown",
		PUKIs: "unknown", PINMin: "unknown", Locks: "unknown", Curves: "unknown", ImportKeys: "unknown", BothLogins: "unknown"},
	"softhsm": {ChangeByUser: "no", FreeUse: "yes", TellsLocal: "yes", DataObjectID: "yes", EmptyData: "yes", Reinit: "yes", Software: "yes", HonestFlags: "yes", HonestSOFlags: "yes", PUKMax: "255", SignatureSlot: "no", SecondToken: "yes", SharedPIN: "no", PUKIs: "so-pin", InitToken: "yes", ReinitNeedsSOPIN: "yes",
		InitPIN: "yes", ChangePIN: "yes", ChangePUK: "yes", PINMin: "4", PINMax: "255", PUKMin: "4", PINAlphabet: "any", Locks: "no",
		RSAMin: "512", RSAMax: "16384", Curves: "P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1, brainpoolP512r1, Ed25519",
		BothLogins: "no", ExclusiveLogins: "no", UniqueSerial: "yes", SerialStays: "no", ImportKeys: "yes", DataObjects: "yes",
		AlwaysAuthenticate: "yes", PINPad: "no", FreeKeyID: "yes", FreeLabel: "yes", HonestKeys: "yes"},
	"gemalto": {Software: "no", SignatureSlot: "yes", CardManagerKey: "yes", InitialPIN: "factory", InitialPUK: "factory",
		BothLogins: "unknown", PUKIs: "unknown", InitToken: "unknown", Locks: "unknown", Curves: "unknown", PINMin: "unknown"},
	"safenet":  {Software: "no", SignatureSlot: "unknown", CardManagerKey: "unknown", InitialPIN: "unknown", InitialPUK: "unknown", InitToken: "unknown"},
	"personal": {InitIn64Bit: "no", SignatureSlot: "yes", InitToken: "unknown", SharedPIN: "unknown"},
	"idopte":   {SignatureSlot: "yes", SharedPIN: "no", InitToken: "unknown", CardManagerKey: "unknown"},
	"cryptovision": {SignatureSlot: "unknown", InitToken: "unknown", InitPIN: "unknown", ChangePIN: "unknown",
		CardManagerKey: "unknown", Software: "unknown"},
	"cardos": {CardManagerKey: "yes", SignatureSlot: "unknown", InitToken: "unknown", Software: "no"},
	"tcos": {Software: "no", SignatureSlot: "no", SecondToken: "unknown", ImportKeys: "no", PINMin: "6", PINMax: "24", PUKMin: "8", PUKMax: "24",
		InitialPIN: "none", InitialPUK: "blocked", PUKIs: "so-pin", PINAlphabet: "unknown", InitToken: "unknown"},
	"opensc": {SignatureSlot: "yes", SerialStays: "no", SharedPIN: "no", PUKIs: "own", InitToken: "no", InitPIN: "no", ChangePIN: "yes", ChangePUK: "unknown",
		PINMin: "4", PINMax: "8", PINAlphabet: "any", Locks: "yes", Retries: "3", SharedLock: "no", HonestFlags: "yes", HonestSOFlags: "no", PUKRetries: "unknown",
		BothLogins: "yes", ExclusiveLogins: "no", UniqueSerial: "no", ImportKeys: "yes", AlwaysAuthenticate: "yes",
		Curves: "P-256, P-384, P-521", RSAMax: "unknown", DataObjects: "yes", DataObjectID: "yes", EmptyData: "no", FreeUse: "yes", FreeKeyID: "yes", FreeLabel: "yes", HonestKeys: "no", TellsLocal: "no", ChangeByUser: "yes", Software: "unknown"},
	"openpgp": {WriteBySO: "yes", SignatureSlot: "yes", SharedPIN: "yes", SharedLock: "yes", PUKIs: "so-pin", InitToken: "no", InitPIN: "unknown", ChangePIN: "yes",
		PINMin: "6", PUKMin: "8", Locks: "yes", Retries: "3", Curves: "unknown", MaxKeys: "3", FreeKeyID: "no", FreeLabel: "no", ImportKeys: "unknown"},
	"piv": {SharedPIN: "yes", SignatureSlot: "unknown", PUKIs: "own", PINMin: "6", PINMax: "8", PINAlphabet: "digits", PUKMin: "8", PUKMax: "8",
		AlwaysAuthenticate: "yes", FreeKeyID: "no", FreeLabel: "no", CardManagerKey: "unknown", ImportKeys: "unknown", InitToken: "unknown", Retries: "unknown"},
	"opencryptoki": {HonestKeys: "yes", FactoryPUK: "87654321", ChangeByUser: "no", FreeUse: "yes", TellsLocal: "yes", DataObjectID: "no", Reinit: "no", Software: "unknown", SharedPIN: "no", InitPIN: "yes", ChangePIN: "yes", ChangePUK: "yes", HonestFlags: "yes", SerialStays: "yes", FreeKeyID: "yes", FreeLabel: "yes",
		BothLogins: "no", InitialPIN: "none", PUKMin: "4", Curves: "", SignatureSlot: "no", SecondToken: "no", PUKIs: "so-pin", InitToken: "yes", ReinitNeedsSOPIN: "yes",
		InitialPUK: "factory", PINMin: "4", PINMax: "8", PUKMax: "8", PINAlphabet: "any", Locks: "yes", Retries: "3", SharedLock: "no",
		RSAMin: "512", RSAMax: "4096", ExclusiveLogins: "yes", UniqueSerial: "no", AlwaysAuthenticate: "no", ImportKeys: "yes", DataObjects: "yes"},
	"nss": {HonestKeys: "yes", Reinit: "yes", PINAlphabet: "any", ChangeByUser: "yes", FreeUse: "yes", TellsLocal: "no", Software: "yes", SharedPIN: "no", SerialStays: "yes", FreeKeyID: "yes", FreeLabel: "yes", BothLogins: "no", InitialPIN: "none", InitialPUK: "none", PUKMin: "0", PINPad: "no",
		SignatureSlot: "no", SecondToken: "yes", PUKIs: "none", InitToken: "yes", ReinitNeedsSOPIN: "no", InitPIN: "yes",
		ChangePIN: "yes", ChangePUK: "no", PINMin: "0", PINMax: "500", PUKMax: "0", Locks: "no", HonestFlags: "no", Curves: "P-256, P-384, P-521",
		ExclusiveLogins: "no", UniqueSerial: "no", DataObjects: "no", ImportKeys: "yes", AlwaysAuthenticate: "no", RSAMax: "unknown"},
	"tpm2": {HonestKeys: "yes", SharedPIN: "no", PUKMin: "0", PUKMax: "128", ChangeByUser: "no", FreeUse: "no", TellsLocal: "yes", DataObjectID: "yes", Reinit: "no", Software: "unknown", InitPIN: "yes", ChangePIN: "yes", ChangePUK: "yes", SerialStays: "yes", FreeKeyID: "yes", FreeLabel: "yes", BothLogins: "no", PINMin: "0",
		PINAlphabet: "any", InitialPIN: "none", InitialPUK: "none", SignatureSlot: "no", SecondToken: "yes", InitToken: "yes", ReinitNeedsSOPIN: "unknown", PUKIs: "so-pin",
		Locks: "yes", Retries: "3", RightPINResets: "no", SharedLock: "yes", HonestFlags: "no", PINMax: "128", RSAMin: "1024", RSAMax: "3072", Curves: "P-256, P-384, P-521",
		UniqueSerial: "no", ImportKeys: "no", DataObjects: "yes", AlwaysAuthenticate: "yes", ExclusiveLogins: "no"},
}

func TestKeyFacts(t *testing.T) {
	for _, name := range Names() {
		want, listed := keyFacts[name]
		if !listed {
			t.Errorf("%s: no key facts", name)
		}
		// How an empty list reads is not the matter here; it is held below.
		for fact, value := range want {
			if _, ok := Describe(fact); !ok {
				t.Errorf("%s: there is no fact %s", name, fact)
			}
			if got := Lookup(name).Get(fact); got.String() != value && (fact != Curves || value != "") {
				t.Errorf("%s: %s is %s, want %s", name, fact, got, value)
			}
		}
		for fact, f := range Lookup(name).facts {
			if _, listed := want[fact]; !listed && f.Known() && f.Source != Generic().Get(fact).Source {
				t.Errorf("%s: %s is %s and stands in no table", name, fact, f)
			}
		}
	}
	none := Lookup("opencryptoki")
	if !none.Get(Curves).Known() || len(none.Words(Curves)) != 0 || none.Offers(Curves, "P-256") != No {
		t.Error("opencryptoki offers elliptic curves, or does not know")
	}
}

// The one line in each note that a reader must not miss.
func TestNotesWarn(t *testing.T) {
	for name, words := range map[string][]string{
		"gemalto":      {"five wrong values", "lost", "ForcePinUser"},
		"personal":     {"PKCS11LibraryWindows32", "CacheValidity=0"},
		"tcos":         {"another library", "blocked"},
		"opensc":       {"erases the card and then fails", "both slots", "pin_cache_ignore_user_consent"},
		"openpgp":      {"one PIN and one counter", "SO's session"},
		"opencryptoki": {"87654321", "one software token only"},
		"nss":          {"empty string", "ignores"},
		"tpm2":         {"lock the whole TPM", "once only", "decrypts too"},
	} {
		for _, w := range words {
			if !strings.Contains(Lookup(name).Notes, w) {
				t.Errorf("%s: the note does not say %q", name, w)
			}
		}
	}
}

// TestJSONIsTheTOML: the browser's build reads the same facts.
func TestJSONIsTheTOML(t *testing.T) {
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	for _, name := range Names() {
		d, _, err := definition(name)
		if err != nil {
			t.Fatal(err)
		}
		line := struct {
			Name string `json:"name"`
			Definition
		}{name, d}
		if err := enc.Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	golden.Is(t, "data/profiles.jsonl", want.String())
}
