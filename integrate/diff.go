package integrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

// A differ compares a site with what was observed. It is pure: the same
// inputs give the same plan.
type differ struct {
	site *site
	o    *observed
	plan *Plan
	ids  map[string]bool // changes planned so far
	bad  map[string]bool // pools, as cluster/pool, that belong to others
}

func (in *Integration) diff(o *observed) *Plan {
	d := &differ{site: in.site, o: o, plan: &Plan{Changes: []Change{}, seen: o}, ids: map[string]bool{}, bad: map[string]bool{}}
	for _, c := range in.site.spec.Clusters {
		d.cluster(c)
	}
	for _, stage := range []Stage{StageComputes, StageControllers} {
		for _, h := range in.site.spec.Hosts {
			if stageOf(h) == stage && len(in.site.servicesOf(h)) > 0 {
				d.host(h)
			}
		}
	}
	d.cloud()
	return d.plan
}

func changeID(kind Kind, target, name string) string {
	return string(kind) + "/" + target + "/" + name
}

// add plans a change; of needs only those are kept that are planned too.
func (d *differ) add(c Change, needs ...string) {
	c.ID = changeID(c.Kind, c.Target, c.Name)
	for _, id := range needs {
		if d.ids[id] {
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

func (d *differ) cluster(c ClusterSpec) {
	seen := d.o.clusters[c.Name]
	if seen.err != nil {
		d.problem(c.Name, "", seen.err, "the Ceph cluster cannot be read, so nothing that depends on it is planned: %v; see that its monitors answer and run again", seen.err)
		return
	}
	for _, p := range d.site.pools[c.Name] {
		d.pool(c.Name, p, seen)
	}
	for _, u := range d.site.users {
		if u.cluster == c.Name {
			d.user(c, u, seen)
		}
	}
}

func (d *differ) pool(cluster string, want ceph.Pool, seen *observedCluster) {
	change := Change{Stage: StageCluster, Kind: KindPool, Target: cluster, Name: want.Name}
	have, ok := seen.pools[want.Name]
	if ok && have.Application != "" && have.Application != want.Application {
		d.bad[cluster+"/"+want.Name] = true
		d.problem(cluster, "pool "+want.Name, nil,
			"belongs to application %s; name another pool in the Spec, or move that data away first", have.Application)
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
	d.add(change)
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

func (d *differ) user(c ClusterSpec, want userUse, seen *observedCluster) {
	change := Change{Stage: StageCluster, Kind: KindUser, Target: c.Name, Name: want.entity}
	if pool := d.foreignPool(want.userID); pool != "" {
		d.problem(c.Name, "user "+want.entity, nil, "left alone, as pool %s is not RBD's", pool)
		return
	}
	have, ok := seen.users[want.entity]
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

// foreignPool names a pool of another application that a user would get rights
// in.
func (d *differ) foreignPool(id userID) string {
	write, read := d.site.poolRights(id)
	for _, pool := range slices.Concat(write, read) {
		if d.bad[id.cluster+"/"+pool] {
			return pool
		}
	}
	return ""
}

// wantedCaps are the computed rights, with foreign clauses of the present
// ones kept unless the Spec says otherwise.
func wantedCaps(c ClusterSpec, have ceph.User, want userUse) ceph.Caps {
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

// cloud plans what is made through the APIs: volume types.
func (d *differ) cloud() {
	if err := d.o.cloud.err; err != nil && !errors.Is(err, errNoCloud) {
		d.problem("cloud", "", err, "the APIs cannot be asked, so nothing that depends on them is planned: %v", err)
		return
	}
	for _, b := range d.site.cinder {
		if b.VolumeType == "" {
			continue
		}
		if err := d.o.cloud.err; err != nil {
			d.problem("cloud", "volume type "+b.VolumeType, err, "cannot be made: %v", err)
			continue
		}
		backend, ok := d.o.cloud.types[b.VolumeType]
		if ok && backend != b.Name {
			d.problem("cloud", "volume type "+b.VolumeType, nil,
				"exists and is bound to backend %q, not to %s; name another type in the Spec or change its volume_backend_name", backend, b.Name)
		}
		if !ok {
			d.add(Change{Stage: StageCloud, Kind: KindVolumeType, Action: Create, Target: "cloud", Name: b.VolumeType,
				Diffs:  []FieldDiff{{"volume_backend_name", "", b.Name}},
				Reason: "the volume type does not exist"}, d.unitIDs("cinder-volume")...)
		}
	}
}

func (d *differ) unitIDs(service string) []string {
	var ids []string
	for _, h := range d.site.spec.Hosts {
		ids = append(ids, changeID(KindUnit, h.Name, services[service].unit))
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
	known := []string{}
	for _, r := range d.o.cloud.records {
		if r.Binary == "nova-compute" {
			known = append(known, r.Host)
		}
	}
	if !slices.Contains(known, host) {
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
