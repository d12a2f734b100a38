//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// parentInterval is how often a client's process is looked at.
const parentInterval = 2 * time.Second

// awaitEnd returns true once a process has ended. One that is not there at the
// beginning is not watched: the client is in a container of its own, where
// numbers mean other processes.
func awaitEnd(ctx context.Context, pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil || !lives(p) {
		return false
	}
	tick := time.NewTicker(parentInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
			if !lives(p) {
				return true
			}
		}
	}
}

// lives reports whether a process is there, be it another user's.
func lives(p *os.Process) bool {
	err := p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
