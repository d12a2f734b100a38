//go:build unix

package host

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// firstOwn is the first descriptor behind the standard streams.
const firstOwn = 3

// mostDescriptors is more than a system gives a process that asks for no more.
const mostDescriptors = 1 << 16

// ForbidInheritance keeps the descriptors that this process was started with, the
// standard streams aside, from every process that it starts: one may be a file with a
// PIN. A program calls it before it starts any, and once: it gives their numbers, and
// tells them from what the runtime opened for itself by the mark that it then sets.
func ForbidInheritance() (inherited []int) {
	for _, fd := range descriptors() {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.CloseOnExec(fd)
			inherited = append(inherited, fd)
		}
	}
	return inherited
}

// descriptors are at least those that are open behind the standard streams. Not every
// system can tell.
func descriptors() (out []int) {
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		for _, e := range open {
			if fd, err := strconv.Atoi(e.Name()); err == nil && fd >= firstOwn {
				out = append(out, fd)
			}
		}
		return out
	}
	last := uint64(mostDescriptors)
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && uint64(limit.Cur) < last {
		last = uint64(limit.Cur)
	}
	for fd := firstOwn; uint64(fd) < last; fd++ {
		out = append(out, fd)
	}
	return out
}
