package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// errKey says that a key is not changed, or only a part of the way.
var errKey = errors.New("the key is not changed")

// key changes the key of a user in place, where rules ask for that: after everything else has left the user. The order
// is such that a guest can come back at each moment: the new key is on all computes before a guest uses it. Where the
// cluster has pending keys, both keys are good until then.
func (r *run) key(h hold, rot spec.Rotation) error {
	for range 8 { // each phase comes once, and the last look
		l, err := r.look(h.ctx)
		if err != nil {
			return err
		}
		s := r.situation(l, rot)
		d := rotation.Decide(s)
		if err := h.held(); err != nil {
			return err
		}
		switch d.Hybrid {
		case rotation.Prepare:
			err = r.prepareKey(h, l, s)
		case rotation.Move:
			err = r.moveAll(h, l, s)
		case rotation.Commit:
			err = r.commit(h, rot)
		default:
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s in cluster %s: %w", rot.Old().Entity, rot.Cluster, err)
		}
	}
	return fmt.Errorf("%w: %s in cluster %s: something undoes what is done", errKey, rot.Old().Entity, rot.Cluster)
}

// prepareKey makes the new key, or puts it on all computes.
func (r *run) prepareKey(h hold, l *look, s rotation.Situation) error {
	rot := s.Rotation
	if s.User.Changed && !s.User.Pending {
		return r.applyNow(h.ctx) // as soon as can be: no guest can come back where the new key is not
	}
	if s.Stop != "" {
		return fmt.Errorf("%w: %s", errKey, s.Stop)
	}
	if host := firstKey(l.hostErrs); host != "" {
		return fmt.Errorf("%w: %s cannot be read, and a guest on it could not come back: %w", errKey, host, l.hostErrs[host])
	}
	if host := firstKey(l.notReady); host != "" && (s.User.Pending || !s.User.Changed) {
		return fmt.Errorf("%w: %s is not ready: %s", errKey, host, l.notReady[host])
	}
	r.tell(Event{Stage: "key"})
	a := r.auth(rot.Cluster)
	c := l.clusters[rot.Cluster]
	if s.User.Pending {
		return r.spread(h, l, rot)
	}
	if r.made[rot.Old()] {
		return fmt.Errorf("%w once more: by the clock of the monitors it was made at %s, and since is %s, so that it does "+
			"not count as new; set since to that time", errKey,
			made(c.users[rot.Old().Entity].Key).UTC().Format(time.RFC3339), rot.Since)
	}
	r.made[rot.Old()] = true
	switch {
	case c.ciphers.Preferred != "" && c.ciphers.Preferred != keyType(rot, c):
		_, err := a.Rotate(h.ctx, rot.Old().Entity, keyType(rot, c))
		return err
	}
	_, err := a.Pending(h.ctx, rot.Old().Entity)
	if errors.Is(err, cephx.ErrUnsupported) {
		_, err = a.Rotate(h.ctx, rot.Old().Entity, keyType(rot, c))
	}
	return err
}

// spread puts the pending key under the secret of the user on all computes.
func (r *run) spread(h hold, l *look, rot spec.Rotation) error {
	pending := l.clusters[rot.Cluster].users[rot.Old().Entity].Pending
	value, err := libvirtsecret.ParseValue(pending.Reveal())
	if err != nil {
		return err
	}
	uuid := r.site.SecretUUID(rot.Old(), l.plan.Clusters[rot.Cluster])
	names := r.computes()
	var errs []error
	for _, o := range remote.Each(h.ctx, names, max(r.cfg.Parallel, 32), func(ctx context.Context, host string) (bool,
		error) {
		store := r.cfg.World.Secrets[host]
		was, err := store.Lookup(ctx, uuid)
		if err != nil {
			return false, err
		}
		if was.Value.Equal(value) {
			return true, nil
		}
		now := was
		now.Value = value
		return true, store.Define(ctx, libvirtsecret.Change{Secret: now, Was: &was})
	}) {
		if o.Err != nil {
			errs = append(errs, fmt.Errorf("%w: the pending key is not on %s: %w", errKey, o.Name, o.Err))
		}
	}
	return errors.Join(errs...)
}

func (r *run) computes() []string {
	var names []string
	for _, h := range r.site.InOrder() {
		if want.IsCompute(h) {
			names = append(names, h.Name)
		}
	}
	return names
}

