package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// UserID is the resource of a Ceph user.
func UserID(id spec.User) step.ID {
	return step.ID{Target: step.AtCluster(id.Cluster), Kind: "user", Name: id.Entity}
}

// A user is a Ceph user with the rights that the layout gives it.
type user struct {
	*Subject
	want want.User
}

func newUsers(s *Subject) []step.Resource {
	var all []step.Resource
	for _, u := range s.Site.UsersIn(s.Spec.Name) {
		all = append(all, user{s, u})
	}
	for _, l := range s.Site.Leaving {
		if l.Cluster == s.Spec.Name {
			all = append(all, leaving{user{s, want.User{User: l.Old(), Caps: l.Caps}}})
		}
	}
	return all
}

// ID implements step.Resource.
func (u user) ID() step.ID { return UserID(u.want.User) }

// Needs implements step.Resource. The pools of a user are not among its needs: a
// user may be made before its pools. Compare looks into the Ledger whether a pool was
// refused.
func (u user) Needs() []step.ID { return []step.ID{ID(u.Spec.Name)} }

// Asks implements step.Resource.
func (u user) Asks() step.Asks {
	return step.Asks{Cluster: ceph.Query{Users: []string{u.want.Entity}}}
}

// Compare implements step.Resource.
func (u user) Compare(v step.View) step.Delta {
	object := "user " + u.want.Entity
	if pool := u.refusedPool(v); pool != "" {
		d := step.Refuse("user-of-refused-pool", object, fmt.Errorf("left alone, as pool %s cannot be used", pool))
		d.Because = PoolID(u.Spec.Name, pool)
		d.Findings[0].Because = d.Because
		return d
	}
	seen := u.seen(v)
	have, ok := seen.Users[u.want.Entity]
	if isAdministrator(have.Caps) {
		return step.Refuse("user-is-administrator", object, fmt.Errorf("has all rights (%s), as an administrator, "+
			"so its rights and its key are left alone; name a user of the service's own in the Spec", have.Caps))
	}
	if release := seen.Status.Release; u.Spec.Caps != "classic" && release != "" && release < "luminous" {
		return step.Refuse("caps-need-classic", object, fmt.Errorf("left alone, as %s knows no profiles of rights for RBD, "+
			"which came with Luminous; set caps: classic for cluster %s in the Spec", release, u.Spec.Name))
	}
	caps, kept := u.caps(have)
	if _, err := ceph.ParseCaps(caps); ok && err != nil {
		return step.Refuse("caps-unreadable", object, fmt.Errorf("has rights that Ceph cannot parse, and then none of the "+
			"rights on daemons of that type take effect; left alone: %w; %s", err, u.readable(have)))
	}
	var d step.Delta
	switch {
	case !ok:
		d = step.Delta{Action: step.Create, Diffs: capsDiffs(have.Caps, caps), Reason: "the user does not exist",
			Do: u.step(ceph.User{}, caps)}
	case !have.Caps.Equal(caps):
		d = step.Delta{Action: step.Update, Diffs: capsDiffs(have.Caps, caps),
			Reason: "its rights are not what the layout needs",
			Do:     u.step(ceph.User{Entity: have.Entity, Caps: have.Caps}, caps)}
		u.notesTaken(&d, have.Caps, caps)
	default:
		d = step.Delta{Have: u.want.Entity + " " + have.Caps.String()}
	}
	d.Kept = kept
	u.notesShared(&d)
	return d
}

// readable says how the rights become such that Ceph can parse them.
func (u user) readable(have ceph.User) string {
	set := "set remove_foreign_caps: true for cluster " + u.Spec.Name + " in the Spec"
	rest, err := ceph.ParseCaps(have.Caps.Readable())
	if err != nil || len(rest) == 0 {
		return set
	}
	at := "on a host with the keyring of client.admin"
	if u.Spec.Host != "" {
		at = "on host " + u.Spec.Host
	}
	return fmt.Sprintf("to keep all other rights, run `ceph auth caps %s %s` %s; to keep none but those of the Spec, %s",
		u.want.Entity, rest, at, set)
}

