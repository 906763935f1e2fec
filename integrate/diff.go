package integrate

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// cloudTarget is the target of what is changed through the APIs.
const cloudTarget = "cloud"

// A differ compares a site with what was observed. It is pure: the same
// inputs give the same plan.
type differ struct {
	site *site
	o    *observed
	plan *Plan
	ids  map[string]bool // changes planned so far
	// serving is how the hosts that were compared serve the backends of Cinder.
	serving []volumeHost
	*common
}

// common is what the comparisons of all hosts share, worked out once.
type common struct {
	uuids   map[spec.User]string // of the libvirt secrets
	bad     map[string]bool      // what belongs to others: pools, as cluster/pool, and users, by userKey
	foreign map[spec.User]string // a pool of another application that a user would get rights in
	conf    confMemo
}

// newDiffer begins a comparison with what was observed of clusters and cloud.
func newDiffer(s *site, o *observed) *differ {
	c := &common{uuids: map[spec.User]string{}, bad: map[string]bool{}, foreign: map[spec.User]string{}}
	for _, id := range s.secrets {
		c.uuids[id] = s.secretUUID(id, o.clusters[id.Cluster].status.FSID)
	}
	return &differ{site: s, o: o, plan: &Plan{Release: string(s.release), Changes: []Change{}}, ids: map[string]bool{}, common: c}
}

// diff compares everything.
func (in *Integration) diff(o *observed) *Plan {
	base := in.diffClusters(o)
	all := base.part()
	all.merge(base)
	all.merge(in.diffHosts(base, o)...)
	all.cloud()
	all.plan.seen = o
	return all.plan
}

// diffHosts compares the hosts, on all processors, as none depends on another.
func (in *Integration) diffHosts(base *differ, o *observed) []*differ {
	hosts := in.site.inOrder()
	parts := make([]*differ, len(hosts))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(hosts)); i = next.Add(1) - 1 {
				parts[i] = base.host(hosts[i], o.hosts[hosts[i].Name])
			}
		})
	}
	wg.Wait()
	return parts
}

// diffClusters compares what no host is needed for.
func (in *Integration) diffClusters(o *observed) *differ {
	d := newDiffer(in.site, o)
	for _, c := range in.site.spec.Clusters {
		d.cluster(c)
	}
	return d
}

// inOrder lists the hosts that have services to configure: computes first.
func (s *site) inOrder() []spec.Host {
	var hosts []spec.Host
	for _, stage := range []Stage{StageComputes, StageControllers} {
		for _, h := range s.spec.Hosts {
			if stageOf(h) == stage && len(s.servicesOf(h)) > 0 {
				hosts = append(hosts, h)
			}
		}
	}
	return hosts
}

// part begins a plan of its own that knows which changes d has.
func (d *differ) part() *differ {
	return &differ{site: d.site, o: d.o, plan: &Plan{Release: string(d.site.release), Changes: []Change{}}, ids: maps.Clone(d.ids), common: d.common}
}

// merge adds the plans of parts.
func (d *differ) merge(parts ...*differ) {
	more := 0
	for _, part := range parts {
		more += len(part.plan.Changes)
	}
	d.plan.Changes = slices.Grow(d.plan.Changes, more)
	for _, part := range parts {
		d.plan.Changes = append(d.plan.Changes, part.plan.Changes...)
		d.plan.Findings = append(d.plan.Findings, part.plan.Findings...)
		d.serving = append(d.serving, part.serving...)
		for _, c := range part.plan.Changes {
			d.ids[c.ID] = true
		}
	}
}

func changeID(kind Kind, target, name string) string {
	return string(kind) + "/" + target + "/" + name
}

// add plans a change; of needs only those are kept that are planned too.
func (d *differ) add(c Change, needs ...string) {
	c.ID = changeID(c.Kind, c.Target, c.Name)
	for _, id := range needs {
		if d.ids[id] && !slices.Contains(c.Needs, id) {
			c.Needs = append(c.Needs, id)
		}
	}
	d.ids[c.ID] = true
	d.plan.Changes = append(d.plan.Changes, c)
}

func (d *differ) problem(target, object string, err error, format string, args ...any) {
	d.plan.Findings = append(d.plan.Findings, Finding{Problem: true, Target: target, Object: object, Message: fmt.Sprintf(format, args...), Err: err})
}

