package vcard

import (
	"net"

	"golang.org/x/sys/unix"
)

// acknowledge has the next segment acknowledged at once. The kernel forgets the
// wish, so it is said before each read.
func acknowledge(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
		})
	}
}
