//go:build cgo

package radosconn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ceph/go-ceph/rados"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/internal/words"
)

// A Conn is a connection to one cluster. It is a ceph.Batcher, which is a
// ceph.Commander and a ceph.Images too, and a ceph.Locker.
type Conn struct {
	handle *rados.Conn
	slots  chan struct{}

	mu     sync.Mutex
	calls  int // under way, those included that nobody waits for any more
	closed bool
}

var (
	_ ceph.Batcher = (*Conn)(nil)
	_ ceph.Locker  = (*Conn)(nil)
)

// Dial connects to a cluster. It returns within 100 ms after ctx has ended;
// what librados has begun by then ends by itself within Timeouts.Connect.
//
// Similar To: ceph -c <conf> -n <name> -k <keyring> ping mon.*
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	handle, err := cfg.handle()
	if err != nil {
		return nil, err
	}
	c := &Conn{handle: handle, slots: make(chan struct{}, cmp.Or(cfg.Calls, 16))}
	if err := c.call(ctx, handle.Connect); err != nil {
		_ = c.Close()
		return nil, dialError(cfg.name(), err)
	}
	return c, nil
}

// dialError sorts the errors of a connection: what is "not found" then is a
// key, which must not be mistaken for a pool or an image.
func dialError(name string, err error) error {
	switch code := errno(err); code {
	case 0:
		return err // ctx's
	case enoent, eperm, eacces, eopnotsupp:
		return fmt.Errorf("%w: radosconn: no key for %s, or not the cluster's (errno %d)", ceph.ErrDenied, name, code)
	case eio:
		return fmt.Errorf("%w: radosconn: keyring that librados cannot read: broken, or with a key of a type that it does "+
			"not know", ceph.ErrInvalid)
	case einval:
		return fmt.Errorf("%w: radosconn: conf without monitors, or unreadable key for %s", ceph.ErrInvalid, name)
	default:
		return fmt.Errorf("%w: radosconn: errno %d", ceph.ErrUnreachable, code)
	}
}

// Close ends the connection. A second Close does nothing.
func (c *Conn) Close() error {
	c.mu.Lock()
	last := !c.closed && c.calls == 0
	c.closed = true
	c.mu.Unlock()
	if last {
		c.handle.Shutdown()
	}
	return nil
}

// call runs a call that cannot be cancelled, and stops waiting for it when
// ctx ends.
func (c *Conn) call(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := c.begin(); err != nil {
		<-c.slots
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer c.end()
		done <- fn()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Conn) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("%w: radosconn: the connection is closed", ceph.ErrUnreachable)
	}
	c.calls++
	return nil
}

func (c *Conn) end() {
	c.mu.Lock()
	c.calls--
	last := c.closed && c.calls == 0
	c.mu.Unlock()
	if last {
		c.handle.Shutdown()
	}
	<-c.slots
}

// Linux errno values, as Ceph reports them.
const (
	eperm      = 1
	enoent     = 2
	eio        = 5
	eacces     = 13
	ebusy      = 16
	einval     = 22
	erange     = 34
	eopnotsupp = 95
)

// errno is the positive errno of an error of librados or librbd, or 0.
func errno(err error) int {
	var code interface{ ErrorCode() int }
	if !errors.As(err, &code) {
		return 0
	}
	return max(code.ErrorCode(), -code.ErrorCode())
}

// refused turns an error of the libraries into a CommandError.
func refused(op, object, status string, err error) error {
	code := errno(err)
	if code == 0 {
		return err
	}
	return &ceph.CommandError{Op: op, Object: object, Code: code,
		Status: words.Said(cmp.Or(status, err.Error()))}
}
