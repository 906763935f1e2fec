package integrate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/lease"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// The operator lock is on an object in a pool of its own.
const (
	lockPool   = "cephstack"
	lockObject = "operator-lock"
	lockTerm   = 90 * time.Second
	longestTag = 60 // letters of a name that others are told
)

// A hold is the operator lock while an operation has it.
type hold struct {
	ctx     context.Context // ends when the lock is lost
	held    func(step.Step) error
	release func()
}

// hold takes the operator lock for a purpose. Where the World gives no way to the lock,
// nobody is kept out; the plan says so.
func (in *Integration) hold(ctx context.Context, purpose string, opts ApplyOptions) (hold, error) {
	free := hold{ctx: ctx, release: func() {}}
	locker := in.engine.Locker()
	switch {
	case locker == nil && opts.BreakLock != "":
		return free, fmt.Errorf("%w: the World gives no way to lock cluster %s, so there is no lock to break", world.ErrLock,
			in.engine.LockedCluster())
	case locker == nil:
		return free, nil
	}
	l, err := lease.Take(ctx, lease.Config{Locker: locker, Lock: in.lock(purpose), Break: opts.BreakLock, Now: in.now})
	switch {
	case err == nil:
		return hold{l.Context(), func(step.Step) error { return l.Held() }, l.Close}, nil
	case ctx.Err() != nil:
		return free, context.Cause(ctx)
	}
	err = in.notTaken(err, opts.BreakLock)
	if !in.entersFirst(err) {
		return free, err
	}
	free.held = func(s step.Step) error {
		if h, ok := s.(step.HostStep); ok && h.Entry {
			return nil
		}
		return err
	}
	return free, nil
}

// entersFirst reports whether the cluster of the lock cannot be reached before this Spec is
// applied. What goes by the entry is written without the lock then, and nothing else is. A
// ceph.conf waits for its cluster.
func (in *Integration) entersFirst(err error) bool {
	return in.entersBefore(in.engine.LockedCluster(), err)
}

// entersBefore reports whether a cluster cannot be reached before this Spec is applied: its host
// lets the normal login in only after the entry wrote keys and sudo rule.
func (in *Integration) entersBefore(cluster string, err error) bool {
	host := in.engine.Site.Cluster(cluster).Host
	return (errors.Is(err, remote.ErrAuth) || errors.Is(err, remote.ErrSudo)) && in.engine.World.Entries[host] != nil &&
		in.engine.Site.PreparesWayIn()
}

// lock is the operator lock of a new holder.
func (in *Integration) lock(purpose string) ceph.Lock {
	owner, host := in.owner, "an unnamed host"
	if u, err := user.Current(); owner == "" && err == nil {
		owner = u.Username
	}
	if owner == "" {
		owner = "user " + strconv.Itoa(os.Getuid())
	}
	if name, err := os.Hostname(); err == nil {
		host = name
	}
	return ceph.Lock{Pool: lockPool, Object: lockObject, ID: rand.Text(), Owner: clip(owner), Host: clip(host),
		Purpose: purpose, Since: in.now(), Term: in.term}
}

func clip(s string) string {
	letters := []rune(s)
	return string(letters[:min(len(letters), longestTag)])
}

// notTaken says why the lock could not be taken, and what to do.
func (in *Integration) notTaken(err error, broken string) error {
	cluster := in.engine.LockedCluster()
	var refusal *ceph.CommandError
	if !errors.As(err, &refusal) || refusal.Holder == nil {
		return fmt.Errorf("%w, so nothing is changed: cluster %s gives no lock: %w%s", world.ErrLock, cluster, err,
			cause.Advice(err))
	}
	holder := refusal.Holder.Holder()
	if broken != "" && broken != holder {
		return fmt.Errorf("%w, so nothing is changed: the lock of cluster %s is not of %q, which was to be broken, but "+
			"of %q: %w", world.ErrLock, cluster, broken, holder, err)
	}
	return fmt.Errorf("%w, so nothing is changed: somebody else works on cluster %s: %w. Wait for that program to end. "+
		"If it will not come back, break the lock of %q", world.ErrLock, cluster, err, holder)
}
