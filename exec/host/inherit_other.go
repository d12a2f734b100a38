//go:build !unix

package host

// ForbidInheritance does nothing here: no process gets a handle that is not named for
// it, so there is none that this one was started with.
func ForbidInheritance() (inherited []int) { return nil }
