//go:build cgo && linux

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// away has the command leave the terminal of whoever runs the tests: a question must
// fail and not wait. A test with a terminal of its own has led the session already, and
// this does nothing.
const away = `package main

import "syscall"

func init() { _, _ = syscall.Setsid() }
`

// buildCommand puts the command itself where testscript put this test program, to be
// started by its name. The test program does all that the command does, but takes twice as
// long to start, because of what the tests alone link, and the tests start thousands. It
// stays where it is needed: under the race detector, for coverage, and where no test
// is to start the command.
func buildCommand() error {
	flag.Parse()
	flagSet := func(name string) bool {
		f := flag.Lookup(name)
		return f != nil && f.Value.String() != f.DefValue
	}
	if testing.CoverMode() != "" || flagSet("test.list") || flagSet("test.fuzzworker") {
		return nil
	}
	var tags string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Value == "true" && (s.Key == "-race" || s.Key == "-msan" || s.Key == "-asan"):
				return nil
			case s.Key == "-tags":
				tags = s.Value
			}
		}
	}
	path, err := osexec.LookPath("inscribe")
	if err != nil {
		return err
	}
	file, err := filepath.Abs("away.go")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	source, overlay, built := filepath.Join(dir, "away.go"), filepath.Join(dir, "overlay.json"), path+".built"
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{file: source}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(source, []byte(away), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return err
	}
	// Other than go build, go run links only what is not in its cache.
	c := osexec.Command("go", "run", "-tags", tags, "-overlay", overlay, "-exec", "cp", ".", built)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go run: %w\n%s", err, out)
	}
	return os.Rename(built, path)
}
