package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inProcess runs the command in this process, without a module: plans, checks and
// dry-runs.
func inProcess(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{ctx: context.Background(), stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(k string) string { return env[k] }}
	code = a.run(args)
	return code, out.String(), errs.String()
}

func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const savedDescription = "[Encoding]\nType=1024,Chip\n[Fields]\nPIN=\nSIGN_PIN=\nL=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nSignPIN=SIGN_PIN\nApplicationList=A\n[Application_A]\nECCurve=P-256\nCertTempl=t\nLocation=L\n"

func TestSavedPlan(t *testing.T) {
	dir := t.TempDir()
	dsc := put(t, dir, "card.dsc", savedDescription)
	saved := filepath.Join(dir, "card.plan")
	if code, _, errs := inProcess(t, nil, "plan", dsc, "--profile", "softhsm", "--out", saved); code != 0 {
		t.Fatal(code, errs)
	}
	// The field that was left open is decided at apply.
	code, out, errs := inProcess(t, nil, "apply", saved, "--dry-run", "--field", "L=Signature")
	if code != 0 || !strings.Contains(out, "signature") {
		t.Fatalf("%d\n%s%s", code, out, errs)
	}
	if code, _, errs = inProcess(t, nil, "apply", saved, "--dry-run", "--field", "L=Sigature"); code != exitRefused || !strings.Contains(errs, "nearly spells") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, errs = inProcess(t, nil, "apply", saved, "--dry-run"); code != exitRefused || !strings.Contains(errs, "L decides the slot") {
		t.Errorf("%d %s", code, errs)
	}

	raw, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	// A bound field stays bound.
	bound := filepath.Join(dir, "bound.plan")
	if code, _, errs := inProcess(t, nil, "plan", dsc, "--profile", "softhsm", "--field", "L=x", "--out", bound); code != 0 {
		t.Fatal(code, errs)
	}
	if code, _, errs := inProcess(t, nil, "apply", bound, "--dry-run", "--field", "L=Signature"); code != exitRefused || !strings.Contains(errs, "bound in the saved plan") {
		t.Errorf("%d %s", code, errs)
	}
	if code, out, _ := inProcess(t, nil, "apply", bound, "--dry-run"); code != 0 || strings.Contains(out, "signature ") {
		t.Errorf("%d %s", code, out)
	}

	// Every byte that is changed is refused.
	for i := 0; i < len(raw); i += 7 {
		bad := bytes.Clone(raw)
		bad[i] ^= 0x01
		path := put(t, dir, "bad.plan", string(bad))
		if code, _, _ := inProcess(t, nil, "apply", path, "--dry-run", "--field", "L=x"); code == 0 {
			t.Errorf("byte %d changed (%q) and the plan runs", i, raw[max(0, i-20):min(len(raw), i+20)])
		}
	}
	if code, _, _ := inProcess(t, nil, "apply", put(t, dir, "blank.plan", "\n"+string(raw)), "--dry-run", "--field", "L=x"); code != exitRefused {
		t.Error("a plan with a blank line before it runs")
	}

	// A damaged one is refused by whatever reads it.
	damaged := put(t, dir, "damaged.plan", strings.Replace(string(raw), "genkey", "genkez", 1))
	for _, args := range [][]string{{"plan", damaged}, {"diff", damaged, saved}, {"diff", dsc, damaged}, {"apply", damaged, "--dry-run", "--field", "L=x"}} {
		if code, _, errs := inProcess(t, nil, args...); code != exitRefused || !strings.Contains(errs, "make the plan again") {
			t.Errorf("%v: %d %s", args, code, errs)
		}
	}

	// A stale plan says what changed; a comment changes the description too.
	put(t, dir, "card.dsc", strings.Replace(savedDescription, "P-256", "P-384", 1))
	code, _, errs = inProcess(t, nil, "apply", saved, "--dry-run", "--field", "L=x")
	if code != exitRefused || !strings.Contains(errs, "the description changed") || !strings.Contains(errs, "P-384") {
		t.Errorf("%d %s", code, errs)
	}
	put(t, dir, "card.dsc", savedDescription)
	put(t, dir, "inscribe.toml", "[severity]\nunused-field = \"off\"\n")
	if code, _, errs = inProcess(t, nil, "apply", saved, "--dry-run", "--field", "L=x"); code != exitRefused || !strings.Contains(errs, "inscribe.toml changed") {
		t.Errorf("%d %s", code, errs)
	}
}

