package integrate

import (
	"cmp"
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A spread is how an erasure-coded pool lies in its cluster: each chunk in another
// failure domain.
type spread struct {
	chunks  int // k+m
	least   int // min_size: with fewer, nothing can be read or written
	domains int // that there are
	kind    string
}

func (s spread) String() string {
	return fmt.Sprintf("its %d chunks (k+m) go into as many failure domains of type %s, and CRUSH finds %d with OSDs for it", s.chunks, s.kind, s.domains)
}

// narrow says why an erasure-coded pool is not to be made: with so few failure
// domains its placement groups would never be active, and a pool keeps its profile.
// Where they would be active, but never clean, a note says so.
func (d *differ) narrow(cluster string, have, want ceph.Pool, seen *observedCluster) string {
	s, known := d.spread(cluster, have, want, seen)
	if !known || s.domains >= s.chunks {
		return ""
	}
	next := "add some, or give it a profile with fewer chunks or a smaller failure domain, which cannot change later"
	if have.Name != "" {
		next = "add some, or move what it holds to a pool whose profile has fewer chunks or a smaller failure domain"
	} else if s.domains < s.least {
		return fmt.Sprintf("cannot be made: %s, where %d are needed (min_size) for it to work at all; %s", s, s.least, next)
	}
	d.note(cluster, "pool "+want.Name, "%s, so that its placement groups never become clean and a lost chunk is not made good; %s", s, next)
	return ""
}

// spread is unknown for replicated pools, and where a CRUSH rule cannot be read.
func (d *differ) spread(cluster string, have, want ceph.Pool, seen *observedCluster) (s spread, known bool) {
	if want.ErasureProfile == "" {
		return s, false
	}
	profile := d.profile(cluster, want.ErasureProfile, seen)
	s.chunks = cmp.Or(have.Size, profile.K+profile.M)
	s.least = cmp.Or(want.MinSize, have.MinSize, profile.K+min(1, profile.M-1))
	var there bool
	s.kind, s.domains, there = seen.crush.RuleDomains(cmp.Or(want.CRUSHRule, have.CRUSHRule, ownRule(want)))
	if !there && want.CRUSHRule == "" { // the pool brings it
		s.kind, s.domains = cmp.Or(profile.FailureDomain, "host"), seen.crush.ProfileDomains(profile)
	}
	return s, s.kind != ""
}

// ownRule is the CRUSH rule that Ceph gives an erasure-coded pool: all with the
// profile that is there by itself share one.
func ownRule(p ceph.Pool) string {
	if p.ErasureProfile == "default" {
		return "erasure-code"
	}
	return p.Name
}

// profile is one of erasure code, as it is or as the Spec wants to make it.
func (d *differ) profile(cluster, name string, seen *observedCluster) ceph.ErasureProfile {
	if p, ok := seen.profiles[name]; ok {
		return p
	}
	for _, p := range d.site.cluster(cluster).ErasureProfiles {
		if p.Name == name {
			return profileOf(p)
		}
	}
	return ceph.ErasureProfile{Name: name} // of a pool that is there, and says how many chunks it has
}

func profileOf(p spec.ErasureProfile) ceph.ErasureProfile {
	return ceph.ErasureProfile{Name: p.Name, K: p.K, M: p.M, FailureDomain: p.FailureDomain, DeviceClass: p.DeviceClass}
}
