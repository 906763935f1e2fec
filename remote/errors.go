package remote

import (
	"errors"
	"strconv"

	"github.com/cephstack/cephstack/remote/internal/knownhosts"
)

// Conditions that a caller branches on; test with errors.Is. Files use
// fs.ErrNotExist and fs.ErrPermission, a full disk syscall.ENOSPC or EDQUOT.
var (
	ErrUnreachable = errors.New("remote: host unreachable")       // no TCP, no SSH banner, or dropped
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

// ErrLocal is a fault on the machine that connects, such as an encrypted
// private key, an agent that is not there or known_hosts that cannot be read:
// the host was not even asked, and all hosts of a Fleet have the same error.
// Such an error is ErrAuth or ErrHostKey, too, by what is missing: test for
// ErrLocal first.
var ErrLocal = errors.New("remote: fault on the machine that connects")

// A HostError is a failed exchange with a host.
type HostError struct {
	Host string // name or address as configured
	// Jump is the jump host at which Step failed, by its name or address; empty
	// when the host itself is at fault. All hosts behind it have the same error.
	Jump string
	Step string // connect, host key, authenticate, sudo, start, exchange
	// Op and Object are the operation during which an exchange failed, as
	// Describe gives them; empty when it is not known.
	Op, Object string
	From       string // Config.From of the host or the jump host at fault, if that could not be connected to
	Err        error
}

func (e *HostError) Error() string { return e.Host + ": " + e.withoutHost() }

func (e *HostError) withoutHost() string {
	s := e.Step + ": "
	if e.Jump != "" {
		s = "jump host " + e.Jump + ": " + s
	}
	if e.Op != "" {
		s += e.Op + " " + e.Object + ": "
	}
	return s + e.Err.Error() + e.from()
}

func (e *HostError) from() string {
	if e.From == "" {
		return ""
	}
	return " (" + e.From + ")"
}

// Unwrap gives the cause.
func (e *HostError) Unwrap() error { return e.Err }

// Retryable reports whether the same call may succeed later although nobody
// repairs anything: the host, or its jump host, refused the connection, did not
// answer in time, or was lost. It is false where somebody has to act first: on a
// host key, a refused login or sudo, a fault on the machine that connects
// (ErrLocal), or a host name that does not exist. It is also false when ctx
// ended.
//
// Retryable says nothing about what the exchange has done so far. The Results
// do: an op with ErrUnknown may have had its effect.
func (e *HostError) Retryable() bool {
	for _, lasts := range []error{ErrLocal, ErrHostKey, ErrAuth, ErrSudo} {
		if errors.Is(e.Err, lasts) {
			return false
		}
	}
	if errors.As(e.Err, new(lasting)) {
		return false
	}
	return errors.Is(e.Err, ErrUnreachable) || errors.Is(e.Err, ErrTimeout) || errors.Is(e.Err, errEnded)
}

// A lasting error does not go away by waiting.
type lasting struct{ error }

// Unwrap gives the error.
func (l lasting) Unwrap() error { return l.error }

// A hostCause is a HostError within an OpError, which names the host already.
type hostCause struct{ *HostError }

func (c hostCause) Error() string {
	if c.Jump != "" {
		return "jump host " + c.Jump + ": " + c.Err.Error() + c.from()
	}
	return c.Err.Error() + c.from()
}

// Unwrap gives the HostError.
func (c hostCause) Unwrap() error { return c.HostError }

// A failure is a condition, the words about it, and its cause.
type failure struct {
	kind  error
	text  string
	cause error
}

func (f *failure) Error() string { return f.kind.Error() + ": " + f.text }

// Unwrap gives the condition and the cause.
func (f *failure) Unwrap() []error { return []error{f.kind, f.cause} }

// A localError is a fault on the machine that connects.
type localError struct {
	kind, cause error
}

func (e *localError) Error() string { return "on the machine that connects: " + e.cause.Error() }

// Unwrap gives ErrLocal, the condition and the cause.
func (e *localError) Unwrap() []error { return []error{ErrLocal, e.kind, e.cause} }

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
