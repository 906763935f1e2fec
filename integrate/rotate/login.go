package rotate

import (
	"context"
	"errors"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/box"
	"github.com/cephstack/cephstack/integrate/internal/login"
	"github.com/cephstack/cephstack/integrate/spec"
)

// refused reports whether a cluster refuses a key to a host, or to the first container of services there.
func (r *run) refused(ctx context.Context, host, cluster string, user ceph.User) (bool, error) {
	op := login.Trial{Entity: user.Entity, Key: user.Key, Conf: spec.ConfPath(cluster)}.Run()
	if boxes := r.site.ContainersOn(r.site.Host(host)); len(boxes) > 0 {
		op = box.Enter(op, boxes[0])
	}
	results, err := r.cfg.World.Hosts[host].Do(ctx, op)
	if err != nil {
		return false, err
	}
	switch verdict, err := login.Judge(results[0]); {
	case err != nil:
		return false, err
	case verdict == login.Accepted:
		return false, nil
	case verdict == login.Refused:
		return true, nil
	}
	return false, errors.New("librados there does not read keys of that type, so that nothing is proven")
}
