//go:build unix

package host

import (
	"os"
	"syscall"
)

// kill ends the child and what it started.
func kill(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	_ = p.Kill()
}
