//go:build !unix

package host

// ForbidInheritance does nothing here: no process gets a handle that is not named for it.
func ForbidInheritance() {}
