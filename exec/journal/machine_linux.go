package journal

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"inscribe/exec"
)

// takeOnMachine takes a lock that all users of this machine share. It is a socket with
// a name that stands in no folder (unix(7), "abstract"): there is no file whose owner
// or permissions could be wrong, none that another user could have put there before,
// and none that stays behind. The kernel gives the name back when the process ends.
//
// Whoever is on the machine can take the name for nothing, and so keep a card from
// being written to: the refusal says which process has it. Programs in another network
// namespace have names of their own.
func takeOnMachine(name, busy string) (io.Closer, error) {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return closer(func() error { return nil }), nil // a sandbox: the state folder's lock is left
	}
	address := &unix.SockaddrUnix{Name: "@" + name}
	err = unix.Bind(socket, address)
	if err == nil {
		// Who asks is told who has it, and nobody is listened to.
		err = unix.Listen(socket, unix.SOMAXCONN)
	}
	if errors.Is(err, unix.EADDRINUSE) {
		_ = unix.Close(socket)
		return nil, &exec.Error{Kind: exec.Refused, Message: busy + holder(address), Advice: "wait until it is done"}
	}
	return closer(func() error { return unix.Close(socket) }), nil
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
	return fmt.Sprintf(", as process %d of user %d", who.Pid, who.Uid)
}
