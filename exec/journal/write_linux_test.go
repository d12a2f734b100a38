package journal

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"inscribe/exec"
)

// TestHalfALineIsCutOff: a record that the disk had no space for leaves no half line,
// so that there is no damage in the middle once there is space again.
func TestHalfALineIsCutOff(t *testing.T) {
	dir := t.TempDir()
	namespace := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		namespace = append(namespace, "--map-root-user")
	}
	c := osexec.Command(namespace[0], append(namespace[1:], "sh", "-c", `mount -t tmpfs -o size=32k tmpfs "$0" && exec "$1" -test.run=TestMain`, dir, os.Args[0])...)
	c.Env = append(os.Environ(), childEnv+"="+dir, "JOURNAL_TEST_FULL=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v (mounting needs root or user namespaces)\n%s", err, out)
	}
	if got := strings.TrimSpace(string(out)); got != "start, failed last" {
		t.Errorf("after a full disk the journal ends with %s", got)
	}
}

// fillUp writes starts of ops until the disk of the folder is full, and a failure when
// there is space again. It prints the last two kinds of record that the next run finds.
func fillUp(dir string) error {
	f := In(dir)
	j, _, _, err := f.Open(both, exec.Work{OpsSHA256: "a"}, false)
	if err != nil {
		return err
	}
	ballast := filepath.Join(dir, "ballast")
	if err := errors.Join(os.WriteFile(ballast, make([]byte, 8192), 0o600), j.Write(exec.Record{Event: "run", OpsSHA256: "a", Tokens: both})); err != nil {
		return err
	}
	for n := 0; err == nil; n++ {
		err = j.Write(exec.Record{Event: "start", ID: fmt.Sprint(n), Message: strings.Repeat("x", 333)})
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	if err := errors.Join(os.Remove(ballast), j.Write(exec.Record{Event: "failed", ID: "last"}), j.Close()); err != nil {
		return err
	}
	_, earlier, _, err := f.Open(both, exec.Work{OpsSHA256: "a"}, false)
	if err != nil {
		return err
	}
	fmt.Println(events(slices.Concat([]exec.Record{{Event: earlier[len(earlier)-2].Event}}, earlier[len(earlier)-1:])))
	return nil
}

// cutOff gives the file of a run that was cut off.
func cutOff(t *testing.T, f *Folder) (path string) {
	t.Helper()
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run", "start 1")
	_ = j.Close()
	return files(t, f, "open/*")[0]
}

// TestTailThatCannotBeMended: the file is not kept open.
func TestTailThatCannotBeMended(t *testing.T) {
	f := In(t.TempDir())
	path := cutOff(t, f)
	appendTo(t, path, `{"event":"do`)
	if out, err := osexec.Command("chattr", "+a", path).CombinedOutput(); err != nil {
		t.Skipf("chattr: %v %s", err, out)
	}
	defer func() { _ = osexec.Command("chattr", "-a", path).Run() }()
	_, _, _, err := f.Open(both, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Local, "operation not permitted", "--state")
	descriptors, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range descriptors {
		if is, err := os.Readlink(d); err == nil && is == path {
			t.Errorf("%s is still open", path)
		}
	}
}

// TestLockThatCannotBeTaken: only a lock that another has is one to wait for.
func TestLockThatCannotBeTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := takeFile(file, busy); err != nil {
		t.Fatal(err)
	}
	fails(t, takeFile(other, busy), exec.Refused, busy, "wait")
	file.Close()
	// One that is open by its path alone cannot be locked.
	fd, err := unix.Open(path, unix.O_PATH, 0)
	if err != nil {
		t.Fatal(err)
	}
	blind := os.NewFile(uintptr(fd), path)
	defer blind.Close()
	err = takeFile(blind, busy)
	fails(t, err, exec.Local, path, "cannot be locked", "--state")
	if !errors.Is(err, unix.EBADF) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// TestRunThatIsNotTakenBack: a run that was given up for one that changed nothing, and
// whose file does not get its name again, is told of.
func TestRunThatIsNotTakenBack(t *testing.T) {
	f := In(t.TempDir())
	path := cutOff(t, f)
	j, _, _ := open(t, f, both, "b", true)
	write(t, j, both, "b", "run")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	fails(t, j.Close(), exec.Local, "cannot be taken back", path, abandoned)
}

// TestFileThatIsGone: between the look at the folder and the look at a file another
// process may have ended its run. That is no damage.
func TestFileThatIsGone(t *testing.T) {
	f := In(t.TempDir())
	f.Damaged = func(err error) { t.Errorf("told of %v", err) }
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run", "end")
	if err := os.Symlink("nowhere", filepath.Join(f.dir, "open", "x.jsonl")); err != nil {
		t.Fatal(err)
	}
	for _, journals := range []exec.Journals{f, f.Dry()} {
		j, earlier, finished, err := journals.Open(both, exec.Work{OpsSHA256: "a"}, false)
		if err != nil || events(earlier) != "run, end" || !finished {
			t.Errorf("%s, %v, %v", events(earlier), finished, err)
		}
		_ = j.Close()
	}
}
