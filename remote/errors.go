package remote

import (
	"errors"
	"strconv"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
)

// Conditions that a caller branches on; test with errors.Is. Files use
// fs.ErrNotExist and fs.ErrPermission, a full disk syscall.ENOSPC or EDQUOT.
var (
	ErrUnreachable = errors.New("remote: host unreachable")       // no TCP, no SSH banner, dropped
	ErrHostKey     = knownhosts.ErrUntrusted                      // unknown, changed or revoked
	ErrAuth        = errors.New("remote: authentication refused") // never retried
	ErrSudo        = errors.New("remote: sudo refused")
	ErrConflict    = errors.New("remote: changed since it was read")
	ErrUnknown     = errors.New("remote: outcome unknown") // an effect is possible
	ErrSkipped     = errors.New("remote: not done, as what it needs did not end well")
	ErrTooLarge    = errors.New("remote: too large")
	ErrTimeout     = errors.New("remote: timed out")
	ErrUnitFailed  = errors.New("remote: unit did not stay active")
)

// A HostError is a failed exchange with a host.
type HostError struct {
	Host string // name or address as configured
	Step string // connect, host key, authenticate, sudo, start, exchange
	Err  error
}

func (e *HostError) Error() string { return e.Host + ": " + e.Step + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *HostError) Unwrap() error { return e.Err }

// An OpError is a failed operation. Its text never holds file contents or
// standard input.
type OpError struct {
	Host   string
	Op     string // read, write, restart, …
	Object string // path, unit, package or program
	Detail string // the host's own words, shortened and made printable
	Exit   int
	Err    error
}

func (e *OpError) Error() string {
	s := e.Host + ": " + e.Op + " " + e.Object
	if e.Exit != 0 {
		s += " (exit status " + strconv.Itoa(e.Exit) + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap gives the cause.
func (e *OpError) Unwrap() error { return e.Err }
