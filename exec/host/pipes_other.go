//go:build !unix

package host

import (
	"os"
	osexec "os/exec"
)

// Without numbered descriptors to pass on, the standard ones carry the
// protocol, and the child's own standard output becomes its error output.

func connect(cmd *osexec.Cmd, requests, responses *os.File, _ *mark) {
	cmd.Stdin, cmd.Stdout = requests, responses
}

func childPipes() (in, out *os.File, err error) {
	in, out = os.Stdin, os.Stdout
	os.Stdin, os.Stdout = nil, os.Stderr
	return in, out, nil
}
