//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// proxy stands on all addresses at one port, args[0], in front of the sshd on
// the same addresses at args[1], as a network with a round-trip time of
// args[2] would: bytes arrive half of it later.
//
// The kernel connects a client to the proxy at once. What connecting would
// have taken is made up for: the client's bytes leave a round trip later, and
// the server is connected to when the third packet of TCP's handshake would
// have come. A client so sees what it would see on a slow network, later by
// the round trip that connect did not take.
func proxy(ctx context.Context, args []string, out io.Writer) error {
	rtt, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "0.0.0.0:"+args[0])
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { l.Close() })()
	fmt.Fprintln(out, "up")
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		go forward(conn, args[1], rtt)
	}
}

func forward(client net.Conn, port string, rtt time.Duration) {
	defer client.Close()
	host, _, err := net.SplitHostPort(client.LocalAddr().String())
	if err != nil {
		return
	}
	time.Sleep(rtt)
	up := make(chan chunk, 1024)
	go receive(client, up, rtt/2)
	time.Sleep(rtt / 2)
	server, err := net.Dial("tcp4", net.JoinHostPort(host, port))
	if err != nil {
		return
	}
	defer server.Close()
	down := make(chan chunk, 1024)
	go receive(server, down, rtt/2)
	done := make(chan struct{})
	go func() {
		deliver(server, up)
		close(done)
	}()
	deliver(client, down)
	client.Close()
	server.Close()
	<-done
}

// A chunk is bytes and when they arrive; no bytes are the end.
type chunk struct {
	data []byte
	due  time.Time
}

func receive(from io.Reader, to chan<- chunk, delay time.Duration) {
	for {
		buf := make([]byte, 32<<10)
		n, err := from.Read(buf)
		if n > 0 {
			to <- chunk{buf[:n], time.Now().Add(delay)}
		}
		if err != nil {
			to <- chunk{nil, time.Now().Add(delay)}
			return
		}
	}
}

func deliver(to net.Conn, from <-chan chunk) {
	broken := false
	for c := range from {
		time.Sleep(time.Until(c.due))
		if c.data == nil {
			if tcp, ok := to.(*net.TCPConn); ok {
				_ = tcp.CloseWrite() // the other side may be gone
			}
			return
		}
		if !broken {
			_, err := to.Write(c.data)
			broken = err != nil
		}
	}
}

// startProxy starts a proxy in front of the sshd; stop ends it.
func startProxy(rtt time.Duration) (stop func() error, err error) {
	cmd := exec.Command("/proc/self/exe", "proxy", strconv.Itoa(proxyPort(rtt)), strconv.Itoa(sshPort), rtt.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var up string
	if _, err := fmt.Fscan(out, &up); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return func() error { return ended(cmd) }, nil
}
