package host

import "golang.org/x/sys/unix"

// ForbidDumps keeps the memory of this process, where PINs are, out of core
// dumps and away from debuggers of the same user.
func ForbidDumps() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
