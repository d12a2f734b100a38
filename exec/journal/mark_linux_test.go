package journal

import "syscall"

// markWhich is no value that getpriority knows, so that the call does nothing
// but show up in a trace.
const markWhich = 7700

func mark(n int) { _, _, _ = syscall.RawSyscall(syscall.SYS_GETPRIORITY, markWhich, uintptr(n), 0) }
