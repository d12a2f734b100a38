//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"inscribe/internal/vcard/lab"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"vcard": main}) }

// TestScripts runs testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("MODULE", lab.OpenSC)
			e.Setenv("TMPDIR", filepath.Join(e.WorkDir, "tmp"))
			return os.Mkdir(filepath.Join(e.WorkDir, "tmp"), 0o755)
		},
	})
}

// TestDemo runs what "make demo-card" runs, on a card of its own.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin")+"/", "inscribe/cmd/inscribe", "inscribe/cmd/vcard")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	demo := filepath.Join(dir, "docs", "demo")
	if err := os.CopyFS(demo, os.DirFS("../../docs/demo")); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("bash", filepath.Join(demo, "card.sh"))
	run.Env = append(os.Environ(), "VCARD_CONTROL=", "TMPDIR="+t.TempDir())
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
