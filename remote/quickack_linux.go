package remote

import (
	"net"
	"syscall"
	"time"
)

const (
	tcpQuickAck    = 12 // not in package syscall
	tcpUserTimeout = 18
)

// tuned acknowledges at once what it reads. Without that, a server whose
// socket waits to fill packets (sshd before it starts a command) and our
// delayed acknowledgement wait 40 ms for each other.
func tuned(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	// A peer that is gone is noticed, though there is something to send.
	raw.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(time.Minute/time.Millisecond))
	})
	return quickConn{tcp, raw}
}

type quickConn struct {
	*net.TCPConn
	raw syscall.RawConn
}

func (c quickConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if n > 0 {
		c.raw.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpQuickAck, 1)
		})
	}
	return n, err
}
