//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package main

import "os"

// quiet is for the terminals of Unix.
func quiet(*os.File) (restore func(discard bool), err error) { return nil, errNoTerminal }
