package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// revoke removes a user that nobody has any more, if the Options allow it, and proves on each host that its key is
// refused. Then it removes what is left of the user on hosts. A user that is gone already has only the rest to be done.
func (r *run) revoke(h hold, rot spec.Rotation) error {
	l, err := r.look(h.ctx)
	if err != nil {
		return err
	}
	s := r.situation(l, rot)
	if !s.User.Known {
		return nil // which the report says
	}
	if s.User.There {
		if !r.mayRevoke(rot) || len(rotation.Decide(s).Bars) > 0 {
			return nil
		}
		if gone, err := r.remove(h, l, rot); !gone || err != nil {
			return err
		}
		if l, err = r.look(h.ctx); err != nil {
			return err
		}
	}
	return r.clean(h, l, rot)
}

// remove removes the user after a last look at who has images open.
func (r *run) remove(h hold, l *look, rot spec.Rotation) (bool, error) {
	r.tell(Event{Stage: "proof"})
	if err := r.unwatched(h.ctx, l, rot); err != nil {
		return false, err
	}
	key := l.clusters[rot.Cluster].users[rot.Old().Entity].Key
	if err := h.held(); err != nil {
		return false, err
	}
	r.tell(Event{Stage: "revoke"})
	if err := r.auth(rot.Cluster).Remove(h.ctx, rot.Old().Entity); err != nil {
		return false, fmt.Errorf("%s is not removed from cluster %s: %w", rot.Old().Entity, rot.Cluster, err)
	}
	return true, r.refusedEverywhere(h.ctx, rot, func(string) ceph.Key { return key })
}

// unwatched says which images somebody has open as the old user, or as nobody knows whom: a client that has lost its
// session goes on with the OSDs.
func (r *run) unwatched(ctx context.Context, l *look, rot spec.Rotation) error {
	pools, err := r.reached(ctx, l, rot)
	if err != nil {
		return err
	}
	clients := cephx.ByClient(l.clusters[rot.Cluster].sessions)
	for _, pool := range pools {
		open, err := r.auth(rot.Cluster).Watchers(ctx, pool)
		switch {
		case errors.Is(err, ceph.ErrNotFound):
			continue
		case errors.Is(err, ceph.ErrDenied) && !slices.Contains(r.site.PoolNames(rot.Cluster), pool):
			return fmt.Errorf("%w: %s has rights on pool %s, which the Spec does not have, and cephstack may not look who has "+
				"images of it open, so %[2]s stays: give the user of cephstack profile rbd-read-only pool=%[3]s for osd (ceph "+
				"auth caps), or take pool %[3]s from the rights of %[2]s once nobody needs it there: %[4]w", ErrUnfinished,
				rot.Old().Entity, pool, err)
		case err != nil:
			return fmt.Errorf("who has images of pool %s open cannot be told, so %s stays: %w", pool, rot.Old().Entity, err)
		}
		for _, image := range sortedKeys(open) {
			for _, w := range open[image] {
				if s, known := clients[w.Client]; !known || s.Entity == rot.Old().Entity {
					return fmt.Errorf("%w: %s/%s is open by client.%d at %s, and no session tells that this is another user than "+
						"%s; see rbd status, and which process that is", ErrUnfinished, pool, image, w.Client, w.Address,
						rot.Old().Entity)
				}
			}
		}
	}
	return nil
}

