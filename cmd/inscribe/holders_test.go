//go:build cgo && linux

package main

import (
	"strings"
	"testing"
)

// forNamed is a key with a certificate for a holder, and nothing else of theirs.
const forNamed = "[Fields]\nCARD=\nNAME=\n\n[Description]\nPKCS11Library=yourMiddleware.dll\nPIN=CARD\nApplicationList=A\n\n[Application_A]\nECCurve=P-256\nCertTempl=auth\n"

const namedSubject = "[certificate.auth]\nsubject = \"CN={NAME}\"\nkey-usage = [\"digitalSignature\"]\n"

// TestRowIsFinishedForItsHolder: a row that was cut off when its key was made and its
// certificate not yet asked for is not finished with the values of another one, by apply
// or by another batch, and what the refusals say leads out.
func TestRowIsFinishedForItsHolder(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 1, 0)
	m.file("inscribe.toml", namedSubject)
	description := m.file("one.dsc", forNamed)
	batch := []string{"batch", description, "--data", m.file("rows.csv", "NAME\nada\nbob\n"), "--field", "CARD=env:CARD_PIN", "--wait", "0"}
	apply := []string{"apply", description, "--token", "CARD-1", "--field", "CARD=env:CARD_PIN"}
	m.moduleEnv = map[string]string{"SHIM_LOG": m.dir + "/calls", "SHIM_KILL": "3:after"}
	if o := m.run(batch...); o.code != -1 {
		t.Fatal(o)
	}
	m.moduleEnv = map[string]string{}
	m.must(exitRefused, append(apply, "--field", "NAME=bob"), "an unfinished run of this plan for another holder", "--abandon", "--existing replace")
	o := m.must(exitBatch, append(batch, "--batch", "other"), "an unfinished run of this plan outside this batch", "move its journal away")
	if strings.Contains(o.stderr+o.stdout, "--abandon") {
		t.Errorf("a batch has no such flag: %s", o)
	}
	m.must(exitOK, []string{"tokens"}, "inscribe batch with the same description, data, values and name (one); or inscribe apply with the same description and values;")
	m.must(exitOK, append(apply, "--field", "NAME=ada"), "CN=ada")
	m.must(exitBatch, batch, "1 of 2 done, 1 of them earlier")
	m.holds("CARD-1", "1234", 1, 1, 1)

	// Given up, it can be replaced.
	m.must(exitOK, append(apply, "--field", "NAME=bob", "--abandon", "--existing", "replace", "--yes"), "CN=bob")
	m.holds("CARD-1", "1234", 1, 1, 1)
}

// TestReplacingIsFinished: a run that was cut off while it removed what it replaces is
// finished by one that replaces, as tokens says, and by no other.
func TestReplacingIsFinished(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 1, 0)
	m.file("inscribe.toml", namedSubject)
	apply := []string{"apply", m.file("one.dsc", forNamed), "--token", "CARD-1", "--field", "CARD=env:CARD_PIN", "--field", "NAME=ada"}
	replace := append(apply, "--existing", "replace", "--yes")
	m.must(exitOK, apply, "2 written")
	m.moduleEnv = map[string]string{"SHIM_LOG": m.dir + "/calls", "SHIM_KILL": "7:after"}
	if o := m.run(replace...); o.code != -1 {
		t.Fatal(o)
	}
	m.moduleEnv = map[string]string{}
	m.must(exitOK, []string{"tokens"}, "last one begun is op-06 delete", "inscribe apply with the same description and values and --existing replace; or give it up")
	m.must(exitRefused, apply, "an unfinished run of this plan that replaces what is there", "say --existing replace to finish it")
	m.must(exitOK, replace, "0 written, 2 kept, 2 deleted")
	m.holds("CARD-1", "1234", 1, 1, 1)
	m.must(exitOK, apply, "nothing to do")
}
