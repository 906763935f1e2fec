package remotetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// A Host is a machine in memory. It behaves as a real one does: same checks,
// same results, same errors. Its methods are safe for concurrent use. Its
// fields may be set and changed at any time between calls of Do, but not while
// a Do runs. A hook that has to change its mind during a Do keeps that in
// variables of its own.
type Host struct {
	// Fail, if set, is called before each op, with the ctx of the Do. Its error
	// becomes the error of the op, which then has no effect. A
	// *remote.HostError loses the connection at this op: the exchange fails,
	// and the rest is not done. For a host that hangs, set Hang: an error of
	// Fail after the end of ctx loses the connection, too. Fail may use the Host's methods. Several calls of Do at
	// the same time call it at the same time.
	Fail func(ctx context.Context, op remote.Op) error
	// FailAfter is like Fail, but is called after the op had its effect: what a
	// connection that is lost before the answer looks like.
	FailAfter func(ctx context.Context, op remote.Op) error
	// Now, if set, is the clock. Otherwise the clock begins at 2026-01-01 UTC,
	// moves by a millisecond with each change, and by Advance.
	Now func() time.Time

	name  string
	kinds map[string]kind

	mu        sync.Mutex
	clock     time.Time
	nodes     map[string]*node
	users     map[string]string // to primary group
	groups    map[string]bool
	units     map[string]*unit
	installed map[string]string
	available map[string]string
	programs  map[string]func(remote.Run) (stdout, stderr []byte, exit int)
	log       []remote.Op
	changes   map[string]int
	exchanges int
	starts    int
}

// Format tells the name, for every verb, and nothing of what is in files and operations.
func (h *Host) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "host %s in memory", h.name) }

// Hang is a Fail or FailAfter of a host that hangs: no answer comes until ctx ends. A host of remote.New would be given
// up before that, by the timeouts of remote.Config, with remote.ErrTimeout.
func Hang(ctx context.Context, _ remote.Op) error {
	<-ctx.Done()
	return ctx.Err()
}

// NewHost returns a host called name. It has the usual folders of a Linux
// machine, the users of OpenStack's services, the package coreutils and no units. Its
// units start with invocation IDs that no host of another name has.
func NewHost(name string) *Host {
	h := &Host{
		name:      name,
		clock:     time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		nodes:     map[string]*node{},
		users:     map[string]string{},
		groups:    map[string]bool{},
		units:     map[string]*unit{},
		installed: map[string]string{"coreutils": "9.1-1"},
		available: map[string]string{},
		programs:  map[string]func(remote.Run) ([]byte, []byte, int){},
		changes:   map[string]int{},
	}
	h.kinds = h.allKinds()
	h.nodes["/"] = h.newNode(kindDir, "root", "root", 0o755)
	for _, dir := range []string{
		"/etc", "/etc/ceph", "/home", "/root", "/run", "/tmp", "/usr/bin", "/var/lib", "/var/log",
	} {
		h.mustDir(dir)
	}
	for _, user := range []string{"root", "daemon", "glance", "cinder", "nova", "libvirt-qemu", "ceph"} {
		h.AddUser(user, user)
	}
	return h
}

// Do implements remote.Host.
func (h *Host) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	h.mu.Lock()
	h.exchanges++
	h.mu.Unlock()
	results := make([]remote.Result, len(ops))
	var lost error
	if ctx.Err() != nil {
		lost = &remote.HostError{Host: h.name, Step: "connect", Err: context.Cause(ctx)}
	}
	for i, op := range ops {
		if err := remote.Check(op); err != nil {
			results[i].Err = h.opError(op, err)
			continue
		}
		if host := (*remote.HostError)(nil); errors.As(lost, &host) {
			results[i].Err = h.opError(op, fmt.Errorf("not done: %w", lostCause{host}))
			continue
		}
		if guard, ok := op.(remote.If); ok {
			if err := guard.Ready(results[:i]); err != nil {
				results[i].Err = h.opError(op, err)
				continue
			}
			op = guard.Op
		}
		results[i], lost = h.one(ctx, op)
	}
	return results, lost
}

// one runs an op between the two hooks. lost is a *remote.HostError, or nil.
func (h *Host) one(ctx context.Context, op remote.Op) (r remote.Result, lost error) {
	if err := h.ask(ctx, h.Fail, op); err != nil {
		return h.failed(op, err)
	}
	r = h.perform(op)
	h.note(op, r)
	if r.Err != nil {
		r.Err = h.opError(op, r.Err)
	}
	if err := h.ask(ctx, h.FailAfter, op); err != nil {
		return h.failed(op, err)
	}
	if ctx.Err() != nil && r.Err != nil {
		return h.failed(op, h.lost(ctx, op))
	}
	return r, nil
}

// ask calls a hook. A hook that fails once ctx has ended loses the connection.
func (h *Host) ask(ctx context.Context, hook func(context.Context, remote.Op) error, op remote.Op) error {
	if hook == nil {
		return nil
	}
	err := hook(ctx, op)
	if host := new(remote.HostError); err == nil || errors.As(err, &host) || ctx.Err() == nil {
		return err
	}
	return h.lost(ctx, op)
}

// lost is the error of an exchange that ended with ctx during op.
func (h *Host) lost(ctx context.Context, op remote.Op) *remote.HostError {
	name, object := remote.Describe(op)
	return &remote.HostError{Host: h.name, Step: "exchange", Op: name, Object: object, Err: context.Cause(ctx)}
}

// A lostCause is a HostError within an OpError, which names the host already.
type lostCause struct{ *remote.HostError }

func (c lostCause) Error() string { return c.Err.Error() }
func (c lostCause) Unwrap() error { return c.HostError }

// failed is what comes of an op for which a hook gave err.
func (h *Host) failed(op remote.Op, err error) (r remote.Result, lost error) {
	var host *remote.HostError
	if !errors.As(err, &host) {
		r.Err = h.opError(op, err)
		return r, nil
	}
	cause := fmt.Errorf("not done: %w", lostCause{host})
	if !h.kindOf(op).looks {
		cause = fmt.Errorf("%w: %w", remote.ErrUnknown, lostCause{host})
	}
	r.Err = h.opError(op, cause)
	return r, host
}

// opError makes an error of op out of err, which names neither host nor object.
func (h *Host) opError(op remote.Op, err error) error {
	var e *remote.OpError
	if !errors.As(err, &e) {
		e = &remote.OpError{Err: err}
		if d := (detail{}); errors.As(err, &d) {
			e = &remote.OpError{Err: d.err, Detail: d.text}
		}
	}
	filled := *e
	filled.Host = h.name
	filled.Op, filled.Object = remote.Describe(op)
	return &filled
}

// A detail is an error with words from the host; err may be nil.
type detail struct {
	err  error
	text string
}

func (d detail) Error() string { return d.text }

// note keeps what op did, for Log and Changes.
func (h *Host) note(op remote.Op, r remote.Result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, op)
	if r.Changed {
		name, _ := remote.Describe(op)
		h.changes[name]++
		h.changes[""]++
	}
}
