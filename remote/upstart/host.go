package upstart

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/words"
)

// A Host is a remote.Host whose units are Upstart's jobs.
type Host struct {
	name   string
	inside remote.Host
}

// New makes a Host out of another Host, by which it runs programs. name is what
// errors call the host.
func New(name string, inside remote.Host) *Host { return &Host{name, inside} }

var _ remote.Host = (*Host)(nil)

// defaultSettle is how long a job must run after a restart, unless the
// operation says something else.
const defaultSettle = 3 * time.Second

// Do implements remote.Host.
func (h *Host) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	asked := make([]remote.Op, len(ops))
	answers := make([]func(remote.Result) remote.Result, len(ops))
	for i, op := range ops {
		asked[i], answers[i] = h.translate(op)
	}
	results, err := h.inside.Do(ctx, asked...)
	for i := range min(len(results), len(ops)) {
		results[i] = answers[i](results[i])
	}
	return results, err
}

// translate gives the operation to ask the other Host for, and what makes a
// result of op out of its result. Operations on units become a program's run;
// all others stay as they are.
func (h *Host) translate(op remote.Op) (asked remote.Op, answer func(remote.Result) remote.Result) {
	switch o := op.(type) {
	case remote.If:
		o.Op, answer = h.translate(o.Op)
		return o, answer
	case remote.UnitState:
		return lookAt(o), func(r remote.Result) remote.Result { return h.state(o, r) }
	case remote.RestartUnit:
		return restartOf(o), func(r remote.Result) remote.Result { return h.restarted(o, r) }
	}
	return op, func(r remote.Result) remote.Result { return r }
}

func lookAt(o remote.UnitState) remote.Run {
	return remote.Run{Argv: []string{"sh", "-c", lookAlone, "sh", o.Unit}}
}

// state makes a unit's result of its run's.
func (h *Host) state(o remote.UnitState, r remote.Result) remote.Result {
	u, err := parse(o.Unit, string(r.Data))
	if err = cmp.Or(r.Err, err); err != nil {
		return remote.Result{Err: h.fault(o, r, r.Data, err)}
	}
	return remote.Result{Unit: u}
}

func restartOf(o remote.RestartUnit) remote.Run {
	settle := cmp.Or(o.Settle, defaultSettle)
	seconds := strconv.FormatFloat(settle.Seconds(), 'f', 3, 64)
	argv := append([]string{"sh", "-c", restart, "sh", o.Unit, seconds},
		slices.Compact(slices.Sorted(slices.Values(o.Inputs)))...)
	return remote.Run{Argv: argv, Timeout: 5*time.Minute + settle}
}

// restarted makes a restart's result of its run's.
func (h *Host) restarted(o remote.RestartUnit, r remote.Result) remote.Result {
	if r.Err != nil {
		return remote.Result{Err: h.fault(o, r, nil, r.Err)}
	}
	u, err := parse(o.Unit, string(r.Data))
	switch {
	case err != nil:
	case r.Exit != 0:
		err = remote.ErrUnitFailed
	case u.Active == "active":
		return remote.Result{Changed: true, Unit: u}
	default:
		err = errAnswer
	}
	return remote.Result{Changed: u.Load != "not-found", Unit: u, Err: h.fault(o, r, r.Stderr, err)}
}

// fault is an error about the operation that was asked for.
func (h *Host) fault(op remote.Op, r remote.Result, said []byte, err error) error {
	var e *remote.OpError
	detail := words.Printable(string(said), 600)
	if errors.As(err, &e) {
		err, detail = e.Err, e.Detail
	}
	name, object := remote.Describe(op)
	return &remote.OpError{Host: h.name, Op: name, Object: object, Detail: detail, Exit: r.Exit, Err: err}
}
