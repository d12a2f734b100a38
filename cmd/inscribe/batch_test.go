//go:build cgo && linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// perHolder is for one row: two keys with certificates in the default slot, of which
// one has the holder's name, and one in the signature slot.
const perHolder = `[Fields]
CARD=
SIGN=
NAME=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=ABC
PIN=CARD
SignPIN=SIGN

[Application_A]
ECCurve=P-256
CertTempl=auth
KeyLabel=NAME

[Application_B]
ECCurve=P-256
CertTempl=auth

[Application_C]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

const pairs = `[middleware."yourMiddleware.dll"]
module = "` + module + `"
default.token = "pkcs11:token=CARD-*"
signature.token = "pkcs11:token=SIGN-*"
`

// batchMachine is a machine with pairs of tokens.
type batchMachine struct {
	*machine
	args []string // of the batch
}

func (m *batchMachine) events() []timedEvent { return m.timed(filepath.Join(m.dir, "events")) }

// holders are those of the rows; each has a name that is no beginning of another.
var holders = []string{"ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"}

func newBatchMachine(t testing.TB, pairsOfTokens, rows int) *batchMachine {
	t.Helper()
	needTools(t)
	m := &batchMachine{machine: &machine{TB: t, dir: t.TempDir(), moduleEnv: map[string]string{}, station: pairs}}
	m.env = environment(m.dir)
	m.reader = reader{m.env["SOFTHSM2_CONF"]}
	if err := makeSoftHSM(m.dir); err != nil {
		t.Fatal(err)
	}
	for n := range pairsOfTokens {
		m.newPair(n + 1)
	}
	data := "NAME,CARD,SIGN\n"
	for _, name := range holders[:rows] {
		data += name + ",env:CARD_PIN,env:SIGN_PIN\n"
	}
	m.args = []string{"batch", m.file("cards.dsc", perHolder), "--data", m.file("rows.csv", data), "--events", filepath.Join(m.dir, "events")}
	return m
}

// pairsMade are the folders of pairs of tokens by their number. Making tokens is slow
// work of others, so every machine gets copies of the same ones.
var pairsMade sync.Map

// newPair puts the nth pair of tokens there.
func (m *batchMachine) newPair(n int) {
	m.Helper()
	made, _ := pairsMade.LoadOrStore(n, sync.OnceValues(func() (string, error) {
		dir := filepath.Join(tokensOnce(m), fmt.Sprint("pair-", n))
		tokens := cardAndSign()
		for i := range tokens {
			tokens[i].label += fmt.Sprint("-", n)
		}
		return dir, makeSoftHSM(dir, tokens...)
	}))
	dir, err := made.(func() (string, error))()
	if err == nil {
		err = os.CopyFS(filepath.Join(m.dir, "tokens"), os.DirFS(filepath.Join(dir, "tokens")))
	}
	if err != nil {
		m.Fatal(err)
	}
}

// settled gives the holders by the number of their pair, and demands that each pair
// holds all that one row puts there, or nothing.
func (m *batchMachine) settled(pairs int) map[string]int {
	m.Helper()
	out := map[string]int{}
	for n := 1; n <= pairs; n++ {
		pair := fmt.Sprint("-", n)
		card, err := m.objects("CARD"+pair, "1234")
		if err != nil {
			m.Fatal(err)
		}
		sign, err := m.objects("SIGN"+pair, "5678")
		if err != nil {
			m.Fatal(err)
		}
		if len(card)+len(sign) == 0 {
			continue
		}
		for _, objects := range [][]object{card, sign} {
			m.coherentOn(pair, objects)
		}
		for _, kind := range []string{"private", "public", "cert"} {
			if count(card, kind) != 2 || count(sign, kind) != 1 {
				m.Errorf("pair %d holds other than 3 key pairs with certificates: %v, %v", n, card, sign)
			}
		}
		for _, o := range card {
			if o.kind != "cert" || o.label == "auth" {
				continue
			}
			if other, twice := out[o.label]; twice {
				m.Errorf("%s is on the pairs %d and %d", o.label, other, n)
			}
			out[o.label] = n
		}
	}
	return out
}

// timedEvent is a line of --events.
type timedEvent struct {
	Time      time.Time
	Row       int
	ID, State string
}

// timed reads the events of a batch.
func (m *machine) timed(file string) (out []timedEvent) {
	m.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		m.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		var e timedEvent
		if err := json.Unmarshal(line, &e); err != nil {
			m.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// mostAtOnce is how many rows had an op at work at one moment.
func mostAtOnce(events []timedEvent) int {
	most, at := 0, map[int]bool{}
	for _, e := range events {
		at[e.Row] = e.State == "start"
		n := 0
		for _, working := range at {
			if working {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// TestBatch does rows on all pairs at once, the rows that are left on pairs that are
// made later, and then nothing.
func TestBatch(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 4, 6)
	m.moduleEnv["SHIM_SLOW"] = "300"
	m.must(exitBatch, m.args, "Batch cards: 4 of 6 done; 2 left", "no token is left")
	if got := m.settled(4); len(got) != 4 {
		t.Errorf("%v", got)
	}
	if n := mostAtOnce(m.events()); n != 4 {
		t.Errorf("%d rows had an op at work at once, want 4", n)
	}
	m.moduleEnv = map[string]string{}
	m.newPair(5)
	m.newPair(6)
	m.must(exitOK, m.args, "Batch cards: 6 of 6 done, 4 of them earlier")
	want := m.settled(6)
	if len(want) != 6 {
		t.Errorf("%v", want)
	}
	// A new row at the top and another order change nothing for the others, which have
	// no token left.
	m.must(exitOK, m.args, "6 of 6 done, 6 of them earlier; nothing to do")
	m.file("rows.csv", "SIGN,NAME,CARD\nenv:SIGN_PIN,hal,env:CARD_PIN\nenv:SIGN_PIN,fay,env:CARD_PIN\nenv:SIGN_PIN,ada,env:CARD_PIN\n")
	m.must(exitBatch, m.args, "2 of 3 done, 2 of them earlier; 1 left")
	if got := m.settled(6); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v became %v", want, got)
	}
}

// TestBatchHeaderInAnotherSpelling: a column counts as the field that it stands for,
// however it is spelled, so that no row is taken for another one.
func TestBatchHeaderInAnotherSpelling(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 3, 1)
	rows := func(data string) []string {
		m.file("rows.csv", data)
		return m.args
	}
	const values = ",env:CARD_PIN,env:SIGN_PIN\n"
	m.must(exitOK, rows("name,CARD,SIGN\nada"+values), "1 of 1 done")
	m.must(exitOK, rows("name,CARD,SIGN\nbob"+values), "1 of 1 done")
	m.must(exitOK, rows("NAME,CARD,SIGN\nada"+values+"bob"+values), "2 of 2 done, 2 of them earlier")
	if got := m.settled(3); len(got) != 2 {
		t.Errorf("%v", got)
	}
	m.must(exitOK, rows("NAME,CARD,SIGN\nada"+values+"cyd"+values), "2 of 2 done, 1 of them earlier")
	if got := m.settled(3); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestBatchKilled kills the command at calls of the first run that comes there, with
// the other runs where they are. The same command must then end where an undisturbed
// one does.
func TestBatchKilled(t *testing.T) {
	calls := callsOf(t, threeKeys, "CARD=env:CARD_PIN", "SIGN=env:SIGN_PIN")
	for _, n := range torture(t).sample(4, calls) {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprint(n, when), func(t *testing.T) {
				t.Parallel()
				m := newBatchMachine(t, 2, 3)
				// A call of another run must not be torn: SoftHSM2 would leave half a file.
				m.moduleEnv = map[string]string{"SHIM_KILL": fmt.Sprintf("%d:%s", n, when), "SHIM_TURN": m.dir + "/turn"}
				if o := m.run(m.args...); o.code != -1 {
					t.Fatalf("was not killed: %s", o)
				}
				m.moduleEnv = map[string]string{}
				m.must(exitBatch, m.args, "2 of 3 done", "1 left")
				m.newPair(3)
				m.must(exitOK, m.args, "3 of 3 done, 2 of them earlier")
				if got := m.settled(3); len(got) != 3 {
					t.Errorf("%v", got)
				}
			})
		}
	}
}

// TestBatchInterrupted brings the calls under way to their end in every seat, says how
// to go on, and goes on with what was made.
func TestBatchInterrupted(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 3, 3)
	m.moduleEnv["SHIM_SLOW"], m.moduleEnv["SHIM_LOG"] = "1500", m.dir+"/calls"
	c, wait := m.start(m.args...)
	for row := 1; row <= 3; row++ {
		m.event(filepath.Join(m.dir, "events"), fmt.Sprintf(`"row":%d,`, row), `"genkey"`, `"start"`)
	}
	m.inCall("C_GenerateKeyPair", 3)
	if n := mostAtOnce(m.events()); n != 3 {
		t.Errorf("%d rows are at work", n)
	}
	m.must(exitRefused, m.args, `another inscribe is at work on the batch "cards"`)
	if err := syscall.Kill(-c.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if o := wait(); o.code != exitDevice || !strings.Contains(o.stderr, "interrupted; run the same command again to go on") || !strings.Contains(o.stdout, "0 of 3 done; 3 failed") {
		t.Fatalf("%s", o)
	} else if strings.Count(o.stderr, "waiting for C_GenerateKeyPair to end") != 1 {
		t.Errorf("does not say once what it waits for: %s", o)
	}
	var keys []string
	points := func() (out []string) {
		for n := 1; n <= 3; n++ {
			objects, err := m.objects(fmt.Sprint("CARD-", n), "1234")
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range objects {
				if o.kind == "public" && o.label != "auth" {
					out = append(out, o.label+o.point)
				}
			}
		}
		return out
	}
	if keys = points(); len(keys) != 3 {
		t.Errorf("%v: a call was torn off", keys)
	}
	m.moduleEnv = map[string]string{}
	m.must(exitOK, m.args, "3 of 3 done")
	if m.settled(3); !slices.Equal(keys, points()) {
		t.Error("a key was made anew")
	}
}

// TestBatchFails: a row whose PIN is wrong takes its token out of the batch and stops
// nobody else; too many of them stop the batch.
func TestBatchFails(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 3, 3)
	m.env["WRONG"] = "9999"
	m.file("rows.csv", "NAME,CARD,SIGN\nada,env:WRONG,env:SIGN_PIN\nbob,env:CARD_PIN,env:SIGN_PIN\ncyd,env:CARD_PIN,env:SIGN_PIN\ndan,env:CARD_PIN,env:SIGN_PIN\n")
	o := m.must(exitBatch, append(m.args, "--max-failures", "1"), "field CARD is wrong; it is not tried again")
	if !strings.Contains(o.stdout, "row 1  failed") || !strings.Contains(o.stderr, "stopped after 1 failures") && !strings.Contains(o.stdout, "2 of 4 done") {
		t.Error(o)
	}
	m.settled(3)
	m.env["WRONG"] = "1234"
	m.must(exitBatch, m.args, "3 of 4 done")
	m.settled(3)
}

// TestBatchRefusesBeforeATokenIsTouched: what is wrong with the data is said at once,
// each with its place, and nothing was done.
func TestBatchRefusesBeforeATokenIsTouched(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 2, 2)
	before := m.tokenFiles()
	const good = "ada,env:CARD_PIN,env:SIGN_PIN\n"
	for _, c := range []struct {
		name, data string
		code       int
		args       []string
		says       []string
	}{
		{name: "empty", data: "", code: exitUsage, says: []string{"rows.csv is empty"}},
		{name: "no such field", data: "NAME,CRAD,SIGN\n" + good, code: exitUsage, says: []string{"rows.csv:1: column 2: the description has no field CRAD; is it CARD?"}},
		{name: "a field twice", data: "NAME,CARD,CARD\n" + good, code: exitUsage, says: []string{"rows.csv:1: column 3: CARD is there twice"}},
		{name: "a note twice", data: "#n,#n,NAME,CARD,SIGN\n1,2," + good, code: exitUsage, says: []string{"rows.csv:1: column 2: #n is there twice"}},
		{name: "a field in two spellings", data: "NAME,CARD,name\n" + good, code: exitUsage, says: []string{"rows.csv:1: column 3: NAME and name are both NAME, which takes one value"}},
		{name: "a field in another spelling for all rows too", data: "NAME,CARD,sign\n" + good, args: []string{"--field", "Sign=env:SIGN_PIN"}, code: exitUsage, says: []string{"field SIGN has a column, and is given for all rows too"}},
		{name: "a field for all rows too", data: "NAME,CARD,SIGN\n" + good, args: []string{"--field", "SIGN=env:SIGN_PIN"}, code: exitUsage, says: []string{"field SIGN has a column, and is given for all rows too"}},
		{name: "semicolons", data: "NAME;CARD;SIGN\n", code: exitUsage, says: []string{"commas are wanted"}},
		{name: "a short line", data: "NAME,CARD,SIGN\nada\n", code: exitUsage, says: []string{"line 2", "wrong number of fields"}},
		{name: "all that is wrong with the rows", code: exitRefused,
			data: "NAME,CARD,SIGN\nada,env:NOWHERE,env:SIGN_PIN\nbob,prompt,env:SIGN_PIN\n" + good,
			says: []string{"rows.csv:2:5: row 1, column CARD: value of CARD: the environment has no variable NOWHERE", "rows.csv:3:5: row 2, column CARD: a batch asks nobody", "rows.csv:4: row 3: it is the same as row 1"}},
		{name: "lengths", data: "NAME,CARD,SIGN\nada,env:CARD_PIN,123\nbob,12,env:SIGN_PIN\n", code: exitRefused, says: []string{"rows.csv:2: row 1: ", "field SIGN has fewer than 4 characters", "rows.csv:3: row 2: ", "field CARD has fewer than 4"}},
		{name: "cells, lengths and plans at once", data: "NAME,CARD,SIGN\nada,12,env:SIGN_PIN\nbob,env:NOWHERE,env:SIGN_PIN\n" + good, code: exitRefused,
			says: []string{"rows.csv:2: row 1: field CARD has fewer than 4 characters", "rows.csv:3:5: row 2, column CARD: value of CARD: the environment has no variable NOWHERE", "rows.csv:4: row 3: it is the same as row 1"}},
		{name: "no value", data: "NAME,CARD\nada,env:CARD_PIN\n", code: exitRefused, says: []string{"row 1: no value for SIGN; add a column"}},
		{name: "half a pair of stars", data: "NAME,CARD,SIGN\n" + good, args: []string{"--signature-token", "SIGN-1"}, code: exitUsage, says: []string{"only one of"}},
		{name: "a module that is none", data: "NAME,CARD,SIGN\n" + good, args: []string{"--module", "/nowhere.so"}, code: exitDevice, says: []string{"/nowhere.so"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m.file("rows.csv", c.data)
			m.machine.TB = t
			m.must(c.code, append(slices.Clone(m.args), c.args...), c.says...)
		})
	}
	m.machine.TB = t
	if !bytes.Equal(before, m.tokenFiles()) {
		t.Error("a token was touched")
	}
	if journals, _ := filepath.Glob(filepath.Join(m.dir, "state", "runs", "*", "*.jsonl")); journals != nil {
		t.Errorf("there are journals: %v", journals)
	}
	m.file("dialog.dsc", "[Description]\nPKCS11Library=yourMiddleware.dll\nSetPIN=true\nPIN=!FROM_USER_DIALOG_3_FIELD\n")
	m.file("rows.csv", "#number\n1\n2\n")
	dialog := []string{"batch", filepath.Join(m.dir, "dialog.dsc"), "--data", filepath.Join(m.dir, "rows.csv")}
	m.must(exitRefused, dialog, "a batch asks nobody", "--answer PIN=… --answer PIN.old=…")
	m.must(exitUsage, dialog[:2], "--data FILE")
	m.must(exitUsage, []string{"batch", "-", "--data", "-"}, "not both")
	m.must(exitUsage, append(dialog, "--events", "-"), "give a FILE")
	m.must(exitUsage, append(dialog, "--format", "xml"), "text or json")
	// With answers it is done, each row on a token of its own.
	m.env["NEW"] = "4321"
	m.must(exitOK, append(dialog, "--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:NEW"), "2 of 2 done")
	for _, token := range []string{"CARD-1", "CARD-2"} {
		m.opened(true, token, "user", "4321")
	}
	m.must(exitOK, append(dialog, "--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:NEW"), "nothing to do")
}

// TestBatchInitialises takes fresh tokens, as many as there are rows, and tokens by
// their labels, which are others afterwards.
func TestBatchInitialises(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 0, 0)
	text := "[Fields]\nPUK=\nCARD=\nNAME=\n\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\nInitToken=true\nInitialPUK=PUK\nInitialLabel=NAME\nSetPIN=true\nPIN=CARD\n\n[Application_A]\nECCurve=P-256\nCertTempl=auth\n"
	args := []string{"batch", m.file("init.dsc", text), "--data", m.file("rows.csv", "NAME\nada\nbob\ncyd\n"), "--field", "PUK=env:CARD_PUK", "--field", "CARD=env:CARD_PIN"}
	holds := func(n int) {
		t.Helper()
		for _, name := range holders[:n] {
			m.holds(name, "1234", 1, 1, 1)
		}
	}
	m.must(exitOK, append(args, "--token", "fresh"), "3 of 3 done")
	holds(3)
	m.must(exitOK, append(args, "--token", "fresh"), "nothing to do")
	// Killed while it initialises, it goes on with the token that it made.
	m.file("rows.csv", "NAME\nada\nbob\ncyd\ndan\neve\n")
	m.moduleEnv = map[string]string{"SHIM_LOG": m.dir + "/calls", "SHIM_KILL": "1:after"}
	if o := m.run(append(args, "--token", "fresh")...); o.code != -1 {
		t.Fatal(o)
	}
	m.moduleEnv = map[string]string{}
	m.must(exitBatch, append(args, "--token", "fresh"), "row 4  failed", "say --yes", "4 of 5 done")
	m.must(exitOK, append(args, "--token", "fresh", "--yes"), "5 of 5 done")
	holds(5)
	if made, _ := os.ReadDir(filepath.Join(m.dir, "tokens")); len(made) != 5 {
		t.Errorf("there are %d tokens, want 5", len(made))
	}

	// The same tokens again, by another batch, which gives them other names. A kill in
	// the middle of what SoftHSM2 writes would leave it no token, so it is alone.
	m.file("rows.csv", "NAME\nnew ada\n")
	again := append(args, "--batch", "again", "--token", "pkcs11:manufacturer=SoftHSM project")
	m.must(exitRefused, again, "nobody said yes")
	m.must(exitRefused, append(again, "--yes", "--data", m.file("long.csv", "NAME\nshort\n"+strings.Repeat("x", 33)+"\n")), "long.csv:3: row 2: ", "the label has 33 bytes")
	m.moduleEnv = map[string]string{"SHIM_LOG": m.dir + "/calls2", "SHIM_KILL": "4:after"}
	if o := m.run(append(again, "--yes")...); o.code != -1 {
		t.Fatal(o)
	}
	m.moduleEnv = map[string]string{}
	m.file("rows.csv", "NAME\nnew bob\nnew cyd\nnew dan\nnew ada\nnew eve\n")
	m.must(exitOK, append(again, "--yes"), "5 of 5 done")
	for _, name := range holders[:5] {
		m.holds("new "+name, "1234", 1, 1, 1)
	}
}

// TestBatchInitialisationsCutOff loses the answers of the initialisations of several
// fresh tokens: the same command goes on with these tokens and makes no others, be their
// labels different or one. Where one label and different SO PINs leave nothing to tell
// them by, no SO PIN is tried, and what the message says brings the batch to its end.
func TestBatchInitialisationsCutOff(t *testing.T) {
	t.Parallel()
	const text = "[Fields]\nPUK=\nCARD=\nNAME=\n\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\nInitToken=true\nInitialPUK=PUK\nInitialLabel=NAME\nSetPIN=true\nPIN=CARD\n\n[Application_A]\nECCurve=P-256\nCertTempl=auth\n"
	for _, c := range []struct {
		name, rows string
		args       []string
		stuck      bool
	}{
		{"a label each", "NAME\nada\nbob\ncyd\n", []string{"--field", "PUK=env:CARD_PUK"}, false},
		{"one label", "#row\n1\n2\n3\n", []string{"--field", "PUK=env:CARD_PUK", "--field", "NAME=one"}, false},
		{"one label, an SO PIN each", "#row,PUK\n1,text:11111111\n2,text:22222222\n3,text:33333333\n", []string{"--field", "NAME=one"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newBatchMachine(t, 0, 0)
			args := append([]string{"batch", m.file("init.dsc", text), "--data", m.file("rows.csv", c.rows), "--field", "CARD=env:CARD_PIN", "--token", "fresh", "--yes"}, c.args...)
			m.moduleEnv = map[string]string{"SHIM_LOSE": "C_InitToken"}
			m.must(exitBatch, args, "3 failed")
			made := func(want int) {
				t.Helper()
				if made, _ := os.ReadDir(filepath.Join(m.dir, "tokens")); len(made) != want {
					t.Errorf("there are %d tokens, want %d", len(made), want)
				}
			}
			made(3)
			m.moduleEnv = map[string]string{"SHIM_WRONG": m.dir + "/wrong"}
			if !c.stuck {
				m.must(exitOK, args, "3 of 3 done")
				made(3)
			} else {
				o := m.must(exitBatch, args, "nothing tells which token is whose", "set those aside", "run the same command again with other fresh tokens")
				moved := 0
				for line := range strings.Lines(o.stdout) {
					_, rest, _ := strings.Cut(line, ", move ")
					if path, _, says := strings.Cut(rest, " away"); says {
						moved++
						if err := os.Rename(path, filepath.Join(m.dir, filepath.Base(path))); err != nil {
							t.Fatal(err)
						}
					}
				}
				if moved != 3 {
					t.Fatalf("names %d journals: %s", moved, o)
				}
				if err := os.Rename(filepath.Join(m.dir, "tokens"), filepath.Join(m.dir, "aside")); err != nil {
					t.Fatal(err)
				}
				if err := os.Mkdir(filepath.Join(m.dir, "tokens"), 0o700); err != nil {
					t.Fatal(err)
				}
				m.must(exitOK, args, "3 of 3 done")
				made(3)
			}
			m.must(exitOK, args, "nothing to do")
			if b, err := os.ReadFile(m.dir + "/wrong"); err == nil {
				t.Errorf("wrong values were tried: %s", b)
			}
		})
	}
}

// TestBatchRelabelsCutOff loses the answers of initialisations that change the labels
// by which alone the profile tells tokens apart: each row goes on with its token, and no
// other row gets it.
func TestBatchRelabelsCutOff(t *testing.T) {
	t.Parallel()
	const text = "[Fields]\nPUK=\nCARD=\nNAME=\n\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\nInitToken=true\nInitialPUK=PUK\nInitialLabel=NAME\nSetPIN=true\nPIN=CARD\n\n[Application_A]\nECCurve=P-256\nCertTempl=auth\n"
	m := newBatchMachine(t, 0, 0)
	m.file("inscribe.toml", labelled)
	args := []string{"batch", m.file("init.dsc", text), "--data", m.file("rows.csv", "NAME\nada\nbob\n"), "--field", "PUK=env:CARD_PUK", "--field", "CARD=env:CARD_PIN", "--profile", "labelled", "--yes"}
	m.must(exitOK, append(args, "--token", "fresh"), "2 of 2 done")
	m.file("rows.csv", "NAME\nnew ada\nnew bob\nnew cyd\n")
	again := append(args, "--batch", "again", "--token", "pkcs11:manufacturer=SoftHSM project")
	m.moduleEnv = map[string]string{"SHIM_LOSE": "C_InitToken"}
	m.must(exitBatch, again, "2 failed")
	m.moduleEnv = map[string]string{"SHIM_WRONG": m.dir + "/wrong"}
	o := m.must(exitBatch, again, "2 of 3 done")
	for _, name := range []string{"new ada", "new bob"} {
		m.holds(name, "1234", 1, 1, 1)
	}
	if made, _ := os.ReadDir(filepath.Join(m.dir, "tokens")); len(made) != 2 {
		t.Errorf("there are %d tokens, want 2: %s", len(made), o)
	}
	if b, err := os.ReadFile(m.dir + "/wrong"); err == nil {
		t.Errorf("wrong values were tried: %s", b)
	}
}

// TestBatchOfASavedPlan: the values of its columns are bound row by row, what it binds
// itself is the same for all, and a station that runs signed plans only runs no
// description.
func TestBatchOfASavedPlan(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 2, 2)
	m.file("cards.dsc", strings.Replace(strings.Replace(perHolder, "KeyLabel=NAME\n", "KeyLabel=#same\n", 1), "Location=#Signature", "Location=NAME", 1))
	m.must(exitOK, []string{"plan", filepath.Join(m.dir, "cards.dsc"), "--profile", "softhsm", "--out", filepath.Join(m.dir, "plan.json")})
	data := filepath.Join(m.dir, "rows.csv")
	m.file("rows.csv", "NAME,CARD,SIGN\nSignature,1234,5678\nno,1234,5678\n")
	if err := os.Chmod(data, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"batch", filepath.Join(m.dir, "plan.json"), "--data", data}
	m.must(exitOK, args, "2 of 2 done", "holds secrets and others can read it")
	signed := 0
	for n := 1; n <= 2; n++ {
		objects, err := m.objects(fmt.Sprint("SIGN-", n), "5678")
		if err != nil {
			t.Fatal(err)
		}
		signed += count(objects, "cert")
	}
	if signed != 1 {
		t.Errorf("%d certificates are in signature slots, want 1", signed)
	}
	m.must(exitOK, args, "nothing to do")
	m.station = pairs + "[plans]\nsigners = [\"none.pem\"]\n"
	m.must(exitRefused, m.args, "this station runs signed plans only")
}

// TestBatchOnATerminal shows a line for each seat at work.
func TestBatchOnATerminal(t *testing.T) {
	t.Parallel()
	m := newBatchMachine(t, 2, 2)
	m.moduleEnv["SHIM_SLOW"] = "1200"
	term := m.atTerminal(true, m.args...)
	term.expect("1 s  generate")
	term.expect("0 done, 0 failed, 2 at work, 0 left")
	term.expect("[1/2] row")
	term.expect("[2/2] row")
	if o := term.wait(); o.code != exitOK || !strings.Contains(o.stdout, "2 of 2 done") {
		t.Error(o)
	}
}

// TestBatchFitsItsSchemas holds results and events of batches of all ends against the
// published schemas.
func TestBatchFitsItsSchemas(t *testing.T) {
	t.Parallel()
	event, _, batch := schemas(t)
	m := newBatchMachine(t, 3, 4)
	if err := m.makeToken(testToken{"CARD-9", "1234", "11112222"}); err != nil { // without a partner
		t.Fatal(err)
	}
	m.env["WRONG"] = "9999"
	m.file("rows.csv", "NAME,CARD,SIGN\nada,env:WRONG,env:SIGN_PIN\nbob,env:CARD_PIN,env:WRONG\ncyd,env:CARD_PIN,env:SIGN_PIN\ndan,env:CARD_PIN,env:SIGN_PIN\n")
	args := append(m.args, "--format", "json")
	objects := map[string]string{} // by row
	for n, code := range []int{exitBatch, exitBatch, exitOK, exitOK} {
		switch n {
		case 1:
			m.env["WRONG"] = "5678"
			m.file("rows.csv", "NAME,CARD,SIGN\nada,env:CARD_PIN,env:SIGN_PIN\nbob,env:CARD_PIN,env:WRONG\ncyd,env:CARD_PIN,env:SIGN_PIN\ndan,env:CARD_PIN,env:SIGN_PIN\n")
		case 2:
			m.newPair(4)
		}
		o := m.must(code, args)
		if err := fits(batch, []byte(o.stdout)); err != nil {
			t.Errorf("%s\n%v", o, err)
		}
		// What a row left is told by each call, be it done in an earlier one.
		var result struct {
			Rows []struct {
				ID, State string
				Objects   json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(o.stdout), &result); err != nil {
			t.Fatal(err)
		}
		for _, row := range result.Rows {
			if row.State != "done" {
				continue
			}
			if got := string(row.Objects); strings.Count(got, `"certificate"`) != 3 || objects[row.ID] != "" && objects[row.ID] != got {
				t.Errorf("row %s left %s, and first %s", row.ID, got, objects[row.ID])
			}
			objects[row.ID] = string(row.Objects)
		}
		for _, broken := range [][2]string{{`"version": 1`, `"version": 2`}, {`"state": "done"`, `"state": "start"`}, {`"state": "failed"`, `"state": "done"`}, {`"row":`, `"rows":`}} {
			if strings.Contains(o.stdout, broken[0]) && fits(batch, []byte(strings.Replace(o.stdout, broken[0], broken[1], 1))) == nil {
				t.Errorf("a result with %s fits too", broken[1])
			}
		}
		if n == 0 && (!strings.Contains(o.stdout, `"unfinished": true`) || !strings.Contains(o.stdout, `"reason": "0 tokens are its signature slot`)) {
			t.Error(o)
		}
		raw, err := os.ReadFile(filepath.Join(m.dir, "events"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(raw) {
			if err := fits(event, line); err != nil {
				t.Errorf("%s%v", line, err)
			}
			if fits(event, bytes.Replace(line, []byte(`"row":`), []byte(`"rows":`), 1)) == nil {
				t.Errorf("%s fits without its row", line)
			}
		}
	}
	m.settled(4)
}
