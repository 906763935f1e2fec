package rotate

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// readAges finds the guests whose QEMU started after their host got the new key under the old user's secret: these have
// the new key. Of other guests, that is not known, and they count as guests with the old key. So does each guest on a
// host that does not have the new key yet, however young its QEMU is.
func (r *run) readAges(ctx context.Context, l *look) {
	l.newer = map[spec.User]map[string]bool{}
	for _, rot := range r.rotations() {
		c := l.clusters[rot.Cluster]
		if c.err != nil || !r.asksHybrid(rot) {
			continue
		}
		u := c.users[rot.Old().Entity]
		if u.Pending.IsZero() && !changed(rot, c, u.Key) {
			continue
		}
		uuid := r.site.SecretUUID(rot.Old(), l.plan.Clusters[rot.Cluster])
		newer := map[string]bool{}
		for _, o := range remote.Each(ctx, r.computes(), max(r.cfg.Parallel, 32),
			func(ctx context.Context, host string) ([]string, error) {
				if !l.hasKey(rot, host) {
					return nil, nil
				}
				return r.newerOn(ctx, l, host, uuid)
			}) {
			for _, id := range o.Value {
				newer[id] = true
			}
		}
		l.newer[rot.Old()] = newer
	}
}

// asksHybrid reports whether the key of a user may be changed in place.
func (r *run) asksHybrid(rot spec.Rotation) bool {
	return rot.InPlace() || slices.ContainsFunc(rot.Guests, func(g spec.GuestRule) bool {
		return slices.Contains(g.May, string(rotation.Renew))
	})
}

// newerOn are the guests of a host whose QEMU is newer than the value of a secret.
func (r *run) newerOn(ctx context.Context, l *look, host, uuid string) ([]string, error) {
	var pids []int
	guests := map[int]string{}
	for _, p := range l.hosts[host].Processes {
		if p.Domain != "" {
			pids = append(pids, p.PID)
			guests[p.PID] = p.Domain
		}
	}
	if len(guests) == 0 {
		return nil, nil
	}
	results, err := r.cfg.World.Hosts[host].Do(ctx, running.AskAges(uuid, pids...))
	if err != nil {
		return nil, err // nothing is known
	}
	ages := running.ParseAges(results[0])
	var all []string
	for pid, id := range guests {
		if ages.Newer(pid) {
			all = append(all, id)
		}
	}
	return all, nil
}

// changed reports whether a key is the one that it has to be in the end: of the right type, and not made before the
// time that the Spec gives. Without a time, the key of the user that comes tells, as that user is made first: an older
// key was not changed in this rotation. A user that keeps its name has its type alone.
func changed(rot spec.Rotation, c *clusterLook, key ceph.Key) bool {
	if key.IsZero() || key.Type() != keyType(rot, c) {
		return false
	}
	since, given := rot.MadeSince()
	if !given && !rot.InPlace() {
		comes, there := c.users[rot.New().Entity]
		return there && !made(key).Before(made(comes.Key))
	}
	return !given || !made(key).Before(since)
}

// made is when a key was made: Ceph writes the time into each key.
func made(key ceph.Key) time.Time {
	raw, err := base64.StdEncoding.DecodeString(key.Reveal())
	if err != nil || len(raw) < 6 {
		return time.Time{}
	}
	return time.Unix(int64(binary.LittleEndian.Uint32(raw[2:])), 0)
}