// notesTaken names the pools that the user cannot write any more. Nova needs the right for
// direct snapshots.
func (u user) notesTaken(d *step.Delta, have, caps ceph.Caps) {
	for _, p := range u.Site.Pools[u.Spec.Name] {
		if !have.Writes(p.Name) || caps.Writes(p.Name) {
			continue
		}
		images := slices.Contains(u.Site.UsesOf(u.Spec.Name, p.Name), spec.ForImages)
		if images && u.Site.SharedWithNova(u.want.User) {
			d.Note("rights-are-taken", "user "+u.want.Entity, "loses the right to write pool %s, with which Nova makes the "+
				"snapshot of a VM without a copy; set direct_snapshots: true for nova in the Spec to keep it", p.Name)
			continue
		}
		d.Note("rights-are-taken", "user "+u.want.Entity, "loses the right to write pool %s, as no service of the Spec "+
			"writes there as this user; give another user to whatever else needs the right", p.Name)
	}
}

// notesShared says what it costs that services share a user. Cinder and Nova mostly do.
func (u user) notesShared(d *step.Delta) {
	whats := u.Site.Purposes(u.want.User)
	apart := slices.DeleteFunc(slices.Clone(whats), func(what string) bool {
		return what == spec.ForVolumes || what == spec.ForDisks
	})
	if len(whats) < 2 || len(apart) == 0 {
		return
	}
	d.Note("user-of-several-services", "user "+u.want.Entity, "is for %s: each of these services can change and delete "+
		"what the others keep, and so can whoever takes over a host that has the key; a user for each service keeps "+
		"them apart", strings.Join(whats, ", "))
}

// refusedPool names a pool that is left alone, and that the user would get rights
// in.
func (u user) refusedPool(v step.View) string {
	for _, pool := range u.Site.PoolsBehind(u.want.User) {
		if v.Ledger.Refused(PoolID(u.Spec.Name, pool)) {
			return pool
		}
	}
	return ""
}

func isAdministrator(caps ceph.Caps) bool {
	return slices.ContainsFunc([]string{"mon", "osd", "mgr"}, func(daemon string) bool {
		return strings.Contains(caps[daemon], "allow *")
	})
}

// caps are the rights of the layout. Clauses of the present rights that are about
// something else are kept, unless the Spec sets remove_foreign_caps. So are the rights on daemons of a type, where the
// Spec keeps those as found.
func (u user) caps(have ceph.User) (ceph.Caps, []step.Kept) {
	caps := u.want.Caps
	if !u.Spec.RemoveForeignCaps {
		caps = have.Caps.Merge(u.want.Caps).Normal()
	}
	keep := u.Site.Keeping(u.ID(), "user", u.want.Entity)
	if have.Entity == "" || !keep.Any() {
		return caps, nil
	}
	caps = maps.Clone(caps)
	for _, d := range capsDiffs(have.Caps, caps) {
		if !keep.Keeps(d) {
			continue
		}
		if delete(caps, d.Field); have.Caps[d.Field] != "" {
			caps[d.Field] = have.Caps[d.Field]
		}
	}
	return caps, keep.Kept
}

func capsDiffs(have, want ceph.Caps) []step.FieldDiff {
	var diffs []step.FieldDiff
	h, w := have.Normal(), want.Normal()
	for _, daemon := range []string{"mon", "mgr", "osd", "mds"} {
		if h[daemon] != w[daemon] {
			diffs = append(diffs, step.FieldDiff{Field: daemon, Observed: h[daemon], Desired: w[daemon]})
		}
	}
	return diffs
}

// step makes the user, or replaces its rights.
func (u user) step(was ceph.User, caps ceph.Caps) step.Step {
	want := ceph.User{Entity: u.want.Entity, Caps: caps}
	return step.ClusterStep{Work: ceph.Work{User: &ceph.UserChange{Was: was, Want: want,
		KeyType: u.Site.KeyType(u.want.User)}}}
}
