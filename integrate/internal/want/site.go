// Package want turns a Spec into what it asks for: the pools and users of each
// cluster, the rights of each user, the places of the services on each host. It
// knows the Spec alone, and nothing of the world.
package want

import (
	"cmp"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// A Site is a Spec with its defaults filled in and its cross-references drawn. It
// does not change.
type Site struct {
	spec.Spec // as it was given; without what retires

	// Going is the whole Spec as it was before something retired; nil where nothing retires. What
	// Going has, and the Site has not, is taken back.
	Going *Site
	// Rest is, of a Site that is Going of another one, that other Site.
	Rest *Site

	Release openstack.Release
	Glance  *spec.Glance // with defaults, as all below
	Stores  []spec.Store // of Glance, the default store first
	Cinder  []spec.Backend
	Backup  *spec.Backup
	Nova    *spec.Nova
	Uses    []spec.Use
	Users   []User                 // sorted by cluster, then entity
	Pools   map[string][]ceph.Pool // by cluster, sorted by name
	Secrets []spec.User            // whom QEMU logs in as on the computes
	Leaving []Leaving              // users that other users replace

	services map[string]map[string]place.Service // by layout and name
	on       map[string][]spec.User              // by service
	hosts    map[string]spec.Host
	kept     map[scope][]*keeper // what the Spec keeps as found
	order    []spec.Host
	partsGo  bool // more than services of some hosts retires
}

// A User is a Ceph user and the rights that the layout gives it.
type User struct {
	spec.User
	Caps ceph.Caps
}

// Resolve draws a valid Spec's cross-references. The Site shares nothing with it.
func Resolve(given spec.Spec) *Site {
	if !given.Retires() {
		return resolve(given)
	}
	s := resolve(given.Kept())
	s.Going = resolve(given.Unretired())
	s.Going.Rest = s
	s.partsGo = given.RetiresParts()
	s.order = s.withGoing()
	return s
}

func resolve(given spec.Spec) *Site {
	release, _ := openstack.ParseRelease(given.Release) // Validate reports it
	given = given.Clone()
	whole := given.WithDefaults()
	s := &Site{Spec: given, Release: release, Glance: whole.Glance, Backup: whole.Backup, Nova: whole.Nova,
		Uses: given.Uses(), kept: keepers(given), services: place.Layouts(release), hosts: map[string]spec.Host{}}
	if s.Glance != nil {
		s.Stores = s.Glance.All()
	}
	if whole.Cinder != nil {
		s.Cinder = whole.Cinder.Backends
	}
	s.Pools = s.pools()
	s.Users = s.users()
	s.Leaving = s.leaving(whole.Rotate)
	s.Secrets = s.withLeaving(s.secrets())
	s.on = map[string][]spec.User{}
	for _, name := range spec.ServiceNames() {
		s.on[name] = s.withLeaving(s.usersOn(name))
	}
	for _, h := range given.Hosts {
		s.hosts[h.Name] = h
	}
	s.order = s.inOrder()
	return s
}

func (s *Site) pools() map[string][]ceph.Pool {
	all := map[string][]ceph.Pool{}
	add := func(cluster, pool string) {
		have := func(p ceph.Pool) bool { return p.Name == pool }
		if pool != "" && !slices.ContainsFunc(all[cluster], have) {
			all[cluster] = append(all[cluster], s.poolDetails(cluster, pool))
		}
	}
	for _, u := range s.Uses {
		add(u.User.Cluster, u.Pool)
		add(u.User.Cluster, u.DataPool)
	}
	for _, pools := range all {
		slices.SortFunc(pools, func(a, b ceph.Pool) int { return cmp.Compare(a.Name, b.Name) })
	}
	return all
}

// Cluster is a cluster of the Spec.
func (s *Site) Cluster(name string) spec.Cluster {
	for _, c := range s.Clusters {
		if c.Name == name {
			return c
		}
	}
	return spec.Cluster{Name: name}
}

func (s *Site) poolDetails(cluster, pool string) ceph.Pool {
	p := ceph.Pool{Name: pool, Application: "rbd"}
	for _, d := range s.Cluster(cluster).Pools {
		if d.Name == pool {
			p.PGNum, p.Autoscale, p.Size, p.MinSize = d.PGNum, d.Autoscale, d.Size, d.MinSize
			p.CRUSHRule, p.MaxBytes, p.MaxObjects, p.ErasureProfile = d.CRUSHRule, d.MaxBytes, d.MaxObjects, d.ErasureProfile
		}
	}
	return p
}

// ErasureProfiles are the profiles of erasure code that a cluster needs: those of
// the Spec, and the names of those that its pools have from elsewhere.
func ErasureProfiles(c spec.Cluster) []spec.ErasureProfile {
	all := slices.Clone(c.ErasureProfiles)
	for _, p := range c.Pools {
		have := func(o spec.ErasureProfile) bool { return o.Name == p.ErasureProfile }
		if p.ErasureProfile != "" && !slices.ContainsFunc(all, have) {
			all = append(all, spec.ErasureProfile{Name: p.ErasureProfile})
		}
	}
	return all
}

// PreparesWayIn reports whether plans may make the normal login possible.
func (s *Site) PreparesWayIn() bool { return s.Prep().Authorize != nil || s.Prep().Sudo != nil }

// Helps reports whether the normal login becomes root by the helper alone.
func (s *Site) Helps() bool { return s.SSH.Helps(s.Prep()) }

// Prep is the preparation of hosts; the zero Prepare if the Spec has none.
func (s *Site) Prep() spec.Prepare {
	if s.Prepare == nil {
		return spec.Prepare{}
	}
	return *s.Prepare
}

// GuestsOn is what the Spec asks for the guests of a host. It is nil where the Spec asks for
// nothing, and where no nova-compute is configured.
func (s *Site) GuestsOn(h spec.Host) *spec.Guests {
	if !slices.Contains(s.ServicesOf(h), "nova-compute") {
		return nil
	}
	return s.Prep().Guests
}

// DiskOptions is the section of the options of VM disks, and what their names
// begin with.
func (s *Site) DiskOptions() (section, prefix string) {
	if s.Release.Before("icehouse") {
		return "DEFAULT", "libvirt_"
	}
	return "libvirt", ""
}

// StoreIn is Glance's first store in a cluster.
func (s *Site) StoreIn(cluster string) (spec.Store, bool) {
	for _, st := range s.Stores {
		if st.Cluster == cluster {
			return st, true
		}
	}
	return spec.Store{}, false
}

// Targets lists the targets of the Spec in the order of a plan: clusters, computes,
// controllers, the APIs.
func (s *Site) Targets() []step.Target {
	var all []step.Target
	for _, c := range s.Clusters {
		all = append(all, step.AtCluster(c.Name))
	}
	for _, h := range s.order {
		all = append(all, step.AtHost(h.Name))
	}
	return append(all, step.AtCloud())
}
