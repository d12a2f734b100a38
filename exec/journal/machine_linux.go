package journal

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// takeOnMachine takes a lock that all users of this machine share. It is a socket with
// a name that stands in no folder (unix(7), "abstract"): there is no file whose owner
// or permissions could be wrong, none that another user could have put there before,
// and none that stays behind. The kernel gives the name back when the process ends,
// and all that were given the socket.
//
// Whoever is on the machine can take the name for nothing, and so keep a card from
// being written to: the refusal says which process has it. Programs in another network
// namespace have names of their own.
func takeOnMachine(name, busy string) (held, error) {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return free, nil // a sandbox: the state folder's lock is left
	}
	address := &unix.SockaddrUnix{Name: "@" + name}
	err = unix.Bind(socket, address)
	if err == nil {
		// Who asks is told who has it, and nobody is listened to.
		err = unix.Listen(socket, unix.SOMAXCONN)
	}
	if errors.Is(err, unix.EADDRINUSE) {
		_ = unix.Close(socket)
		return held{}, inUse(busy + holder(address))
	}
	file := os.NewFile(uintptr(socket), address.Name)
	return held{[]*os.File{file}, file}, nil
}

// holder says who has a name; "" where the kernel does not tell.
func holder(address unix.Sockaddr) string {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer func() { _ = unix.Close(socket) }()
	if err := unix.Connect(socket, address); err != nil {
		return ""
	}
	who, err := unix.GetsockoptUcred(socket, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil || who.Pid <= 0 {
		return ""
	}
	if errors.Is(unix.Kill(int(who.Pid), 0), unix.ESRCH) {
		return fmt.Sprintf(", by a command of process %d of user %d that goes on without it", who.Pid, who.Uid)
	}
	return fmt.Sprintf(", as process %d of user %d", who.Pid, who.Uid)
}
