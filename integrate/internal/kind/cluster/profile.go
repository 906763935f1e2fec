package cluster

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
)

// ProfileID is the resource of a profile of erasure code.
func ProfileID(cluster, profile string) step.ID {
	return step.ID{Target: step.AtCluster(cluster), Kind: "erasure-profile", Name: profile}
}

// A profile is a profile of erasure code that the Spec describes. A profile that
// is there is never changed, as pools depend on it.
type profile struct {
	*Subject
	want spec.ErasureProfile
}

func newProfiles(s *Subject) []step.Resource {
	var all []step.Resource
	for _, p := range s.Spec.ErasureProfiles {
		all = append(all, profile{s, p})
	}
	return all
}

// ID implements step.Resource.
func (p profile) ID() step.ID { return ProfileID(p.Spec.Name, p.want.Name) }

// Needs implements step.Resource.
func (p profile) Needs() []step.ID { return []step.ID{ID(p.Spec.Name)} }

// Asks implements step.Resource.
func (p profile) Asks() step.Asks {
	return step.Asks{Cluster: ceph.Query{Profiles: []string{p.want.Name}}}
}

// Compare implements step.Resource.
func (p profile) Compare(v step.View) step.Delta {
	have, ok := p.seen(v).Profiles[p.want.Name]
	diffs := profileDiffs(have, p.want)
	switch {
	case !ok:
		want := asked(p.want)
		return step.Delta{Action: step.Create, Diffs: diffs, Reason: "the profile of erasure code does not exist",
			Do: step.ClusterStep{Work: ceph.Work{Profile: &want}}}
	case len(diffs) > 0:
		return step.Refuse("erasure-profile-differs", "erasure profile "+p.want.Name,
			fmt.Errorf("has %s %s, not %s, and pools depend on it; give the one of the Spec another name",
				diffs[0].Field, diffs[0].Observed, diffs[0].Desired))
	}
	return step.Delta{}
}

func profileDiffs(have ceph.ErasureProfile, want spec.ErasureProfile) []step.FieldDiff {
	var diffs []step.FieldDiff
	add := func(field, observed, desired string) {
		if desired != "" && observed != desired {
			diffs = append(diffs, step.FieldDiff{Field: field, Observed: observed, Desired: desired})
		}
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	add("k", number(have.K), number(want.K))
	add("m", number(have.M), number(want.M))
	add("crush-failure-domain", have.FailureDomain, cmp.Or(want.FailureDomain, "host"))
	add("crush-device-class", have.DeviceClass, want.DeviceClass)
	return diffs
}

// asked turns a profile of the Spec into the profile that Ceph is asked to make.
func asked(p spec.ErasureProfile) ceph.ErasureProfile {
	return ceph.ErasureProfile{Name: p.Name, K: p.K, M: p.M, FailureDomain: p.FailureDomain, DeviceClass: p.DeviceClass}
}
