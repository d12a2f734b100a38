//go:build unix && !linux

package host

// ForbidInheritance keeps the descriptors that this process was started with, the
// standard streams aside, from every process that it starts: one may be a file with a
// PIN. A program calls it before it starts any.
func ForbidInheritance() { closeEachOnExec() }
