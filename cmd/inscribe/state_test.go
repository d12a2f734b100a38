//go:build cgo && linux

package main

import (
	"bytes"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// on runs a shell script in a mount namespace of its own, in which $STATE is the
// state folder, and gives what it wrote. What it mounts ends with it.
func (m *machine) on(script string) string {
	m.Helper()
	namespace := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		namespace = append(namespace, "--map-root-user")
	}
	c := m.command() // for the station and the environment
	state := filepath.Join(m.dir, "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		m.Fatal(err)
	}
	shell := osexec.Command(namespace[0], append(namespace[1:], "bash", "-euo", "pipefail", "-c", script)...)
	shell.Dir, shell.Env = m.dir, append(c.Env, "STATE="+state)
	var out bytes.Buffer
	shell.Stdout, shell.Stderr = &out, &out
	if err := shell.Run(); err != nil {
		m.Fatalf("%v (mounting needs root or user namespaces)\n%s", err, &out)
	}
	return out.String()
}

// TestDiskFillsUp lets the disk of the state folder fill up at each point of a run:
// the run ends with an error that says so, and with room again the same command ends
// as if undisturbed. With the CA elsewhere, it is the journal that finds no room.
func TestDiskFillsUp(t *testing.T) {
	for where, link := range map[string]string{"journal and CA": "", "journal": `rm -r "$STATE/inscribe/ca"; ln -s "$PWD/made/inscribe/ca" "$STATE/inscribe/ca"`} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			counts(t, "three keys", "disk full: "+where)
			full := 0
			for pages := 0; fillsUp(t, link, pages); pages++ {
				full++
			}
			if full < 2 {
				t.Errorf("the disk was full at %d points; the test shows nothing", full)
			}
		})
	}
}

// fillsUp runs with so many free pages, of 4096 bytes of a file each, and reports
// whether they were too few.
func fillsUp(t *testing.T, link string, pages int) bool {
	t.Helper()
	m := newMachine(t)
	m.file("x.dsc", threeKeys)
	m.moduleEnv["SHIM_WRONG"] = m.dir + "/wrong"
	out := m.on(fmt.Sprintf(`
		inscribe ca cert >/dev/null
		cp -a "$STATE" made
		mount -t tmpfs -o size=1m tmpfs "$STATE"
		cp -a made/. "$STATE"
		echo none may be without limit >"$STATE/ballast"
		%s
		used=$(df --output=used -k "$STATE" | tail -1)
		mount -o remount,size=$((used + 4 * %d))k "$STATE"
		code=0
		inscribe apply x.dsc --field CARD=env:CARD_PIN --field SIGN=env:SIGN_PIN 2>&1 || code=$?
		echo "first $code"
		mount -o remount,size=1m "$STATE"
		inscribe apply x.dsc --field CARD=env:CARD_PIN --field SIGN=env:SIGN_PIN 2>&1
	`, link, pages))
	first, again, _ := strings.Cut(out, "\nfirst ")
	if strings.HasPrefix(out, "first ") {
		t.Fatalf("said nothing:\n%s", out)
	}
	code, _, _ := strings.Cut(again, "\n")
	switch code {
	case fmt.Sprint(exitOK):
	case fmt.Sprint(exitInternal):
		for _, s := range []string{"no space left on device", "help: ", "--state"} {
			if !strings.Contains(first, s) {
				t.Errorf("%d pages: does not say %q:\n%s", pages, s, first)
			}
		}
	default:
		t.Fatalf("%d pages: exit code %s:\n%s", pages, code, out)
	}
	card, sign := m.holds("CARD", "1234", 2, 2, 2), m.holds("SIGN", "5678", 1, 1, 1)
	m.coherent(card)
	m.coherent(sign)
	if wrong := m.lines("wrong"); len(wrong) > 0 {
		t.Errorf("%d pages: wrong PINs were shown: %v", pages, wrong)
	}
	return code != fmt.Sprint(exitOK)
}

// TestReadOnlyState has a state folder that nobody can write to: nothing is tried.
func TestReadOnlyState(t *testing.T) {
	m := newMachine(t)
	m.file("x.dsc", threeKeys)
	before := m.tokenFiles()
	out := m.on(`
		inscribe ca cert >/dev/null
		mount --bind "$STATE" "$STATE"
		mount -o remount,bind,ro "$STATE"
		code=0
		inscribe apply x.dsc --field CARD=env:CARD_PIN --field SIGN=env:SIGN_PIN 2>&1 || code=$?
		echo "exit $code"
	`)
	for _, s := range []string{"read-only file system", "help: ", "--state", fmt.Sprintf("exit %d\n", exitInternal)} {
		if !strings.Contains(out, s) {
			t.Errorf("does not say %q:\n%s", s, out)
		}
	}
	if !bytes.Equal(before, m.tokenFiles()) {
		t.Error("the token was touched")
	}
}

// TestTornJournal leaves a journal as a power cut may: with a part of the record that
// was being written, or with a block of zeros. The run goes on as if that record had
// not been begun, which is why each is on the disk before its op is.
func TestTornJournal(t *testing.T) {
	for _, n := range []int{4, 6, 12} {
		for name, tail := range map[string]string{
			"brace":     "{",
			"half":      `{"event":"done","time":"2026-01-0`,
			"unended":   `{"event":"done","id":"op-03","op":"genkey"}`,
			"zeros":     strings.Repeat("\x00", 512),
			"two lines": `{"event":"failed","message":"a\nb`,
		} {
			t.Run(fmt.Sprint(n, " ", name), func(t *testing.T) {
				t.Parallel()
				counts(t, "three keys", "torn journal: "+name)
				m := newMachine(t)
				args := []string{"apply", m.file("x.dsc", threeKeys), "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN"}
				m.killed(n, "after", args)
				paths, err := filepath.Glob(filepath.Join(m.dir, "state/inscribe/runs/open/*.jsonl"))
				if err != nil || len(paths) != 1 {
					t.Fatalf("journals: %v, %v", paths, err)
				}
				b, err := os.ReadFile(paths[0])
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(paths[0], append(b, tail...), 0o600); err != nil {
					t.Fatal(err)
				}
				m.must(exitOK, args, "Applied x.dsc")
				m.coherent(m.holds("CARD", "1234", 2, 2, 2))
				m.coherent(m.holds("SIGN", "5678", 1, 1, 1))
			})
		}
	}
}
