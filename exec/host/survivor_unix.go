//go:build unix

package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"inscribe/internal/filelock"
)

// A child whose parent was killed finishes the call under way, since a call that is torn
// off can leave half an object, or half a card; then it ends. Until then nobody else
// may be at its token, and the parent's locks are gone. So each pair leaves two files in
// a folder while it lives, one locked by each of the two: a child that holds its own
// while nobody holds its parent's is such a survivor.

// markFD is the child's lock, where there is one.
const markFD = 5

// Names of the files of a folder: what ends so is the child's, or the parent's.
const (
	ofChild  = ".child"
	ofParent = ".parent"
	turnName = "turn"
)

// mark is the two files of a pair.
type mark struct {
	name          string
	child, parent *os.File
}

// leaveMark makes the files of a pair that is about to be. Where a survivor is in a call
// it makes none, and says who that is.
func leaveMark(dir string) (m *mark, survivor string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", err
	}
	turn, err := filelock.Open(filepath.Join(dir, turnName), filelock.Lock)
	if err != nil {
		return nil, "", err
	}
	defer turn.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, "", err
	}
	for _, e := range entries {
		name, child := strings.CutSuffix(filepath.Join(dir, e.Name()), ofChild)
		if !child {
			continue
		}
		if free(name + ofChild) {
			(&mark{name: name}).remove()
			continue
		}
		if free(name + ofParent) {
			pid, _ := os.ReadFile(name + ofParent)
			return nil, string(pid), nil
		}
	}
	file, err := os.CreateTemp(dir, "*"+ofChild)
	if err != nil {
		return nil, "", err
	}
	m = &mark{name: strings.TrimSuffix(file.Name(), ofChild), child: file}
	if err = filelock.Try(file); err == nil {
		m.parent, err = filelock.Open(m.name+ofParent, filelock.Try)
	}
	if err != nil {
		m.remove()
		return nil, "", err
	}
	return m, "", nil
}

// started leaves the child its file, and notes its number for whoever finds it.
func (m *mark) started(pid int) {
	if m == nil {
		return
	}
	m.child.Close()
	m.child = nil
	_, _ = fmt.Fprint(m.parent, pid)
}

// remove takes the files away.
func (m *mark) remove() {
	if m == nil {
		return
	}
	for _, f := range []*os.File{m.child, m.parent} {
		if f != nil {
			f.Close()
		}
	}
	_ = os.Remove(m.name + ofChild)
	_ = os.Remove(m.name + ofParent)
}

// free reports whether nobody holds the lock of a file, or it is not there any more.
func free(path string) bool {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	defer file.Close()
	return filelock.Try(file) == nil
}

// watch ends the process when the parent is gone and the call under way has had its
// time: limit tells how long that is. A call that ends sooner finds that nobody waits
// for its answer.
func watch(requests uintptr, limit *atomic.Int64) {
	fds := []unix.PollFd{{Fd: int32(requests)}}
	for fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) == 0 {
		if _, err := unix.Poll(fds, -1); err != nil && err != syscall.EINTR {
			return
		}
	}
	time.Sleep(time.Duration(limit.Load()))
	_ = unix.Kill(os.Getpid(), unix.SIGKILL)
}
