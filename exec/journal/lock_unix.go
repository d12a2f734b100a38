//go:build unix

package journal

import (
	"io"
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
		take := r.folder.take
		if r.row != "" && r.unnamed[key] {
			take = r.folder.share
		}
		l, err := take(key, "another inscribe is at work on this token")
		if err != nil {
			r.unlock()
			return err
		}
		r.locks = append(r.locks, l)
	}
	return nil
}

// take takes a lock, or says that another process has it.
func (f *Folder) take(key, busy string) (io.Closer, error) {
	file, err := os.OpenFile(filepath.Join(f.dir, "lock", key), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, local(err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, &exec.Error{Kind: exec.Refused, Message: busy, Advice: "wait until it is done"}
	}
	return file, nil
}

func (r *run) unlock() {
	for _, f := range r.locks {
		f.Close()
	}
	r.locks = nil
}

func syncDir(d *os.File) error { return d.Sync() }