// reached are the pools in which the old user may have images open: those of the Spec, and all others that its rights
// reach, such as a pool of before. A data pool holds no image by itself.
func (r *run) reached(ctx context.Context, l *look, rot spec.Rotation) ([]string, error) {
	pools, err := ceph.New(r.cfg.World.Clusters[rot.Cluster].Mon).Pools(ctx)
	if err != nil {
		return nil, fmt.Errorf("the pools on which %s has rights cannot be told, so it stays: %w", rot.Old().Entity, err)
	}
	names := r.site.PoolNames(rot.Cluster)
	caps := l.clusters[rot.Cluster].users[rot.Old().Entity].Caps
	for _, p := range pools {
		reaches, spaces := caps.Reach(p)
		if len(spaces) > 0 {
			return nil, fmt.Errorf("%w: %s has rights on namespace %s of pool %s, and who has images of namespaces open is not "+
				"looked at, so it stays: see rbd status --namespace, and take that clause from its rights (ceph auth caps)",
				ErrUnfinished, rot.Old().Entity, spaces[0], p.Name)
		}
		if reaches && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return r.site.HoldsData(rot.Cluster, name) }), nil
}

// refusedEverywhere proves on each host that reaches the cluster that a key is refused. A host without a key to try is
// passed over.
func (r *run) refusedEverywhere(ctx context.Context, rot spec.Rotation, key func(host string) ceph.Key) error {
	var names []string
	for _, h := range r.site.InOrder() {
		users := r.site.UsersOf(r.site.ServicesOf(h))
		if slices.Contains(users, rot.New()) && !key(h.Name).IsZero() {
			names = append(names, h.Name)
		}
	}
	var errs []error
	for _, o := range remote.Each(ctx, names, max(r.cfg.Parallel, 32), func(ctx context.Context, name string) (bool,
		error) {
		user := ceph.User{Entity: rot.Old().Entity, Key: key(name)}
		return r.refused(ctx, name, rot.Cluster, user)
	}) {
		switch {
		case o.Err != nil:
			errs = append(errs, fmt.Errorf("%w: whether %s is refused from %s cannot be told: %w", ErrUnfinished,
				rot.Old().Entity, o.Name, o.Err))
		case !o.Value:
			errs = append(errs, fmt.Errorf("%s was removed from cluster %s, and its key still logs in from %s: see to which "+
				"cluster %s leads there", rot.Old().Entity, rot.Cluster, o.Name, spec.ConfPath(rot.Cluster)))
		}
	}
	return errors.Join(errs...)
}

// clean removes what is left of a user that is gone, after the key was refused from its host once more.
func (r *run) clean(h hold, l *look, rot spec.Rotation) error {
	list := l.leftovers[rot.Old()]
	if len(list) == 0 {
		return nil
	}
	r.tell(Event{Stage: "clean"})
	keys := map[string]ceph.Key{}
	for _, o := range list {
		if keys[o.host].IsZero() {
			keys[o.host] = o.key
		}
	}
	if err := r.refusedEverywhere(h.ctx, rot, func(host string) ceph.Key { return keys[host] }); err != nil {
		return err
	}
	byHost := map[string][]leftover{}
	for _, o := range list {
		byHost[o.host] = append(byHost[o.host], o)
	}
	var errs []error
	for _, o := range remote.Each(h.ctx, sortedKeys(byHost), max(r.cfg.Parallel, 32),
		func(ctx context.Context, host string) (bool, error) { return true, r.cleanOn(ctx, h, byHost[host]) }) {
		if o.Err != nil {
			errs = append(errs, fmt.Errorf("%w: what is left of %s on %s is not removed: %w", ErrUnfinished, rot.Old().Entity,
				o.Name, o.Err))
		}
	}
	return errors.Join(errs...)
}

func (r *run) cleanOn(ctx context.Context, h hold, list []leftover) error {
	for _, o := range list {
		if err := h.held(); err != nil {
			return err
		}
		if o.uuid != "" {
			err := r.cfg.World.Secrets[o.host].Undefine(ctx, o.uuid)
			if err != nil && !errors.Is(err, libvirtsecret.ErrNotFound) {
				return err
			}
			continue
		}
		results, err := r.cfg.World.Hosts[o.host].Do(ctx, remote.Remove{Path: o.path, Was: o.was})
		if err == nil {
			err = results[0].Err
		}
		if err != nil {
			return err
		}
	}
	return nil
}
