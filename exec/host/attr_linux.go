package host

import "syscall"

// The child is a process group of its own, so that an interrupt from the
// terminal does not end it in the middle of a write; and it dies with its
// parent, even from within a call that never returns.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
