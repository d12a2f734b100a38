//go:build unix

package host

import "syscall"

// firstOwn is the first descriptor behind the standard streams.
const firstOwn = 3

// mostDescriptors is more than a system gives a process that asks for no more.
const mostDescriptors = 1 << 16

// closeEachOnExec asks nobody which descriptors there are: not every system can tell.
func closeEachOnExec() {
	last := uint64(mostDescriptors)
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && uint64(limit.Cur) < last {
		last = uint64(limit.Cur)
	}
	for fd := firstOwn; uint64(fd) < last; fd++ {
		syscall.CloseOnExec(fd) // which changes nothing where there is none
	}
}
