//go:build linux

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tool runs a program of OpenSC on the cards of a lab.
func tool(t *testing.T, l *Lab, name string, args ...string) (string, error) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(append(os.Environ(), l.Env()...), "LC_ALL=C")
	out, err := c.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, l *Lab, name string, args ...string) string {
	t.Helper()
	out, err := tool(t, l, name, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

func start(t *testing.T, cards int) *Lab {
	t.Helper()
	l, err := Start(t.TempDir(), cards)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// TestTwoSlotsOfOneCard: OpenSC makes a slot of each user PIN, with one serial
// number.
func TestTwoSlotsOfOneCard(t *testing.T) {
	l := start(t, 2)
	for i, label := range []string{"LAB", "OTHER"} {
		v := DefaultValues()
		v.Label = label
		if err := l.Personalise(i, v); err != nil {
			t.Fatal(err)
		}
	}
	list := must(t, l, "pkcs11-tool", "--module", OpenSC, "-L")
	var labels, serials []string
	for line := range strings.Lines(list) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch strings.TrimSpace(name) {
		case "token label":
			labels = append(labels, strings.TrimSpace(value))
		case "serial num":
			serials = append(serials, strings.TrimSpace(value))
		}
	}
	if strings.Join(labels, ", ") != "LAB (User PIN), LAB (Signature PIN), OTHER (User PIN), OTHER (Signature PIN)" {
		t.Errorf("%v\n%s", labels, list)
	}
	if len(serials) != 4 || serials[0] != serials[1] || serials[2] != serials[3] || serials[0] == serials[2] {
		t.Errorf("%v", serials)
	}
}

// TestOpenSCKnowsTheCard lets OpenSC test each mechanism on the card, make keys
// and import some.
func TestOpenSCKnowsTheCard(t *testing.T) {
	l := start(t, 1)
	v := DefaultValues()
	if err := l.Personalise(0, v); err != nil {
		t.Fatal(err)
	}
	in := func(args ...string) []string {
		return append([]string{"--module", OpenSC, "--token-label", "LAB (User PIN)", "--login", "--pin", v.PIN}, args...)
	}
	dir := t.TempDir()
	text, signature := filepath.Join(dir, "text"), filepath.Join(dir, "signature")
	if err := os.WriteFile(text, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for id, kind := range map[string]string{"11": "rsa:2048", "12": "rsa:3072", "13": "EC:prime256v1", "14": "EC:secp384r1", "15": "EC:secp521r1"} {
		must(t, l, "pkcs11-tool", in("--keypairgen", "--key-type", kind, "--id", id, "--label", "key "+id)...)
		mechanism := "ECDSA-SHA256"
		if strings.HasPrefix(kind, "rsa") {
			mechanism = "SHA256-RSA-PKCS"
		}
		must(t, l, "pkcs11-tool", in("--sign", "--mechanism", mechanism, "--id", id, "--signature-format", "openssl", "--input-file", text, "--output-file", signature)...)
		public := filepath.Join(dir, "public"+id)
		if err := os.WriteFile(public, []byte(must(t, l, "pkcs15-tool", "--read-public-key", id)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := must(t, l, "openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, text); !strings.Contains(out, "Verified OK") {
			t.Errorf("%s: %s", kind, out)
		}
	}
	if out := must(t, l, "pkcs11-tool", in("--test")...); !strings.Contains(out, "No errors") {
		t.Error(out)
	}
	for id, algorithm := range map[string]string{"21": "RSA", "22": "EC"} {
		key := filepath.Join(dir, id+".pem")
		option := "rsa_keygen_bits:2048"
		if algorithm == "EC" {
			option = "ec_paramgen_curve:P-256"
		}
		must(t, l, "openssl", "genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", key)
		must(t, l, "pkcs15-init", "--store-private-key", key, "--id", id, "--auth-id", "01", "--pin", v.PIN)
	}
	if out := must(t, l, "pkcs15-tool", "--list-keys"); strings.Count(out, "Private RSA Key") != 3 || strings.Count(out, "Private EC Key") != 4 {
		t.Error(out)
	}
}

// TestSignatureSlotNeedsBothLogins is what the fact of that name rests on.
func TestSignatureSlotNeedsBothLogins(t *testing.T) {
	l := start(t, 1)
	v := DefaultValues()
	if err := l.Personalise(0, v); err != nil {
		t.Fatal(err)
	}
	files := len(l.Cards[0].FileIDs())
	out, err := tool(t, l, "pkcs11-tool", "--module", OpenSC, "--token-label", "LAB (Signature PIN)", "--login", "--pin", v.SignPIN, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "01")
	if err == nil || !strings.Contains(out, "CKR_GENERAL_ERROR") {
		t.Errorf("%v\n%s", err, out)
	}
	if now := len(l.Cards[0].FileIDs()); now != files {
		t.Errorf("%d files, before %d", now, files)
	}
}

// TestPullAndInsert: programs see the card go and come.
func TestPullAndInsert(t *testing.T) {
	l := start(t, 1)
	if err := l.Personalise(0, DefaultValues()); err != nil {
		t.Fatal(err)
	}
	sees := func(want bool) {
		t.Helper()
		out := ""
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if out = must(t, l, "pkcs11-tool", "--module", OpenSC, "-L"); strings.Contains(out, "LAB (Signature PIN)") == want {
				return
			}
		}
		t.Errorf("want the card to be there: %v\n%s", want, out)
	}
	sees(true)
	for range 3 {
		l.Readers[0].Pull()
		sees(false)
		if err := l.Readers[0].Insert(); err != nil {
			t.Fatal(err)
		}
		sees(true)
	}
}

// TestLabsStandBesideEachOther: each has a daemon of its own, which ends with it.
func TestLabsStandBesideEachOther(t *testing.T) {
	one, two := start(t, 1), start(t, 1)
	for label, l := range map[string]*Lab{"ONE": one, "TWO": two} {
		v := DefaultValues()
		v.Label = label
		if err := l.Personalise(0, v); err != nil {
			t.Fatal(err)
		}
	}
	for label, l := range map[string]*Lab{"ONE": one, "TWO": two} {
		out := must(t, l, "pkcs11-tool", "--module", OpenSC, "-L")
		if !strings.Contains(out, label+" (User PIN)") || strings.Count(out, "token label") != 2 {
			t.Errorf("%s: %s", label, out)
		}
	}
	one.Close()
	if out := must(t, two, "pkcs11-tool", "--module", OpenSC, "-L"); strings.Count(out, "token label") != 2 {
		t.Errorf("the other lab closed: %s", out)
	}
}

func TestWrongNumberOfCards(t *testing.T) {
	for _, n := range []int{0, 3} {
		if _, err := Start(t.TempDir(), n); err == nil {
			t.Errorf("%d cards", n)
		}
	}
}
