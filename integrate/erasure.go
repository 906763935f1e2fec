package integrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
)

// erasureProfiles are the profiles of erasure code that a cluster needs: those of
// the Spec, and the names of those that its pools have from elsewhere.
func erasureProfiles(c spec.Cluster) []spec.ErasureProfile {
	all := slices.Clone(c.ErasureProfiles)
	for _, p := range c.Pools {
		if p.ErasureProfile != "" && !slices.ContainsFunc(all, func(o spec.ErasureProfile) bool { return o.Name == p.ErasureProfile }) {
			all = append(all, spec.ErasureProfile{Name: p.ErasureProfile})
		}
	}
	return all
}

func observeProfiles(ctx context.Context, cluster *ceph.Cluster, c spec.Cluster) (map[string]ceph.ErasureProfile, error) {
	found := map[string]ceph.ErasureProfile{}
	for _, want := range erasureProfiles(c) {
		p, err := cluster.ErasureProfile(ctx, want.Name)
		if errors.Is(err, ceph.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[want.Name] = p
	}
	return found, nil
}

// profiles plans the profiles of erasure code that are not there.
func (d *differ) profiles(c spec.Cluster, seen *observedCluster) {
	for _, want := range c.ErasureProfiles {
		have, ok := seen.profiles[want.Name]
		diffs := profileDiffs(have, want)
		switch {
		case !ok:
			d.add(Change{Stage: StageCluster, Kind: KindErasureProfile, Action: Create, Target: c.Name, Name: want.Name,
				Diffs: diffs, Reason: "the profile of erasure code does not exist"})
		case len(diffs) > 0:
			d.bad[profileKey(c.Name, want.Name)] = true
			d.problem(c.Name, "erasure profile "+want.Name, nil, "has %s %s, not %s, and pools depend on it; give the one of the Spec another name",
				diffs[0].Field, diffs[0].Observed, diffs[0].Desired)
		}
	}
}

// profileKey is a profile's place among what is left alone.
func profileKey(cluster, profile string) string { return cluster + "/profile " + profile }

func profileDiffs(have ceph.ErasureProfile, want spec.ErasureProfile) []FieldDiff {
	var diffs []FieldDiff
	add := func(field, observed, desired string) {
		if desired != "" && observed != desired {
			diffs = append(diffs, FieldDiff{field, observed, desired})
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

// unfit says why a pool cannot be what the Spec wants it to be, which nothing can
// change later: replicated, or erasure-coded with a certain profile.
func (d *differ) unfit(cluster string, have, want ceph.Pool, seen *observedCluster) string {
	holdsData := d.site.holdsData(cluster, want.Name)
	_, known := seen.profiles[want.ErasureProfile]
	switch {
	case d.bad[profileKey(cluster, want.ErasureProfile)]:
		return "is left alone, as its erasure profile " + want.ErasureProfile + " is not the Spec's"
	case have.Name == "" && want.ErasureProfile != "" && !known && !d.ids[changeID(KindErasureProfile, cluster, want.ErasureProfile)]:
		return "cannot be made, as there is no erasure profile " + want.ErasureProfile + "; put it among erasure_profiles, or make it first"
	case have.Name == "" || have.ErasureProfile == want.ErasureProfile:
		return ""
	case have.ErasureProfile == "":
		return "is replicated, and cannot become erasure-coded; name another pool"
	case !holdsData:
		return "is erasure-coded, and such pools cannot hold the headers of images; name a replicated pool, and this one as its data_pool"
	case want.ErasureProfile == "":
		return "is erasure-coded; say erasure_profile: " + have.ErasureProfile + " in place of its size, or name another pool"
	}
	return "has erasure profile " + have.ErasureProfile + " for good, not " + want.ErasureProfile + "; name that, or another pool"
}

func applyProfile(ctx context.Context, cluster *ceph.Cluster, c spec.Cluster, name string) error {
	i := slices.IndexFunc(c.ErasureProfiles, func(p spec.ErasureProfile) bool { return p.Name == name })
	err := cluster.CreateErasureProfile(ctx, profileOf(c.ErasureProfiles[i]))
	if errors.Is(err, ceph.ErrExists) {
		return fmt.Errorf("%w: somebody made the profile, another one: %w", ErrConflict, err)
	}
	return err
}
