package host

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestChildHasNoCoreDump(t *testing.T) {
	m := start(t)
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", m.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			if f := strings.Fields(rest); len(f) < 2 || f[0] != "0" || f[1] != "0" {
				t.Errorf("core limit is %q", rest)
			}
			return
		}
	}
	t.Error("no core limit found")
}
