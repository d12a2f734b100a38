//go:build !unix

package journal

import "os"

// lock does nothing where the platform has no advisory locks of this kind.
func (r *run) lock() error { return nil }

func (r *run) unlock() {}

func syncDir(*os.File) error { return nil }