func TestARefusedPlanIsNotSaved(t *testing.T) {
	dir := t.TempDir()
	dsc := put(t, dir, "card.dsc", strings.Replace(savedDescription, "SignPIN=SIGN_PIN\n", "", 1))
	saved, example := filepath.Join(dir, "card.plan"), filepath.Join(dir, "case.json")
	code, out, _ := inProcess(t, nil, "plan", dsc, "--profile", "softhsm", "--out", saved)
	if _, err := os.Stat(saved); code != exitRefused || err == nil || !strings.Contains(out, "L decides for the signature slot") {
		t.Errorf("%d %v\n%s", code, err, out)
	}
	// The case in which it fails is a file that anyone can replay.
	if code, _, errs := inProcess(t, nil, "plan", dsc, "--profile", "softhsm", "--counterexample", example); code != exitRefused {
		t.Fatal(code, errs)
	}
	code, _, errs := inProcess(t, nil, "apply", dsc, "--dry-run", "--replay", example)
	if code != exitRefused || !strings.Contains(errs, "op-02 login") || !strings.Contains(errs, "no credential") {
		t.Errorf("%d %s", code, errs)
	}
	other := put(t, dir, "other.dsc", savedDescription)
	if code, _, errs := inProcess(t, nil, "apply", other, "--dry-run", "--replay", example); code != exitRefused || !strings.Contains(errs, "another") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, errs := inProcess(t, nil, "plan", other, "--profile", "softhsm", "--counterexample", example); code != exitUsage || !strings.Contains(errs, "there is none") {
		t.Errorf("%d %s", code, errs)
	}
}

func TestSignedPlans(t *testing.T) {
	dir := t.TempDir()
	dsc := put(t, dir, "card.dsc", savedDescription)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	key := put(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER})))
	put(t, dir, "trusted.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})))
	station := put(t, dir, "station.toml", "[plans]\nsigners = [\"trusted.pem\"]\n[middleware.\"x.dll\"]\nmodule = \"/nowhere.so\"\n")
	bare, signed := filepath.Join(dir, "bare.plan"), filepath.Join(dir, "signed.plan")
	for _, args := range [][]string{{"--out", bare}, {"--out", signed, "--sign", key}} {
		if code, _, errs := inProcess(t, nil, append([]string{"plan", dsc, "--profile", "softhsm"}, args...)...); code != 0 {
			t.Fatal(code, errs)
		}
	}
	for name, c := range map[string]struct{ file, want string }{
		"description": {dsc, "runs signed plans only"},
		"unsigned":    {bare, "is not signed"},
	} {
		code, _, errs := inProcess(t, nil, "apply", c.file, "--station", station, "--field", "L=x")
		if code != exitRefused || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", name, code, errs)
		}
	}
	// The signed one gets past the seal: to the module, which is not there.
	if code, _, errs := inProcess(t, nil, "apply", signed, "--station", station, "--field", "L=x"); code != exitDevice || !strings.Contains(errs, "nowhere.so") {
		t.Errorf("%d %s", code, errs)
	}
	if code, out, errs := inProcess(t, nil, "apply", signed, "--dry-run", "--field", "L=x"); code != 0 {
		t.Errorf("%d %s%s", code, out, errs)
	}
	raw, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	forged := put(t, dir, "forged.plan", strings.Replace(string(raw), `"sig": "`, `"sig": "AAAA`, 1))
	if code, _, errs := inProcess(t, nil, "apply", forged, "--station", station, "--field", "L=x"); code != exitRefused || !strings.Contains(errs, "no signature is by a key") {
		t.Errorf("%d %s", code, errs)
	}
}
