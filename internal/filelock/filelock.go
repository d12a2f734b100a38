//go:build unix

package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ErrHeld says that another process has the lock.
var ErrHeld = errors.New("another process has the lock")

// Lock locks a file, and waits while another has it. The error is the system's.
func Lock(file *os.File) error { return flock(file, unix.LOCK_EX) }

// Try locks a file that nobody has locked. The error is [ErrHeld] or the system's.
func Try(file *os.File) error {
	err := flock(file, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}

// flock locks a file. A signal that comes in its way is no answer.
func flock(file *os.File, how int) error {
	for {
		if err := unix.Flock(int(file.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Open opens a file, makes it at need, for its owner alone, and locks it by [Lock] or
// [Try]. Without the lock it gives no file.
func Open(path string, lock func(*os.File) error) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
