//go:build cgo && linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNobodyGetsOurDescriptors: what the command was started with, such as the file that
// fd: reads, reaches neither the module's process nor the station's command. That command
// is given the locks of its card, and else only pipes.
func TestNobodyGetsOurDescriptors(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.file("inscribe.toml", strings.Replace(hookedProfile, `"opensc"`, `"softhsm"`, 1))
	hook := m.file("initialise", "#!/bin/sh -e\nls -l /proc/$$/fd >seen-by-hook\nsofthsm2-util --init-token --free --label \"$INSCRIBE_LABEL\" --so-pin $(cat <&3) --pin $(cat <&4)\n")
	if err := os.Chmod(hook, 0o700); err != nil {
		t.Fatal(err)
	}
	m.station = stationTOML + "[middleware.\"yourMiddleware.dll\".hook]\ninitialise = [\"" + hook + "\"]\n"
	m.moduleEnv["SHIM_OPEN"] = filepath.Join(m.dir, "seen-by-module")
	raw, err := os.ReadFile(example(t, "09-initialise.dsc"))
	if err != nil {
		t.Fatal(err)
	}
	c := m.command("apply", m.file("x.dsc", string(raw)), "--profile", "hooked", "--yes", "--token", "fresh", "--field", "PIN_FIELD=fd:12", "--field", "PUK_FIELD=fd:3")
	for fd := 3; fd <= 12; fd++ {
		value := map[int]string{3: "1234567890", 12: "5678\n"}[fd]
		f, err := os.Open(m.file("inherited-"+string(rune('a'+fd)), value))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c.ExtraFiles = append(c.ExtraFiles, f)
	}
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	// That the module then finds no such card is not of interest here.
	if o := m.outcome(c.Run(), &stdout, &stderr); !strings.Contains(o.stderr, "the station's command is done") {
		t.Fatal(o)
	}
	m.opened(true, "My Token Label", "user", "5678")
	for _, by := range []string{"hook", "module"} {
		seen, err := os.ReadFile(filepath.Join(m.dir, "seen-by-"+by))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(seen, []byte("inherited-")) || !bytes.Contains(seen, []byte("pipe:")) {
			t.Errorf("the %s saw\n%s", by, seen)
		}
	}
}

// TestDescriptorOnce: the second value from a descriptor would be empty, or of another file.
func TestDescriptorOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	c := m.command("plan", m.file("x.dsc", threeKeys), "--field", "CARD=fd:3", "--field", "SIGN=fd:3")
	pin, err := os.Open(m.file("pin", "1234\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer pin.Close()
	c.ExtraFiles = []*os.File{pin}
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if o := m.outcome(c.Run(), &stdout, &stderr); o.code != exitUsage || !strings.Contains(o.stderr, "file descriptor 3 can be read once, and gave the value of CARD") {
		t.Error(o)
	}
}

// TestDescriptorsOfOthers: what the runtime opened for itself has a number too, and is no
// PIN. Each way to name one is refused before the card is asked for anything.
func TestDescriptorsOfOthers(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	apply := func(args ...string) []string {
		return append([]string{"apply", m.file("x.dsc", threeKeys), "--field", "SIGN=env:SIGN_PIN"}, args...)
	}
	for fd := 3; fd <= 9; fd++ {
		n := strconv.Itoa(fd)
		m.must(exitRefused, apply("--field", "CARD=fd:"+n), "value of CARD: nobody gave this process the file descriptor "+n+"; put "+n+"<FILE")
	}
	m.must(exitRefused, apply("--field", "CARD=file:/dev/fd/4"), "value of CARD: /dev/fd/4: nobody gave this process the file descriptor 4")
	m.must(exitRefused, apply("--field", "CARD=file:/proc/self/fd/../fd/4"), "the file descriptor 4")
	m.must(exitRefused, apply("--fields", "/dev/fd/4"), "/dev/fd/4: nobody gave this process the file descriptor 4")
	m.must(exitRefused, apply("--fields", m.file("fields.json", "{\n \"CARD\": \"fd:4\"}")), "fields.json:2:2: value of CARD: nobody gave")
	m.must(exitRefused, []string{"tokens", "--token", "pkcs11:token=CARD", "--pin", "fd:4"}, "value of --pin: nobody gave")
	m.holds("CARD", "1234", 0, 0, 0)

	// One that was given is read by either name.
	for _, value := range []string{"fd:5", "file:/dev/fd/5"} {
		c := m.command("apply", m.file("x.dsc", threeKeys), "--dry-run", "--field", "CARD="+value, "--field", "SIGN=env:SIGN_PIN")
		pin, err := os.Open(m.file("pin", "1234\n"))
		if err != nil {
			t.Fatal(err)
		}
		defer pin.Close()
		c.ExtraFiles = []*os.File{nil, nil, pin}
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", value, err, out)
		}
	}
}

// TestNoDescriptorInACell: a cell is for one row, and what is wrong is said of all.
func TestNoDescriptorInACell(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	rows := m.file("rows.csv", "#n,CARD\n1,env:NOPE\n2,fd:7\n3,prompt\n4,fd:x\n5,hex:0\n")
	o := m.must(exitRefused, []string{"batch", m.file("x.dsc", threeKeys), "--data", rows, "--field", "SIGN=env:SIGN_PIN"})
	for _, want := range []string{"rows.csv:2:3: row 1", "rows.csv:3:3: row 2, column CARD: a batch reads no file descriptor; give the value, env:VAR or file:PATH",
		"rows.csv:4:3: row 3", "rows.csv:5:3: row 4, column CARD: a batch reads no file descriptor", "rows.csv:6:3: row 5"} {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("does not say %q\n%s", want, o)
		}
	}
}
