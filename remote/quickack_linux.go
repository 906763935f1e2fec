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

// tuned gives a connection that acknowledges at once what it reads. Otherwise
// two delays add up: the server's socket waits to fill a packet (sshd's does
// before it starts a command), and our side waits 40 ms to acknowledge.
func tuned(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	// So a peer that is gone is noticed, even while there is data to send.
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(time.Minute/time.Millisecond))
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
		_ = c.raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpQuickAck, 1)
		})
	}
	return n, err
}
