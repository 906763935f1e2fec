package remotetest_test

import (
	"io"
	"net"
	"sync"
)

// A memory is a listener whose connections are in memory. What is written is there at
// once, as if it were in TCP's buffers.
type memory struct {
	comes chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newMemory() *memory { return &memory{comes: make(chan net.Conn, 8), ended: make(chan struct{})} }

func (m *memory) dial() (net.Conn, error) {
	there, back := newStream(), newStream()
	m.comes <- &memoryConn{r: there, w: back}
	return &memoryConn{r: back, w: there}, nil
}

// Accept implements net.Listener.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.comes:
		return conn, nil
	case <-m.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (m *memory) Close() error {
	m.once.Do(func() { close(m.ended) })
	return nil
}

// Addr implements net.Listener.
func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// A memoryConn is one end of a connection.
type memoryConn struct {
	net.Conn // nil: the rest is not used
	r, w     *stream
}

func (c *memoryConn) Read(b []byte) (int, error)  { return c.r.read(b) }
func (c *memoryConn) Write(b []byte) (int, error) { return c.w.write(b) }
func (c *memoryConn) LocalAddr() net.Addr         { return &net.UnixAddr{Name: "memory"} }

// CloseWrite says that nothing more is written.
func (c *memoryConn) CloseWrite() error {
	c.w.end()
	return nil
}

// Close ends both directions.
func (c *memoryConn) Close() error {
	c.r.end()
	c.w.end()
	return nil
}

// A stream is one direction of a connection.
type stream struct {
	mu    sync.Mutex
	more  *sync.Cond
	data  []byte
	ended bool
}

func newStream() *stream {
	s := &stream{}
	s.more = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.data) == 0 && !s.ended {
		s.more.Wait()
	}
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.data)
	s.data = s.data[n:]
	return n, nil
}

func (s *stream) write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return 0, io.ErrClosedPipe
	}
	s.data = append(s.data, b...)
	s.more.Broadcast()
	return len(b), nil
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.more.Broadcast()
}
