package main

import "golang.org/x/sys/unix"

// How the state of a terminal is read, set, and set with what was typed thrown away.
const (
	getState   = unix.TCGETS
	setState   = unix.TCSETS
	setDiscard = unix.TCSETSF
)