// moveAll moves the guests that keep the user, one after another, and stops at the first that does not end well. The
// first guest that logs in with a pending key ends the old key within seconds. So what else has the old key, such as
// keyrings of services, gets the new key before other guests are moved.
func (r *run) moveAll(h hold, l *look, s rotation.Situation) error {
	rot := s.Rotation
	jobs := r.jobs(l, func(a rotation.Act) bool { return a == rotation.Renew })
	jobs = slices.DeleteFunc(jobs, func(j job) bool { return j.rot.Old() != rot.Old() })
	if len(jobs) == 0 {
		return fmt.Errorf("%w: guests wait that still have the old key; the report says for what", ErrUnfinished)
	}
	for i := range jobs {
		if failed := r.work(h, jobs[i:i+1], 0); failed > 0 {
			return fmt.Errorf("%w: a guest did not move, so no other guest is moved; those that have not moved go on, and can "+
				"come back by a hard reboot", ErrUnfinished)
		}
		if err := h.held(); err != nil {
			return err
		}
		if i == 0 && s.User.Pending && r.fresh[jobs[i].step.Guest.ID] {
			if err := r.commit(h, rot); err != nil {
				return err
			}
		}
	}
	return nil
}

// commit gives the old key up, and puts the new key where the services have it.
func (r *run) commit(h hold, rot spec.Rotation) error {
	if err := r.auth(rot.Cluster).CommitPending(h.ctx, rot.Old().Entity); err != nil &&
		!errors.Is(err, cephx.ErrUnsupported) {
		return err
	}
	return r.applyNow(h.ctx)
}

// pending are the secrets, by UUID, of users whose second key waits for its first use. The ordinary plan would put the
// current key back there.
func (r *run) pending(l *look) map[string]bool {
	secrets := map[string]bool{}
	for _, rot := range r.rotations() {
		c := l.clusters[rot.Cluster]
		if c.err == nil && !c.users[rot.Old().Entity].Pending.IsZero() {
			secrets[r.site.SecretUUID(rot.Old(), l.plan.Clusters[rot.Cluster])] = true
		}
	}
	return secrets
}

// heldBack reports whether no pending key may be used yet.
func (r *run) heldBack(l *look) bool {
	for _, rot := range r.rotations() {
		s := r.situation(l.applied(), rot)
		if phase := rotation.Decide(s).Hybrid; s.User.Pending && phase != rotation.Held && phase != rotation.NoHybrid {
			return false
		}
	}
	return true
}

// readSpread tells, of each user with a pending key, whether all computes have it under the user's secret.
func (r *run) readSpread(ctx context.Context, l *look) {
	l.spread, l.pendingOn = map[spec.User]bool{}, map[spec.User]map[string]bool{}
	for _, rot := range r.rotations() {
		c := l.clusters[rot.Cluster]
		if c.err != nil {
			continue
		}
		u := c.users[rot.Old().Entity]
		if u.Pending.IsZero() {
			l.spread[rot.Old()] = l.notYet == "" && len(l.notReady) == 0
			continue
		}
		have := r.whoHas(ctx, r.site.SecretUUID(rot.Old(), l.plan.Clusters[rot.Cluster]), u.Pending)
		l.pendingOn[rot.Old()], l.spread[rot.Old()] = have, len(have) == len(r.computes())
	}
}

// whoHas are the computes that have a key under a secret. A compute that cannot be asked is not among them.
func (r *run) whoHas(ctx context.Context, uuid string, key ceph.Key) map[string]bool {
	have := map[string]bool{}
	for _, o := range remote.Each(ctx, r.computes(), max(r.cfg.Parallel, 32), func(ctx context.Context,
		host string) (bool, error) {
		s, err := r.cfg.World.Secrets[host].Lookup(ctx, uuid)
		return err == nil && strings.TrimSpace(s.Value.Reveal()) == key.Reveal(), err
	}) {
		if o.Err == nil && o.Value {
			have[o.Name] = true
		}
	}
	return have
}

// hasKey reports whether a compute has the new key of a user under its secret: the pending key, or else the key, which
// the plan compares.
func (l *look) hasKey(rot spec.Rotation, host string) bool {
	if !l.clusters[rot.Cluster].users[rot.Old().Entity].Pending.IsZero() {
		return l.pendingOn[rot.Old()][host]
	}
	return l.notYet == "" && l.notReady[host] == ""
}

func firstKey[V any](m map[string]V) string {
	names := sortedKeys(m)
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
