//go:build !unix && !windows

package host

import "syscall"

func processAttributes() *syscall.SysProcAttr { return nil }
