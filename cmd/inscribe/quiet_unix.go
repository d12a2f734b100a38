//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// quiet takes the echo from a terminal, and gives what brings its state back; half a
// line can be thrown away then, which a shell would show. The terminal goes on with
// its own editing of a line, and with the keys that interrupt.
func quiet(tty *os.File) (restore func(discard bool), err error) {
	fd := int(tty.Fd())
	before, err := unix.IoctlGetTermios(fd, getState)
	if err != nil {
		return nil, err
	}
	state := *before
	state.Lflag &^= unix.ECHO
	state.Lflag |= unix.ICANON | unix.ISIG
	state.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setState, &state); err != nil {
		return nil, err
	}
	return func(discard bool) {
		if discard {
			_ = unix.IoctlSetTermios(fd, setDiscard, before)
			return
		}
		_ = unix.IoctlSetTermios(fd, setState, before)
	}, nil
}
