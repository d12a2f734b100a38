package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/ast/diag"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// explainIn runs explain in a folder, which is where inscribe.toml is looked for.
func explainIn(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir(dir)
	var out, talk bytes.Buffer
	a := &app{ctx: context.Background(), stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	code = a.run(append([]string{"explain"}, args...))
	return out.String(), talk.String(), code
}

func TestExplain(t *testing.T) {
	dir := t.TempDir()
	for word, wants := range map[string][]string{
		"setpin":                    {"SetPIN\n", "`[Description]`", "Requires: `PIN`, `PUK`, `SignPIN` or `SignPUK`", "«Block and unblock card»", "\n      SetPIN=true\n", "setpin\n", "Operation of a plan", "C_SetPIN"},
		"ECCurve":                   {"`brainpoolP256r1`", "Excludes: `KeySize`", "extension of Inscribe"},
		"CardManagerKey":            {"Gemalto, CardOS", "Inscribe's own reading"},
		"adr_00007":                 {"ADR_00000", "magnetic stripes"},
		"KeySize=2048":              {"Range: 1024 to 16384", "Usual values: `2048`"},
		"WEAK-KEY":                  {"warning: a key that is too short", "Avoid", "KeySize=1024", "Suppress"},
		"softhsm":                   {"`software` = yes", "(SoftHSM 2 manual)", "`initial-puk` = unknown"},
		"pin-max":                   {"Fact of profiles, a number", "`generic`: unknown", "`softhsm`: 255"},
		"genkey":                    {"C_GenerateKeyPair"},
		"CKR_PIN_LOCKED":            {"0xa4 or 164", "What to do: unlock"},
		"ckr_pin_locked":            {"0xa4 or 164"},
		"0xA4":                      {"CKR_PIN_LOCKED", "locked"},
		"164":                       {"CKR_PIN_LOCKED"},
		"0x80000123":                {"CKR_VENDOR_DEFINED+0x00000123", "vendor"},
		"[Fields]":                  {"Fields\n", "Section."},
		"application_b":             {"Application_X", "`CertTempl`"},
		"!from_user_dialog_2_field": {"new PIN twice"},
		"signature":                 {"Value of `Location`"},
		"shared-pin":                {"error: two PINs", "Fact of profiles, yes or no"},
	} {
		out, talk, code := explainIn(t, dir, word)
		if code != exitOK || talk != "" {
			t.Errorf("%s: exit code %d, %s", word, code, talk)
		}
		at := 0
		for _, want := range wants {
			i := strings.Index(out[at:], want)
			if i < 0 {
				t.Errorf("%s: %q is missing, or stands before what goes before it:\n%s", word, want, out)
				break
			}
			at += i
		}
	}
}

func TestExplainListsAllWords(t *testing.T) {
	out, _, code := explainIn(t, t.TempDir())
	if code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	var words []string
	for _, k := range schema.Builtin.All() {
		words = append(words, k.Name)
	}
	for _, r := range diag.Rules {
		words = append(words, string(r.Code))
	}
	for _, f := range profile.Facts {
		words = append(words, string(f.Name))
	}
	for _, w := range append(words, profile.Names()...) {
		if !strings.Contains(out, w) {
			t.Errorf("%s is not listed", w)
		}
	}
}

// TestExplainEveryTopic looks that each word that is listed finds its text.
func TestExplainEveryTopic(t *testing.T) {
	t.Chdir(t.TempDir())
	topics := (&app{stderr: &bytes.Buffer{}}).topics()
	for _, topic := range topics {
		if len(about(topics, topic.Name)) == 0 {
			t.Errorf("%s is listed and not found", topic.Name)
		}
		if text := topic.Text(); len(text) < 20 || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s: the text is %q", topic.Name, text)
		}
	}
}

func TestExplainUnknownWord(t *testing.T) {
	for word, want := range map[string]string{
		"SetPN":         "is it SetPIN or setpin?",
		"weak-keys":     "is it weak-key?",
		"CKR_PIN_LOCK":  "is it CKR_PIN_LOCKED?",
		"softhsn":       "is it softhsm?",
		"163840":        "inscribe explain lists the words",
		"qwertyuiop-42": "inscribe explain lists the words",
	} {
		out, talk, code := explainIn(t, t.TempDir(), word)
		if code != exitUsage || out != "" || !strings.Contains(talk, want) {
			t.Errorf("%s: exit code %d, %q, %q does not hold %q", word, code, out, talk, want)
		}
	}
	if _, talk, code := explainIn(t, t.TempDir(), "PIN", "PUK"); code != exitUsage || !strings.Contains(talk, "give one word") {
		t.Errorf("two words: exit code %d, %s", code, talk)
	}
	if _, _, code := explainIn(t, t.TempDir(), "PIN", "--format", "json"); code != exitUsage {
		t.Errorf("an unknown format: exit code %d", code)
	}
}

func TestExplainKnowsTheProjectsKeywords(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "[[keyword]]\nname = \"OurTemplate\"\nsection = \"Application\"\nlike = \"CertTempl\"\ndoc = \"The old name.\\u001b[2J\"\n\n[[keyword]]\nname = \"OurWord\"\nsection = \"Description\"\nkind = \"text\"\n")
	below := filepath.Join(dir, "cards")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	out, talk, code := explainIn(t, below, "ourtemplate", "--format", "markdown")
	for _, want := range []string{"# OurTemplate\n", "The old name.", "the same as `CertTempl`", "declared in ", "inscribe.toml"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("exit code %d, %q is missing in %s%s", code, want, out, talk)
		}
	}
	if strings.ContainsRune(out, '\x1b') {
		t.Errorf("a control character of the file reaches the terminal: %q", out)
	}
	if out, _, _ := explainIn(t, below, "OurWord"); !strings.Contains(out, "does nothing with it") {
		t.Errorf("a word without a meaning: %s", out)
	}
}

func TestExplainWorksBesideABrokenConfiguration(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "[severity]\nno-such-code = \"off\"\n")
	out, talk, code := explainIn(t, dir, "unused-field")
	if code != exitOK || !strings.Contains(out, "nothing uses") || !strings.Contains(talk, "no-such-code") {
		t.Errorf("exit code %d\n%s\n%s", code, out, talk)
	}
}

func write(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "inscribe.toml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
