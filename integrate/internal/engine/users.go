package engine

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// A reading is one look at the users of a cluster, which hosts share.
type reading struct {
	began time.Time
	done  chan struct{} // closed when users and err are there
	users map[string]ceph.User
	err   error
}

// ended reports whether the reading is over.
func (r *reading) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// key is the key that a user has now. It was read from the cluster in this run, and not
// longer ago than Fresh: the plan may be old, and the key revoked.
func (r *Run) key(ctx context.Context, cluster, entity string) (ceph.Key, error) {
	users, err := r.usersNow(ctx, cluster)
	if err != nil {
		return ceph.Key{}, fmt.Errorf("the key of %s is not written, as cluster %s cannot be asked whether it still holds: "+
			"%w%s", entity, cluster, err, cause.Advice(err))
	}
	u, ok := users[entity]
	if !ok || u.Key.IsZero() {
		return ceph.Key{}, fmt.Errorf("%w: user %s is not in cluster %s any more; plan again",
			step.ErrConflict, entity, cluster)
	}
	return u.Key, nil
}

// usersNow reads the users of a cluster. Hosts that need them at once share a reading, and
// so do those that need them soon after. A reading that failed is not kept.
func (r *Run) usersNow(ctx context.Context, cluster string) (map[string]ceph.User, error) {
	r.mu.Lock()
	now := r.users[cluster]
	mine := now == nil || now.ended() && (now.err != nil || time.Since(now.began) > cmp.Or(r.e.Fresh, time.Minute))
	if mine {
		now = &reading{began: time.Now(), done: make(chan struct{})}
		r.users[cluster] = now
	}
	r.mu.Unlock()
	if mine {
		now.users, now.err = r.e.readUsers(ctx, cluster)
		close(now.done)
	}
	select {
	case <-now.done:
		return now.users, now.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// readUsers reads the users that the resources of a cluster ask for, in one exchange.
func (e *Engine) readUsers(ctx context.Context, cluster string) (map[string]ceph.User, error) {
	var query ceph.Query
	for _, entry := range e.Catalog.Of(step.AtCluster(cluster)) {
		query = entry.Asks().Joined(query)
	}
	world := e.World.Clusters[cluster]
	return ceph.New(world.Mon).WithImages(world.Images).Users(ctx, query.Users...)
}
