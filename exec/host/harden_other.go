//go:build !linux

package host

// ForbidDumps does nothing on this system.
func ForbidDumps() error { return nil }
