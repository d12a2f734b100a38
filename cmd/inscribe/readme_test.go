//go:build cgo && linux

package main

import (
	"bytes"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFirstTokenOfTheReadme runs the block of "Your first token" as it stands, but for
// the terminal: the PIN comes from the environment.
func TestFirstTokenOfTheReadme(t *testing.T) {
	needTools(t)
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## Your first token\n")
	_, rest, _ = strings.Cut(rest, "```sh\n")
	block, _, found := strings.Cut(rest, "```\n")
	if !found || strings.Count(block, "PIN=prompt") != 2 {
		t.Fatalf("the block is\n%s", block)
	}
	dir := t.TempDir()
	inscribe, err := osexec.LookPath("inscribe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(inscribe, filepath.Join(dir, "bin", "inscribe")); err != nil {
		t.Fatal(err)
	}
	c := osexec.Command("bash", "-euc", strings.ReplaceAll(block, "PIN=prompt", "PIN=env:CARD_PIN"))
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CARD_PIN=1234"}
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	for _, want := range []string{"1 key, 1 certificate", "Applied first.dsc: 2 written, 0 kept", "0 drifted"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &said)
		}
	}
}
