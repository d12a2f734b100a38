package golden

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the files anew that tests compare with")

// Is wants a file to hold what the test has made.
func Is(t testing.TB, path, made string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; the test makes the file with -update", err)
		return
	}
	if diff := cmp.Diff(string(want), made); diff != "" {
		t.Errorf("%s is not what is made now; where that is right, write it anew with -update (-file +made):\n%s", path, diff)
	}
}
