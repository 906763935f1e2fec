package rotate

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// agesScript prints when libvirt wrote the value of a secret, and when processes started, in seconds by the host's own
// clock. Its arguments are the UUID and the processes.
const agesScript = `LC_ALL=C
for f in /etc/libvirt/secrets/"$1".*; do
	case $f in *.xml) ;; *) stat -c 'secret %Y' "$f" 2>/dev/null ;; esac
done
shift
hz=$(getconf CLK_TCK) && boot=$(awk '$1 == "btime" { print $2 }' /proc/stat) || exit 1
for p; do
	ticks=$(sed 's/.*) //' "/proc/$p/stat" 2>/dev/null | cut -d' ' -f20)
	[ -n "$ticks" ] && echo "$p $((boot + ticks / hz))"
done
exit 0
`

// readAges finds the guests whose QEMU started after their host got the present value of the old user's secret: these
// have the new key. Of other guests, that is not known, and they count as guests with the old key.
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
			func(ctx context.Context, host string) ([]string, error) { return r.newerOn(ctx, l, host, uuid) }) {
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
	argv, guests := []string{"sh", "-c", agesScript, "cephstack-ages", uuid}, map[string]string{}
	for _, p := range l.hosts[host].Processes {
		if p.Domain != "" {
			argv = append(argv, strconv.Itoa(p.PID))
			guests[strconv.Itoa(p.PID)] = p.Domain
		}
	}
	if len(guests) == 0 {
		return nil, nil
	}
	results, err := r.cfg.World.Hosts[host].Do(ctx, remote.Run{Argv: argv})
	if err != nil || results[0].Err != nil || results[0].Exit != 0 {
		return nil, err // nothing is known
	}
	return newerThan(string(results[0].Data), guests), nil
}

// newerThan reads what agesScript printed. A process counts if it is a second and more younger than the secret, as both
// times are whole seconds.
func newerThan(text string, guests map[string]string) []string {
	written := int64(0)
	starts := map[string]int64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		at, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			continue
		}
		if name == "secret" {
			written = max(written, at)
			continue
		}
		starts[name] = at
	}
	var all []string
	for pid, at := range starts {
		if written > 0 && at > written+1 && guests[pid] != "" {
			all = append(all, guests[pid])
		}
	}
	return all
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
