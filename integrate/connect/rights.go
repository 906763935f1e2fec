package connect

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Rights are what a Ceph user needs, so that cephstack can work as that user instead of client.admin. Apply and Verify
// have what a Plan needs, too. Whoever has the rights of Apply can give each user of the Spec any right, and read the
// user's key: keep that key as you keep the key of client.admin. What stays out of reach are other users and pools.
//
// Rotate is for a Spec with rotations in the cluster, and empty for others. It has what Apply needs, too, and may
// remove the users that go. It is not enough to remove the users that came, on the way back, or to set the types of
// keys that the cluster allows, for which all keys are read: these need client.admin. Nor does it reach pools
// outside of the Spec on which a user that goes has rights.
type Rights struct{ Plan, Apply, Verify, Rotate ceph.Caps }

// lockPool is the pool of the operator lock, in the first cluster of a Spec.
const lockPool = "cephstack"

// RightsFor are the least rights for a cluster of a Spec. A Spec that asks for other pools or users needs other rights.
//
// Similar To: ceph auth get-or-create client.cephstack mon <Apply["mon"]> osd <Apply["osd"]>
func RightsFor(s spec.Spec, cluster string) Rights {
	users, pools, disks := map[string]bool{}, map[string]bool{}, []string{}
	for _, u := range s.Uses() {
		if u.User.Cluster != cluster {
			continue
		}
		users[u.User.Entity] = true
		pools[u.Pool], pools[u.DataPool] = true, true
		if u.What == spec.ForDisks { // a plan looks which VMs have their disks there
			disks = []string{"profile rbd-read-only pool=" + u.Pool}
		}
	}
	going, renewed := goers(s, cluster)
	maps.Copy(users, going)
	maps.Copy(users, renewed)
	profiles := map[string]bool{}
	for _, c := range s.WithDefaults().Clusters {
		if c.Name != cluster {
			continue
		}
		for _, p := range c.Pools {
			pools[p.Name] = true
		}
		for _, p := range c.ErasureProfiles {
			profiles[p.Name] = true
		}
	}
	if len(s.Clusters) > 0 && s.Clusters[0].Name == cluster {
		pools[lockPool] = true
	}
	delete(pools, "")
	look := []string{"allow r", command("auth get", "entity", users)}
	change := []string{command("auth get-or-create", "entity", users), command("auth caps", "entity", users)}
	for _, name := range []string{"create", "set", "set-quota", "application enable"} {
		change = append(change, command("osd pool "+name, "pool", pools))
	}
	if len(profiles) > 0 {
		change = append(change, command("osd erasure-code-profile set", "name", profiles))
	}
	var read, write []string
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		if pool == lockPool {
			write = append(write, "allow rwx pool="+pool)
			continue
		}
		read = append(read, "profile rbd-read-only pool="+pool)
		write = append(write, "profile rbd pool="+pool)
	}
	join := func(clauses ...[]string) string { return strings.Join(slices.Concat(clauses...), ", ") }
	plan := ceph.Caps{"mon": join(look)}
	if len(disks) > 0 {
		plan["osd"] = join(disks)
	}
	all := Rights{Plan: plan, Apply: ceph.Caps{"mon": join(look, change), "osd": join(write)},
		Verify: ceph.Caps{"mon": join(look), "osd": join(read)}}
	if rotates := rotating(going, renewed); len(rotates) > 0 {
		all.Rotate = ceph.Caps{"mon": join(look, change, rotates), "osd": join(write)}
	}
	return all
}

// goers are the users of a cluster that go, and those whose keys may be changed in place.
func goers(s spec.Spec, cluster string) (going, renewed map[string]bool) {
	going, renewed = map[string]bool{}, map[string]bool{}
	for _, r := range s.WithDefaults().Rotate {
		if r.Cluster != cluster {
			continue
		}
		hybrid := func(g spec.GuestRule) bool { return slices.Contains(g.May, "hybrid") }
		if !r.InPlace() {
			going[r.Old().Entity] = true
		}
		if r.InPlace() || slices.ContainsFunc(r.Guests, hybrid) {
			renewed[r.Old().Entity] = true
		}
	}
	return going, renewed
}

// rotating are the rights that a rotation needs besides those of an apply.
func rotating(going, renewed map[string]bool) []string {
	if len(going) == 0 && len(renewed) == 0 {
		return nil
	}
	all := []string{`allow command "sessions"`}
	if len(going) > 0 {
		all = append(all, command("auth rm", "entity", going))
	}
	if len(renewed) > 0 {
		for _, name := range []string{"get-or-create-pending", "commit-pending", "rotate"} {
			all = append(all, command("auth "+name, "entity", renewed))
		}
	}
	return all
}

// command is the right to send a monitor a command about one of several objects.
func command(name, argument string, objects map[string]bool) string {
	var any []string
	for _, object := range slices.Sorted(maps.Keys(objects)) {
		any = append(any, strings.ReplaceAll(regexp.QuoteMeta(object), `\.`, "[.]"))
	}
	return fmt.Sprintf(`allow command "%s" with %s regex "^(%s)$"`, name, argument, strings.Join(any, "|"))
}
