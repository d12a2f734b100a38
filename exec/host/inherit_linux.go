package host

import (
	"math"

	"golang.org/x/sys/unix"
)

// ForbidInheritance keeps the descriptors that this process was started with, the
// standard streams aside, from every process that it starts: one may be a file with a
// PIN. A program calls it before it starts any.
func ForbidInheritance() {
	// Linux has this since 5.11.
	if unix.CloseRange(firstOwn, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) != nil {
		closeEachOnExec()
	}
}
