package remote_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A proxy stands between a client and a server on loopback, and makes the
// network between them slow or bad.
type proxy struct {
	address string
	delay   atomic.Int64 // nanoseconds, each way
	drop    atomic.Int64 // connections to hang up on at once

	accepted atomic.Int64 // connections

	up, down budget // bytes until the connection is cut
}

// A budget is a number of bytes; without a limit unless set.
type budget struct {
	mu    sync.Mutex
	set   bool
	left  int64
	total int64
}

// take returns how many of n bytes may pass.
func (b *budget) take(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total += int64(n)
	if !b.set {
		return n
	}
	pass := min(int64(n), b.left)
	b.left -= pass
	return int(pass)
}

func (b *budget) limit(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set, b.left = n >= 0, n
}

func (b *budget) count() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}

func newProxy(t *testing.T, target string, delay time.Duration) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{address: l.Addr().String()}
	p.delay.Store(int64(delay))
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.accepted.Add(1)
			if p.drop.Add(-1) >= 0 {
				client.Close()
				continue
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			end := sync.OnceFunc(func() {
				_ = client.(*net.TCPConn).SetLinger(0)
				client.Close()
				server.Close()
			})
			go p.pipe(server, client, &p.up, end)
			go p.pipe(client, server, &p.down, end)
		}
	}()
	return p
}

// pipe copies until the budget is used up; each chunk arrives delay later.
func (p *proxy) pipe(dst io.Writer, src io.Reader, b *budget, end func()) {
	type chunk struct {
		data []byte
		due  time.Time
		last bool
	}
	chunks := make(chan chunk, 1024)
	go func() {
		defer end()
		for c := range chunks {
			time.Sleep(time.Until(c.due))
			if _, err := dst.Write(c.data); err != nil || c.last {
				return
			}
		}
	}()
	defer close(chunks)
	for {
		buf := make([]byte, 32<<10)
		n, err := src.Read(buf)
		pass := b.take(n)
		chunks <- chunk{buf[:pass], time.Now().Add(time.Duration(p.delay.Load())), pass < n}
		if err != nil || pass < n {
			return
		}
	}
}
