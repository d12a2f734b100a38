//go:build cgo && linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
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
