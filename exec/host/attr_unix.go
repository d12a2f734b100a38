//go:build unix

package host

import "syscall"

// The child is a process group of its own, so that an interrupt from the
// terminal does not end it in the middle of a write.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
