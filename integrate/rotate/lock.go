package rotate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/lease"
	"github.com/cephstack/cephstack/integrate/world"
)

// The operator lock, as package integrate has it.
const (
	lockPool   = "cephstack"
	lockObject = "operator-lock"
	lockTerm   = 90 * time.Second
)

// A hold is the operator lock while guests are worked on.
type hold struct {
	ctx  context.Context
	held func() error
	free func()
}

// hold takes the operator lock.
func (r *run) hold(ctx context.Context) (hold, error) {
	cluster := r.site.Clusters[0].Name
	locker, is := r.cfg.World.Clusters[cluster].Mon.(ceph.Locker)
	if !is {
		return hold{ctx, ctx.Err, func() {}}, nil // nobody is kept out; the plan says so
	}
	l, err := lease.Take(ctx, lease.Config{Locker: locker, Lock: r.lock(), Break: r.opts.BreakLock, Now: time.Now})
	switch {
	case err == nil:
		return hold{l.Context(), l.Held, l.Close}, nil
	case errors.Is(err, ceph.ErrLocked):
		return hold{}, fmt.Errorf("%w, so no guest is touched: somebody else works on cluster %s: %w", world.ErrLock,
			cluster, err)
	}
	return hold{}, fmt.Errorf("%w, so no guest is touched: cluster %s gives no lock: %w", world.ErrLock, cluster, err)
}

func (r *run) lock() ceph.Lock {
	owner, host := r.cfg.Owner, "an unnamed host"
	if u, err := user.Current(); owner == "" && err == nil {
		owner = u.Username
	}
	if owner == "" {
		owner = fmt.Sprintf("user %d", os.Getuid())
	}
	if name, err := os.Hostname(); err == nil {
		host = name
	}
	return ceph.Lock{Pool: lockPool, Object: lockObject, ID: rand.Text(), Owner: owner, Host: host, Purpose: "rotate",
		Since: time.Now(), Term: lockTerm}
}
