//go:build cgo && linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/plan"
)

const savedContent = "[Fields]\nCARD=\nDATA=\nCERT=\nLABEL=\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=AB\nPIN=CARD\n[Application_A]\nDataObject=DATA\nLabelExpressionDataObject=for !{LABEL}\nAttributesDataObject=CKA_PRIVATE=FALSE\n[Application_B]\nWriteCertificate=true\nCertificate=CERT\n"

// TestSavedPlanOfContent: a saved plan holds no content, so a run must be given it, and
// takes no other than the plan was made with.
func TestSavedPlanOfContent(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dsc, saved := m.file("x.dsc", savedContent), filepath.Join(m.dir, "plan.json")
	cert, _ := makeCertificate(t, "Ada")
	m.file("ada.crt", cert)
	other, _ := makeCertificate(t, "Ada")
	m.file("other.crt", other)
	content := []string{"--field", "DATA=aGVsbG8=", "--field", "CERT=file:ada.crt"}
	m.must(exitOK, append([]string{"plan", dsc, "--profile", "softhsm", "--out", saved, "--field", "LABEL=Ada", "--field", "CARD=env:CARD_PIN"}, content...), "Needs: CARD, CERT, DATA\n")

	raw, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	var pl plan.Plan
	if err := json.Unmarshal(raw, &pl); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(pl.Needs, []string{"CARD", "CERT", "DATA"}) || len(pl.Bindings) != 1 {
		t.Errorf("needs %v, bindings %v", pl.Needs, pl.Bindings)
	}
	for _, f := range pl.Fields {
		if want := f.Name == "DATA" || f.Name == "CERT"; !f.Bound || want != (f.SHA256 != "") {
			t.Errorf("%+v", f)
		}
	}
	if strings.Contains(string(raw), "aGVsbG8=") || strings.Contains(string(raw), "1234") {
		t.Errorf("the plan holds content or a secret:\n%s", raw)
	}

	rows := func(text string) []string {
		return []string{"batch", saved, "--data", m.file("rows.csv", "#,CARD,DATA,CERT\n"+text)}
	}
	card := []string{"--field", "CARD=env:CARD_PIN"}
	evil, wrong := slices.Concat(card, []string{"--field", "DATA=RVZJTA==", "--field", "CERT=file:ada.crt"}), "field DATA holds other content than when the plan was made"
	for _, c := range []struct {
		args []string
		says string
	}{
		{slices.Concat([]string{"apply", saved}, card), "no value for CERT, DATA"},
		{slices.Concat([]string{"apply", saved}, content), "no value for CARD"},
		{slices.Concat([]string{"apply", saved, "--dry-run", "--seed", "plugged"}, card), "no value for CERT, DATA"},
		{slices.Concat([]string{"apply", saved}, evil), wrong},
		{slices.Concat([]string{"apply", saved, "--dry-run"}, evil), wrong},
		{slices.Concat([]string{"apply", saved}, card, []string{"--field", "DATA=aGVsbG8=", "--field", "CERT=file:other.crt"}), "field CERT holds other content"},
		{slices.Concat([]string{"verify", saved}, evil), wrong},
		{slices.Concat([]string{"verify", saved}, card), "no value for DATA"},
		{rows("1,1234,RVZJTA==,file:ada.crt\n"), wrong},
		{[]string{"batch", saved, "--data", m.file("short.csv", "#,CARD,CERT\n1,1234,file:ada.crt\n")}, "no value for DATA"},
	} {
		m.must(exitRefused, c.args, c.says)
	}
	if objects, err := m.objects("CARD", "1234"); err != nil || len(objects) > 0 {
		t.Fatalf("a refused run wrote %v (%v)", objects, err)
	}

	// A plan of other content is another one, a description is none.
	evilPlan := filepath.Join(m.dir, "evil.json")
	m.must(exitOK, slices.Concat([]string{"plan", dsc, "--profile", "softhsm", "--out", evilPlan, "--field", "LABEL=Ada"}, evil))
	m.must(exitFindings, []string{"diff", saved, evilPlan}, "field DATA", "content with the SHA-256")
	m.must(exitOK, []string{"diff", saved, dsc})
	m.must(exitFindings, append([]string{"diff", saved, dsc}, evil[2:]...), "field DATA")
	// Nor can a digest be put where none belongs.
	pl.Fields[0].SHA256 = fmt.Sprintf("%064d", 0)
	pl.Seal()
	m.must(exitRefused, slices.Concat([]string{"apply", m.file("forged.json", string(pl.JSON()))}, card, content), "does not belong to")

	m.must(exitOK, slices.Concat([]string{"apply", saved}, card, content), "2 written")
	m.must(exitOK, slices.Concat([]string{"verify", saved}, card, content), "0 drifted")
	m.must(exitFindings, slices.Concat([]string{"verify", dsc, "--field", "LABEL=Ada"}, evil), "data object")
}
