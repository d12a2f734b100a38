//go:build unix

package main

import (
	osexec "os/exec"
	"syscall"
)

// ownGroup keeps the keys of the terminal from a command, which is ended with all that
// it started.
func ownGroup(c *osexec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
