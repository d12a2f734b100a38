//go:build unix

package host

import (
	"os"
	"path/filepath"
	"testing"

	"inscribe/internal/filelock"
)

// TestSurvivorIsSeen: a child that holds its lock while nobody holds its parent's keeps
// others off, in a folder of whatever name. What is left of pairs that are gone does not.
func TestSurvivorIsSeen(t *testing.T) {
	for _, name := range []string{"marks", "job[1-3]", `a\b*?`, "["} {
		dir := filepath.Join(t.TempDir(), name)
		m, survivor, err := leaveMark(dir)
		if err != nil || survivor != "" {
			t.Fatalf("%q: %q, %v", name, survivor, err)
		}
		m.remove()
		path := filepath.Join(dir, "1")
		child, err := filelock.Open(path+ofChild, filelock.Try)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+ofParent, []byte("42"), 0o600); err != nil {
			t.Fatal(err)
		}
		if m, survivor, err := leaveMark(dir); m != nil || survivor != "42" || err != nil {
			t.Errorf("%q: %v, %q, %v", name, m, survivor, err)
		}
		child.Close()
		m, survivor, err = leaveMark(dir)
		if err != nil || survivor != "" {
			t.Errorf("%q: %q, %v", name, survivor, err)
		}
		if _, err := os.Stat(path + ofChild); !os.IsNotExist(err) {
			t.Errorf("%q: the mark of a pair that is gone is there: %v", name, err)
		}
		m.remove()
	}
}
