//go:build unix && !linux

package journal

// takeOnMachine takes a lock that keeps nobody out: here no name outside of a folder
// is free for all users, and a file in a folder of all users is anybody's to put there.
func takeOnMachine(_, _ string) (held, error) { return free, nil }
