package journal

import (
	"fmt"
	"os"
	osexec "os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestEachRecordIsOnTheDisk traces the system calls of a process that writes a
// journal. What was written must be on the disk when Sync returns, and the folders
// synced where a name in them is new: a power cut may come right after.
func TestEachRecordIsOnTheDisk(t *testing.T) {
	calls := trace(t, t.TempDir())
	between := func(n int) string {
		begin, end := slices.Index(calls, fmt.Sprint("mark ", 2*n)), slices.Index(calls, fmt.Sprint("mark ", 2*n+1))
		if begin < 0 || end < begin {
			t.Fatalf("no record %d in %v", n, calls)
		}
		return strings.Join(calls[begin+1:end], " ")
	}
	for n, want := range []string{
		"create fsync write write fsync",       // the run: the folder has the new name, the file its first lines
		"write write fsync",                    // an op is done, and the next one begins
		"",                                     // nothing new
		"write write fsync rename fsync fsync", // the end, and both folders of the move
	} {
		if got := between(n); got != want {
			t.Errorf("record %d: %s, want %s", n, got, want)
		}
	}
}

// trace runs the child and gives its calls, as entered, of all its threads.
func trace(t *testing.T, dir string) []string {
	t.Helper()
	// The tracer is the thread that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := osexec.Command(os.Args[0], "-test.run=TestMain")
	c.Env = append(os.Environ(), childEnv+"="+dir, "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := c.Start(); err != nil {
		t.Fatalf("tracing is not allowed here: %v", err)
	}
	pid := c.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, syscall.WALL, nil); err != nil {
		t.Fatal(err)
	}
	const sysgood, clone = 1, 8 // PTRACE_O_TRACESYSGOOD, PTRACE_O_TRACECLONE
	if err := syscall.PtraceSetOptions(pid, sysgood|clone); err != nil {
		t.Fatal(err)
	}
	if err := syscall.PtraceSyscall(pid, 0); err != nil {
		t.Fatal(err)
	}
	var calls []string
	inside := map[int]bool{}
	for {
		tid, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status.Exited() || status.Signaled() {
			if tid != pid {
				continue
			}
			if status.ExitStatus() != 0 {
				t.Fatalf("the child failed: %v", status)
			}
			return calls
		}
		signal := 0
		switch stop := status.StopSignal(); {
		case stop == syscall.SIGTRAP|0x80:
			inside[tid] = !inside[tid]
			if inside[tid] {
				if name := callOf(tid); name != "" {
					calls = append(calls, name)
				}
			}
		case stop == syscall.SIGTRAP, stop == syscall.SIGSTOP: // a new thread
		default:
			signal = int(stop)
		}
		if err := syscall.PtraceSyscall(tid, signal); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
	}
}

// callOf names the call that a thread is about to make, if it matters here.
func callOf(tid int) string {
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &r); err != nil {
		return ""
	}
	switch r.Orig_rax {
	case syscall.SYS_GETPRIORITY:
		if r.Rdi == markWhich {
			return fmt.Sprint("mark ", r.Rsi)
		}
	case syscall.SYS_WRITE:
		if r.Rdi > 2 && r.Rdx > 8 { // not what the runtime wakes itself with
			return "write"
		}
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		return "fsync"
	case syscall.SYS_RENAME, syscall.SYS_RENAMEAT, 316: // renameat2
		return "rename"
	case syscall.SYS_OPENAT:
		if r.Rdx&syscall.O_CREAT != 0 {
			return "create"
		}
	}
	return ""
}
