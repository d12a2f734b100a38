//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package main

import "golang.org/x/sys/unix"

// How the state of a terminal is read, set, and set with what was typed thrown away.
const (
	getState   = unix.TIOCGETA
	setState   = unix.TIOCSETA
	setDiscard = unix.TIOCSETAF
)
