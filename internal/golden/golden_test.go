package golden_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/internal/golden"
)

// heard takes the errors of a test that is to fail.
type heard struct {
	testing.TB
	errors []string
}

func (h *heard) Helper() {}

func (h *heard) Errorf(format string, args ...any) {
	h.errors = append(h.errors, fmt.Sprintf(format, args...))
}

func TestIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.golden")
	h := &heard{TB: t}
	if golden.Is(h, path, "a\n"); len(h.errors) != 1 {
		t.Errorf("without a file: %q", h.errors)
	}
	if err := os.WriteFile(path, []byte("a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if golden.Is(h, path, "a\n"); len(h.errors) != 1 {
		t.Errorf("with the same file: %q", h.errors)
	}
	if golden.Is(h, path, "b\n"); len(h.errors) != 2 || !strings.Contains(h.errors[1], "-update") {
		t.Errorf("with another file: %q", h.errors)
	}
}