func (d *differ) note(target, object, format string, args ...any) {
	d.plan.Findings = append(d.plan.Findings, Finding{Target: target, Object: object, Message: fmt.Sprintf(format, args...)})
}

func (d *differ) cluster(c spec.Cluster) {
	seen := d.o.clusters[c.Name]
	if seen.note != "" {
		d.note(c.Name, "access", "%s", seen.note)
	}
	if seen.err != nil {
		asked := ""
		if c.Host != "" {
			asked = " (asked on " + c.Host + ")"
		}
		d.problem(c.Name, "", seen.err, "the Ceph cluster cannot be read%s, so nothing that depends on it is planned: %v%s", asked, seen.err, advice(seen.err))
		return
	}
	if c.Caps == "classic" && seen.status.Release >= "luminous" {
		d.note(c.Name, "caps", "are of the form before Luminous, and this cluster is of %s: with them, VMs do not boot again after their host crashed; take caps: classic out of the Spec", seen.status.Release)
	}
	d.profiles(c, seen)
	for _, p := range d.site.pools[c.Name] {
		d.pool(c.Name, p, seen)
		if uses := d.site.usesOf(c.Name, p.Name); len(uses) > 1 {
			d.note(c.Name, "pool "+p.Name, "holds %s: each one's user may change what the others have there; a pool for each keeps them apart", strings.Join(uses, " and "))
		}
	}
	for _, u := range d.site.users {
		if u.Cluster == c.Name {
			d.foreign[u.User] = d.foreignPool(u.User)
			d.user(c, u, seen)
		}
	}
}

func (d *differ) pool(cluster string, want ceph.Pool, seen *observedCluster) {
	change := Change{Stage: StageCluster, Kind: KindPool, Target: cluster, Name: want.Name}
	want = asKnown(want, seen.status.Release)
	have, ok := seen.pools[want.Name]
	if ok && have.Application != "" && have.Application != want.Application {
		d.bad[cluster+"/"+want.Name] = true
		d.problem(cluster, "pool "+want.Name, nil,
			"belongs to application %s; name another pool in the Spec, or move that data away first", have.Application)
		return
	}
	why := d.unfit(cluster, have, want, seen)
	if why == "" {
		why = d.narrow(cluster, have, want, seen)
	}
	if why == "" {
		why = beyond(seen.status.Release, cluster, have, want)
	}
	if why != "" {
		d.bad[cluster+"/"+want.Name] = true
		d.problem(cluster, "pool "+want.Name, nil, "%s", why)
		return
	}
	change.Diffs = poolDiffs(have, want)
	switch {
	case !ok:
		change.Action, change.Reason = Create, "the pool does not exist"
	case len(change.Diffs) > 0:
		change.Action, change.Reason = Update, "the pool is not as the Spec says"
	default:
		return
	}
	d.add(change, changeID(KindErasureProfile, cluster, want.ErasureProfile))
}

// poolDiffs compares the owned fields: those that are not zero in want.
func poolDiffs(have, want ceph.Pool) []FieldDiff {
	var diffs []FieldDiff
	for _, d := range want.Diff(have) {
		if have.Name == "" {
			d.Observed = ""
		}
		diffs = append(diffs, FieldDiff{d.Field, d.Observed, d.Desired})
	}
	return diffs
}

func (d *differ) user(c spec.Cluster, want userUse, seen *observedCluster) {
	change := Change{Stage: StageCluster, Kind: KindUser, Target: c.Name, Name: want.Entity}
	if pool := d.foreign[want.User]; pool != "" {
		d.problem(c.Name, "user "+want.Entity, nil, "left alone, as pool %s cannot be used", pool)
		return
	}
	have, ok := seen.users[want.Entity]
	if slices.ContainsFunc([]string{"mon", "osd", "mgr"}, func(daemon string) bool { return strings.Contains(have.Caps[daemon], "allow *") }) {
		d.bad[userKey(want.User)] = true
		d.problem(c.Name, "user "+want.Entity, nil, "has all rights (%s), as an administrator, so its rights and its key are left alone; name a user of the service's own in the Spec", have.Caps)
		return
	}
	if release := seen.status.Release; c.Caps != "classic" && release != "" && release < "luminous" {
		d.bad[userKey(want.User)] = true
		d.problem(c.Name, "user "+want.Entity, nil, "left alone, as %s knows no profiles of rights for RBD, which came with Luminous; say caps: classic for this cluster", release)
		return
	}
	caps := wantedCaps(c, have, want)
	if ok && have.Caps.Equal(caps) {
		return
	}
	change.Diffs = capsDiffs(have.Caps, caps)
	change.Action, change.Reason = Create, "the user does not exist"
	if ok {
		change.Action, change.Reason = Update, "its rights are not what the layout needs"
	}
	d.add(change)
}

