//go:build cgo

package libvirtconn

import (
	"context"
	"errors"
	"sync"

	"libvirt.org/go/libvirt"

	"github.com/cephstack/cephstack/libvirtsecret"
)

// A Conn is a connection to a libvirt daemon.
type Conn struct {
	lib *libvirt.Connect

	mu     sync.Mutex
	calls  int // calls that the library works on, abandoned calls too
	closed bool
}

var _ libvirtsecret.Store = (*Conn)(nil)

// errClosed is the cause of the errors of a closed Conn.
var errClosed = errors.New("connection is closed")

// Dial connects to the daemon of a libvirt URI, such as qemu:///system.
//
// Similar To: virsh -c <uri>
func Dial(ctx context.Context, uri string) (*Conn, error) {
	type dialled struct {
		lib *libvirt.Connect
		err error
	}
	if err := ctx.Err(); err != nil {
		return nil, failure("dial", "", err)
	}
	done := make(chan dialled, 1)
	go func() {
		lib, err := libvirt.NewConnect(uri)
		done <- dialled{lib, err}
	}()
	select {
	case d := <-done:
		if d.err != nil {
			return nil, unreachable("dial", d.err)
		}
		return &Conn{lib: d.lib}, nil
	case <-ctx.Done():
		go func() {
			if d := <-done; d.err == nil {
				_, _ = d.lib.Close()
			}
		}()
		return nil, failure("dial", "", ctx.Err())
	}
}

// Close ends the connection. If abandoned calls are still under way, the
// connection ends after the last of them. A second Close does nothing.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	if c.calls == 0 {
		return c.hangUp()
	}
	return nil
}

func (c *Conn) hangUp() error {
	_, err := c.lib.Close()
	return err
}

// begin keeps the connection open for a call.
func (c *Conn) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	c.calls++
	return nil
}

func (c *Conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls--; c.calls == 0 && c.closed {
		_ = c.hangUp()
	}
}

// A call is what an error tells about its call.
type call struct{ op, uuid string }

// do runs a call in the library. When ctx ends, do abandons the call and drops
// what run returns.
func do[T any](ctx context.Context, c *Conn, k call, run func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	err := ctx.Err()
	if err == nil {
		err = c.begin()
	}
	if err != nil {
		return none, failure(k.op, k.uuid, err)
	}
	done := make(chan answer, 1)
	go func() {
		defer c.end()
		value, err := run()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return none, failure(k.op, k.uuid, a.err)
		}
		return a.value, nil
	case <-ctx.Done():
		return none, failure(k.op, k.uuid, ctx.Err())
	}
}
