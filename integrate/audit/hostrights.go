package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephx"
)

// rights finds rights that are wider or narrower than the layout needs, and users that the Spec does not know and that
// may write its pools.
func (c credentials) rights() []Finding {
	var out []Finding
	for _, cluster := range c.site.Clusters {
		seen, ok := c.clusters[cluster.Name]
		if !ok {
			continue
		}
		for _, u := range c.site.UsersIn(cluster.Name) {
			if have, ok := seen.users[u.Entity]; ok {
				out = append(out, ofRights(cluster.Name, have, u.Caps)...)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(seen.users)) {
			e := seen.users[name]
			if c.ofSpec(cluster.Name, name) || !strings.HasPrefix(name, "client.") || name == "client.admin" {
				continue
			}
			if pools := c.writes(cluster.Name, e.Caps); len(pools) > 0 {
				out = append(out, Finding{Code: "user-unknown-writes", Severity: Danger, Cluster: cluster.Name,
					Object: "user " + name, Message: "may write pools of the Spec, which does not have this user",
					Evidence: []string{"pools: " + strings.Join(pools, ", "), "rights: " + e.Caps.String()},
					Next: "find out who uses it (ceph tell mon.* sessions; rbd status POOL/IMAGE), put it into the Spec, " +
						"or take its rights away (ceph auth caps " + cephstack.ShellQuote(name) + " …)"})
			}
		}
	}
	return out
}

// writes lists the pools of the Spec that rights let a user write.
func (c credentials) writes(cluster string, caps ceph.Caps) []string {
	return slices.DeleteFunc(slices.Clone(c.site.PoolNames(cluster)), func(pool string) bool { return !caps.Writes(pool) })
}

// ofRights compares the rights of a user of the Spec with those that the layout needs.
func ofRights(cluster string, have cephx.Entity, want ceph.Caps) []Finding {
	f := Finding{Severity: Danger, Cluster: cluster, Object: "user " + have.Entity,
		Evidence: []string{"rights: " + have.Caps.String(), "needed: " + want.String()},
		Next:     "run a plan and apply it; rights that somebody gave besides are taken away by: ceph auth caps"}
	if isAdministrator(have.Caps) {
		f.Code, f.Message = "rights-of-administrator", "may do everything in the cluster, and a service needs little of that"
		f.Next = "give the service a user of its own in the Spec"
		return []Finding{f}
	}
	if have.Caps.Equal(want) {
		return nil
	}
	merged := have.Caps.Merge(want)
	if !merged.Equal(have.Caps) {
		f.Code, f.Severity = "rights-narrower", Broken
		f.Message = "does not have all rights that the layout needs, or has them in another form"
		return []Finding{f}
	}
	f.Code, f.Message = "rights-wider", "has rights that the layout does not need"
	if extra := extraRights(merged, want); extra != "" {
		f.Evidence = append(f.Evidence, "more than needed: "+extra)
	}
	return []Finding{f}
}

// extraRights names the daemons on which rights go beyond those that are needed.
func extraRights(have, want ceph.Caps) string {
	var out []string
	have, want = have.Normal(), want.Normal()
	for _, daemon := range slices.Sorted(maps.Keys(have)) {
		if have[daemon] != want[daemon] {
			out = append(out, fmt.Sprintf("%s %q", daemon, have[daemon]))
		}
	}
	return strings.Join(out, ", ")
}

// isAdministrator reports whether rights are those of an administrator.
func isAdministrator(caps ceph.Caps) bool {
	return strings.HasPrefix(caps["mon"], "allow *") && strings.HasPrefix(caps["osd"], "allow *")
}
