package cluster

import (
	"cmp"
	"fmt"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// A spread is how an erasure-coded pool lies in its cluster: each chunk in
// another failure domain.
type spread struct {
	chunks  int // of an object: k+m of the profile
	least   int // min_size: with fewer, nothing can be read or written
	domains int // failure domains that the cluster has for the pool
	kind    string
}

// String is the spread as a plan says it.
func (s spread) String() string {
	return fmt.Sprintf("its %d chunks (k+m) go into as many failure domains of type %s, "+
		"and CRUSH finds %d with OSDs for it",
		s.chunks, s.kind, s.domains)
}

// narrow says why an erasure-coded pool is not made: with so few failure domains
// its placement groups would never be active, and a pool keeps its profile. Where
// they would be active, but never clean, it adds a note.
func (p pool) narrow(seen *step.Cluster, have ceph.Pool, d *step.Delta) (code, why string) {
	s, known := p.spread(seen, have)
	if !known || s.domains >= s.chunks {
		return "", ""
	}
	next := "add failure domains, or give the pool a profile with fewer chunks or " +
		"a smaller failure domain, which cannot change later"
	if have.Name != "" {
		next = "add failure domains, or move what the pool holds to a pool whose profile has fewer chunks " +
			"or a smaller failure domain"
	} else if s.domains < s.least {
		return "too-few-failure-domains", fmt.Sprintf("cannot be made: %s, "+
			"where %d are needed (min_size) for it to work at all; %s", s, s.least, next)
	}
	d.Note("few-failure-domains", p.object(),
		"%s, so that its placement groups never become clean and a lost chunk is not made good; %s", s, next)
	return "", ""
}

// spread tells how an erasure-coded pool lies in its cluster. It is not known for a
// replicated pool, or where the CRUSH rule cannot be read.
func (p pool) spread(seen *step.Cluster, have ceph.Pool) (s spread, known bool) {
	want := p.want
	if want.ErasureProfile == "" {
		return s, false
	}
	profile := p.profile(seen)
	s.chunks = cmp.Or(have.Size, profile.K+profile.M)
	s.least = cmp.Or(want.MinSize, have.MinSize, profile.K+min(1, profile.M-1))
	var there bool
	s.kind, s.domains, there = seen.CRUSH.RuleDomains(cmp.Or(want.CRUSHRule, have.CRUSHRule, ownRule(want)))
	if !there && want.CRUSHRule == "" { // the pool brings the rule
		s.kind, s.domains = cmp.Or(profile.FailureDomain, "host"), seen.CRUSH.ProfileDomains(profile)
	}
	return s, s.kind != ""
}

// ownRule is the CRUSH rule that Ceph gives an erasure-coded pool. All pools with
// the profile default, which every cluster has, share one rule.
func ownRule(p ceph.Pool) string {
	if p.ErasureProfile == "default" {
		return "erasure-code"
	}
	return p.Name
}

// profile is the pool's profile of erasure code, as it is or as the Spec wants to
// make it. It has only a name where the pool is there and its profile is not: the
// pool itself then says how many chunks it has.
func (p pool) profile(seen *step.Cluster) ceph.ErasureProfile {
	if found, ok := seen.Profiles[p.want.ErasureProfile]; ok {
		return found
	}
	for _, w := range p.Spec.ErasureProfiles {
		if w.Name == p.want.ErasureProfile {
			return asked(w)
		}
	}
	return ceph.ErasureProfile{Name: p.want.ErasureProfile}
}
