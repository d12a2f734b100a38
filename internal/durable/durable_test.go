package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"inscribe/internal/durable"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for _, text := range []string{"old and longer", "new"} {
		if err := durable.Replace(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		holds(t, path, text, 0o640)
	}
	// What cannot be put in place leaves what was there, and no trial file.
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(filepath.Join(dir, "folder"), nil, 0o600); err == nil {
		t.Error("a folder is replaced")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	if err := durable.Replace(filepath.Join(dir, "none", "x"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := durable.Create(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(path, []byte("two"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("it is made twice: %v", err)
	}
	holds(t, path, "one", 0o600)
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
}

func holds(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil || string(raw) != text {
		t.Errorf("%s holds %q: %v", path, raw, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != mode {
		t.Errorf("%s has mode %v, want %v: %v", path, info.Mode(), mode, err)
	}
}
