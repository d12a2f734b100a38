//go:build unix

package journal

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"inscribe/exec"
)

// lock takes the tokens for this process: the kernel gives the lock back when
// the process ends, however it does. Two tokens that nothing tells apart are one
// lock.
func (r *run) lock() error {
	for _, key := range slices.Compact(slices.Sorted(maps.Values(r.keys))) {
		f, err := os.OpenFile(filepath.Join(r.folder.dir, "lock", key), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			r.unlock()
			return local(err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			r.unlock()
			return &exec.Error{Kind: exec.Refused, Message: "another inscribe is at work on this token", Advice: "wait until it is done"}
		}
		r.locks = append(r.locks, f)
	}
	return nil
}

func (r *run) unlock() {
	for _, f := range r.locks {
		f.Close()
	}
	r.locks = nil
}

func syncDir(d *os.File) error { return d.Sync() }
