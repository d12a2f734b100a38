//go:build cgo && linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	latin    = "M\xfcller" // Müller, in Windows-1252
	latinURI = "pkcs11:token=M%FCller"
	shown    = "M%FCller"
)

// newLatinMachine is a machine with one more token, whose label is no UTF-8.
func newLatinMachine(t *testing.T) *machine {
	m := newMachine(t)
	if err := m.makeToken(testToken{latin, "1234", "11112222"}); err != nil {
		t.Fatal(err)
	}
	m.file("inscribe.toml", labelled)
	return m
}

// TestTriesOfALabelThatIsNoUTF8: wrong PINs are counted, where the label tells tokens apart.
func TestTriesOfALabelThatIsNoUTF8(t *testing.T) {
	t.Parallel()
	m := newLatinMachine(t)
	m.env["PIN"] = "4321"
	args := []string{"apply", m.file("x.dsc", dataObject), "--profile", "generic", "--token", latin, "--field", "PIN=env:PIN", "--field", "CERT=aGVsbG8="}
	for range 2 {
		m.must(exitDevice, args, "CKR_PIN_INCORRECT")
	}
	for _, token := range []string{latin, latinURI, shown} {
		args[5] = token
		m.must(exitRefused, args, "earlier runs showed this token 2 wrong PINs")
	}
	m.must(exitOK, []string{"tokens"}, shown)
}

// TestKilledOnALabelThatIsNoUTF8: what is begun on such a token is known to the next run.
func TestKilledOnALabelThatIsNoUTF8(t *testing.T) {
	for _, cut := range []string{"before", "after"} {
		t.Run("key "+cut, func(t *testing.T) {
			t.Parallel()
			m := newLatinMachine(t)
			args := append([]string{"apply", m.file("x.dsc", oneKeyOnCurve), "--profile", "labelled", "--token", latinURI}, cardField...)
			if call := m.killed(2, cut, args); call != "C_GenerateKeyPair" {
				t.Fatal(call)
			}
			m.must(exitOK, args)
			m.holds(latin, "1234", 1, 1, 1)
			m.must(exitOK, args, "nothing to do")
		})
		t.Run("PIN "+cut, func(t *testing.T) {
			t.Parallel()
			m := newLatinMachine(t)
			m.env["OLD_PIN"], m.env["NEW_PIN"] = "1234", "9988"
			args := []string{"apply", m.file("x.dsc", "[Description]\nPKCS11Library=yourMiddleware.dll\nSetPIN=true\nPIN=!FROM_USER_DIALOG_3_FIELD\n"),
				"--profile", "labelled", "--token", latinURI, "--answer", "PIN.old=env:OLD_PIN", "--answer", "PIN=env:NEW_PIN"}
			if call := m.killed(1, cut, args); call != "C_SetPIN" {
				t.Fatal(call)
			}
			m.must(exitOK, args)
			m.opened(true, latin, "user", "9988")
		})
	}
}

// TestBatchOnALabelThatIsNoUTF8: a token that has a row gets no second one, and a batch
// whose name is no UTF-8 knows its rows.
func TestBatchOnALabelThatIsNoUTF8(t *testing.T) {
	t.Parallel()
	m := newLatinMachine(t)
	text := strings.Replace(oneKeyOnCurve, "CARD=\n", "CARD=\nNAME=\n", 1) + "KeyLabel=NAME\n"
	data := "NAME,CARD\nAda,env:CARD_PIN\n"
	args := []string{"batch", m.file("m\xfcller.dsc", text), "--profile", "labelled", "--token", "pkcs11:token=M%FC*", "--data", m.file("rows.csv", data)}
	m.must(exitOK, args, "1 of 1 done")
	m.must(exitOK, args, "nothing to do")
	m.file("rows.csv", data+"Grace,env:CARD_PIN\n")
	m.must(exitBatch, args, "1 of 2 done, 1 of them earlier; 1 left")
	m.holds(latin, "1234", 1, 1, 1)
}

// TestInitialisedWithALabelThatIsNoUTF8: a token that gets no label keeps what it is called.
func TestInitialisedWithALabelThatIsNoUTF8(t *testing.T) {
	t.Parallel()
	m := newLatinMachine(t)
	long := strings.Repeat("\xfc", 20)
	if err := m.makeToken(testToken{long, "1234", "11112222"}); err != nil {
		t.Fatal(err)
	}
	m.env["PUK"] = "11112222"
	text := strings.Replace(strings.Replace(initialiseByField, "InitialLabel=LAB\n", "", 1), "LAB=\n", "", 1)
	args := []string{"apply", m.file("x.dsc", text), "--yes", "--field", "PIN=env:CARD_PIN", "--field", "PUK=env:PUK", "--token"}
	m.must(exitRefused, append(slices.Clone(args), long), "the token cannot keep its label", "the label has 60 bytes", "InitialLabel")
	m.opened(true, long, "user", "1234")
	m.must(exitOK, append(slices.Clone(args), latin))
	m.must(exitOK, []string{"tokens"}, shown)
}

// TestValuesThatAreNoUTF8 are refused where they would come to be on a token, or in a
// journal, and the file that has them is told.
func TestValuesThatAreNoUTF8(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	key := strings.Replace(oneKeyOnCurve, "CARD=\n", "CARD=\nLAB=\n", 1) + "KeyLabel=LAB\n"
	label := m.file("label", latin)
	const way = "iconv -f WINDOWS-1252 -t UTF-8"
	for name, text := range map[string]string{"key": key, "token": initialiseByField} {
		args := []string{m.file("x.dsc", text), "--field", "LAB=file:" + label}
		m.must(exitRefused, append([]string{"plan"}, args...), "value of LAB: it is no UTF-8", way)
		if name == "key" {
			m.must(exitRefused, append(append([]string{"apply"}, args...), cardField...), "value of LAB: it is no UTF-8", way)
		}
	}
	file := m.file("x.dsc", key)
	for name, c := range map[string]struct{ text, place string }{
		"cell":       {"LAB,CARD\nAda,env:CARD_PIN\nZo\xeb,env:CARD_PIN\n", "3:3"},
		"after an é": {"LAB,CARD\nEvé " + latin + ",env:CARD_PIN\n", "2:6"},
		"header":     {"L\xc4B,CARD\nAda,env:CARD_PIN\n", "1:2"},
		"UTF-16":     {"\xff\xfeL\x00A\x00B\x00", "1:1"},
		"a PIN":      {"LAB,CARD\nAda,\xe41234\n", "2:5"},
	} {
		rows := m.file("rows.csv", c.text)
		if o := m.must(exitUsage, []string{"batch", file, "--token", "CARD", "--data", rows}, fmt.Sprintf("%s:%s: this is no UTF-8", rows, c.place), way); t.Failed() {
			t.Fatal(name, o)
		}
	}
	fields := m.file("fields.json", "{\n \"CARD\": \"env:CARD_PIN\",\n \"LAB\": \""+latin+"\"}")
	m.must(exitUsage, []string{"plan", file, "--fields", fields}, fields+":3:11: this is no UTF-8", way)
	m.holds("CARD", "1234", 0, 0, 0)
}
