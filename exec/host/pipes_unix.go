//go:build unix

package host

import (
	"errors"
	"os"
	osexec "os/exec"
	"syscall"
)

// The pipes are not the standard ones, where a module that prints would break
// the protocol.
const (
	requestFD  = 3
	responseFD = 4
)

func connect(cmd *osexec.Cmd, requests, responses *os.File, m *mark) {
	cmd.ExtraFiles = []*os.File{requests, responses}
	if m != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, m.child)
	}
}

func childPipes() (in, out *os.File, err error) {
	for _, fd := range []int{requestFD, responseFD} {
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return nil, nil, err
		}
		if st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
			return nil, nil, errors.New("not started as a module host")
		}
		// What the module starts must not keep the pipe open.
		syscall.CloseOnExec(fd)
	}
	syscall.CloseOnExec(markFD)
	return os.NewFile(requestFD, "requests"), os.NewFile(responseFD, "responses"), nil
}
