package upstart

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/cephstack/cephstack/remote"
)

// A Host is a remote.Host whose units are Upstart's jobs.
type Host struct {
	name   string
	inside remote.Host
}

// New makes a Host out of one that runs programs there; name is for errors.
func New(name string, inside remote.Host) *Host { return &Host{name, inside} }

var _ remote.Host = (*Host)(nil)

// standard is how long a job must run after a restart, unless told otherwise.
const standard = 3 * time.Second

// Do implements remote.Host.
func (h *Host) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	asked := make([]remote.Op, len(ops))
	for i, op := range ops {
		asked[i] = translate(op)
	}
	results, err := h.inside.Do(ctx, asked...)
	for i := range results {
		if i < len(ops) {
			results[i] = h.answer(ops[i], results[i])
		}
	}
	return results, err
}

// translate makes a program's run of an operation on a unit.
func translate(op remote.Op) remote.Op {
	switch op := op.(type) {
	case remote.If:
		return remote.If{OK: op.OK, Op: translate(op.Op)}
	case remote.UnitState:
		return remote.Run{Argv: []string{"sh", "-c", look, "sh", op.Unit}}
	case remote.RestartUnit:
		settle := op.Settle
		if settle == 0 {
			settle = standard
		}
		seconds := strconv.FormatFloat(settle.Seconds(), 'f', 3, 64)
		return remote.Run{Argv: []string{"sh", "-c", restart, "sh", op.Unit, seconds}, Timeout: 5*time.Minute + settle}
	}
	return op
}

// answer makes a unit's result of the run's.
func (h *Host) answer(op remote.Op, r remote.Result) remote.Result {
	switch op := op.(type) {
	case remote.If:
		return h.answer(op.Op, r)
	case remote.UnitState:
		u, err := parse(op.Unit, string(r.Data))
		if err = cmp.Or(r.Err, err); err != nil {
			return remote.Result{Err: h.fault(op, r, r.Data, err)}
		}
		return remote.Result{Unit: u}
	case remote.RestartUnit:
		return h.restarted(op, r)
	}
	return r
}

// restarted makes a restart's result of its run's.
func (h *Host) restarted(op remote.RestartUnit, r remote.Result) remote.Result {
	if r.Err != nil {
		return remote.Result{Err: h.fault(op, r, nil, r.Err)}
	}
	u, err := parse(op.Unit, string(r.Data))
	switch {
	case err != nil:
	case r.Exit != 0:
		err = remote.ErrUnitFailed
	case u.Active == "active":
		return remote.Result{Changed: true, Unit: u}
	default:
		err = errAnswer
	}
	return remote.Result{Changed: u.Load != "not-found", Unit: u, Err: h.fault(op, r, r.Stderr, err)}
}

// fault is an error about the operation that was asked for.
func (h *Host) fault(op remote.Op, r remote.Result, said []byte, err error) error {
	var e *remote.OpError
	if errors.As(err, &e) {
		err = e.Err
		said = []byte(e.Detail)
	}
	name, object := remote.Describe(op)
	return &remote.OpError{Host: h.name, Op: name, Object: object, Detail: detail(string(said)), Exit: r.Exit, Err: err}
}
