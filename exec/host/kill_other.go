//go:build !unix

package host

import "os"

func kill(p *os.Process) { _ = p.Kill() }
