//go:build cgo && linux

package main

import (
	osexec "os/exec"
	"slices"
	"strings"
	"testing"
)

const initialiseByField = `[Fields]
LAB=
PIN=
PUK=

[Description]
PKCS11Library=yourMiddleware.dll
InitToken=true
InitialPUK=PUK
InitialLabel=LAB
SetPIN=true
PIN=PIN
`

// TestLabelsThatNoTokenKeeps: what would read back otherwise is refused before a token
// is wiped for it, in a dry-run too.
func TestLabelsThatNoTokenKeeps(t *testing.T) {
	m := newMachine(t)
	foreignKey(m, nil)
	for name, c := range map[string]struct{ label, says string }{
		"blank at the end": {"Ada Lovelace ", "the label ends in a blank"},
		"blanks":           {"  ", "the label ends in a blank"},
		"NUL":              {"Ada\x00Lovelace", "the label has a NUL in it"},
		"long":             {strings.Repeat("x", 33), "the label has 33 bytes"},
	} {
		args := []string{"apply", m.file("x.dsc", initialiseByField), "--token", "CARD", "--yes",
			"--field", "LAB=file:" + m.file("label", c.label), "--field", "PIN=env:CARD_PIN", "--field", "PUK=env:CARD_PUK"}
		m.must(exitRefused, append(slices.Clone(args), "--dry-run", "--seed", "plugged"), c.says)
		m.must(exitRefused, args, c.says)
		m.must(exitRefused, append([]string{"plan"}, append(slices.Clone(args[1:2]), args[5:7]...)...), c.says)
		if m.holds("CARD", "1234", 1, 1, 0); t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestKeyWithoutALabel: a key whose label is empty could be neither told from others
// nor replaced.
func TestKeyWithoutALabel(t *testing.T) {
	m := newMachine(t)
	text := strings.Replace(oneKeyOnCurve, "CARD=\n", "CARD=\nLAB=\n", 1) + "KeyLabel=LAB\n"
	args := append([]string{"apply", m.file("x.dsc", text)}, cardField...)
	empty := append(slices.Clone(args), "--field", "LAB=")
	const says = "the label of the key is empty"
	for _, more := range [][]string{nil, {"--existing", "replace", "--yes"}, {"--dry-run"}} {
		m.must(exitRefused, append(slices.Clone(empty), more...), says, "leave it out")
	}
	m.must(exitRefused, []string{"plan", args[1], "--field", "LAB="}, says)
	m.holds("CARD", "1234", 0, 0, 0)
	m.must(exitOK, append(args, "--field", "LAB=Ada"))
	m.must(exitRefused, append(slices.Clone(empty), "--existing", "replace", "--yes"), says)
	m.coherent(m.holds("CARD", "1234", 1, 1, 1))
}

// TestLabelThatReadsBackOtherwise has a module cut the label of a token short. The same
// command goes on with the token that it wiped, however it is named, and takes no other.
func TestLabelThatReadsBackOtherwise(t *testing.T) {
	for _, token := range []string{"CARD", "fresh"} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			before := initialisedTokens(m)
			args := []string{"apply", m.file("x.dsc", initialiseByField), "--token", token, "--yes",
				"--field", "LAB=Ada Lovelace", "--field", "PIN=env:CARD_PIN", "--field", "PUK=env:CARD_PUK"}
			m.moduleEnv["SHIM_CUT"] = "3"
			for range 2 {
				m.must(exitDevice, args, `the token's label reads back as "Ada" and not as "Ada Lovelace"`)
			}
			m.moduleEnv = map[string]string{}
			m.must(exitOK, args, "Applied x.dsc")
			m.opened(true, "Ada Lovelace", "user", "1234")
			if token == "fresh" {
				before++
			}
			if n := initialisedTokens(m); n != before {
				t.Errorf("%d tokens are initialised, want %d", n, before)
			}
		})
	}
}

// initialisedTokens counts the tokens of SoftHSM2 that have a label.
func initialisedTokens(m *machine) int {
	m.Helper()
	cmd := osexec.Command("softhsm2-util", "--show-slots")
	cmd.Env = append(cmd.Environ(), "SOFTHSM2_CONF="+m.env["SOFTHSM2_CONF"])
	out, err := cmd.Output()
	if err != nil {
		m.Fatal(err)
	}
	return strings.Count(string(out), "Initialized:      yes")
}