// userKey is a user's place among what is left alone.
func userKey(id spec.User) string { return id.Cluster + " " + id.Entity }

// foreignPool names a pool of another application that a user would get rights
// in.
func (d *differ) foreignPool(id spec.User) string {
	write, read := d.site.poolRights(id)
	for _, pool := range slices.Concat(write, read) {
		if d.bad[id.Cluster+"/"+pool] {
			return pool
		}
	}
	return ""
}

// wantedCaps are the computed rights, with foreign clauses of the present
// ones kept unless the Spec says otherwise.
func wantedCaps(c spec.Cluster, have ceph.User, want userUse) ceph.Caps {
	if c.RemoveForeignCaps {
		return want.caps
	}
	return have.Caps.Merge(want.caps).Normal()
}

func capsDiffs(have, want ceph.Caps) []FieldDiff {
	var diffs []FieldDiff
	h, w := have.Normal(), want.Normal()
	for _, daemon := range []string{"mon", "mgr", "osd", "mds"} {
		if h[daemon] != w[daemon] {
			diffs = append(diffs, FieldDiff{daemon, h[daemon], w[daemon]})
		}
	}
	return diffs
}

// cloud plans what is made through the APIs, volume types, and says what shows
// only when all hosts are known.
func (d *differ) cloud() {
	d.volumeHosts()
	for _, b := range d.site.cinder {
		for _, f := range (openstack.VolumeBackend{Name: b.Name, Extra: b.Options}).Findings() {
			d.note(cloudTarget, "backend "+b.Name+" option "+f.Option, "%s", f.Message)
		}
	}
	if err := d.o.cloud.err; err != nil && !errors.Is(err, errNoCloud) {
		d.problem(cloudTarget, "", err, "the APIs cannot be asked, so nothing that depends on them is planned: %v%s", err, advice(err))
		return
	}
	for _, b := range d.site.cinder {
		if b.VolumeType == "" {
			continue
		}
		if err := d.o.cloud.err; err != nil {
			d.problem(cloudTarget, "volume type "+b.VolumeType, err, "cannot be made: %v", err)
			continue
		}
		d.volumeType(b)
	}
}

func (d *differ) unitIDs(service string) []string {
	var ids []string
	for _, h := range d.site.spec.Hosts {
		ids = append(ids, changeID(KindUnit, h.Name, d.site.service(h, service).unit))
	}
	return ids
}

// localDisks lists the VMs on a compute that have a disk or a config drive
// there. One that has them in Nova's pool is none: its compute puts them there
// (inCeph), or it is shut off and was moved.
func (d *differ) localDisks(host string, inCeph bool) (names []string, err error) {
	if d.o.cloud.err != nil {
		return nil, d.o.cloud.err
	}
	if !d.o.cloud.computes[host] {
		known := slices.Sorted(maps.Keys(d.o.cloud.computes))
		return nil, fmt.Errorf("the APIs know no nova-compute on %q, but on %s; call the host in the Spec as they do", host, joinShort(known))
	}
	disks := d.o.clusters[d.site.nova.Cluster].vmDisk
	for _, s := range d.o.cloud.servers[host] {
		moved := (inCeph || s.Status == "SHUTOFF") && (disks[s.ID+"_disk"] || s.ImageID == "") && (!s.ConfigDrive || disks[s.ID+"_disk.config"])
		if s.HasLocalDisk && !moved {
			names = append(names, s.Name+" ("+s.ID+")")
		}
	}
	return names, nil
}

func joinShort(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
