package journal

import (
	"fmt"
	"os"
	"testing"
	"time"

	"inscribe/exec"
)

// childEnv makes the test binary a process that writes a journal in that folder.
const childEnv = "JOURNAL_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child writes a run, telling a tracer where each record begins and ends, or
// with JOURNAL_TEST_HOLD half of one, and waits to be killed. With JOURNAL_TEST_FULL it
// fills the disk up.
func child(dir string) {
	if os.Getenv("JOURNAL_TEST_FULL") != "" {
		if err := fillUp(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	j, _, _, err := In(dir).Open(both, exec.Work{OpsSHA256: "a"}, false)
	steps := [][]exec.Record{
		{{Event: "run", OpsSHA256: "a", Tokens: both}, {Event: "start", ID: "1"}},
		{{Event: "done", ID: "1"}, {Event: "start", ID: "2"}},
		{},
		{{Event: "done", ID: "2"}, {Event: "end"}},
	}
	hold := os.Getenv("JOURNAL_TEST_HOLD") != ""
	for i := 0; i < len(steps) && err == nil; i++ {
		if hold && i == 1 {
			fmt.Println("ready")
			time.Sleep(time.Hour)
		}
		mark(2 * i)
		for _, r := range steps[i] {
			if err == nil {
				err = j.Write(r)
			}
		}
		if err == nil {
			err = j.Sync()
		}
		mark(2*i + 1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
