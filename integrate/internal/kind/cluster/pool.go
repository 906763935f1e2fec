package cluster

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// PoolID is the resource of a pool.
func PoolID(cluster, pool string) step.ID {
	return step.ID{Target: step.AtCluster(cluster), Kind: "pool", Name: pool}
}

// A pool is a pool that services of the Spec use. Its fields that are zero in
// want are not owned.
type pool struct {
	*Subject
	want ceph.Pool
}

func newPools(s *Subject) []step.Resource {
	var all []step.Resource
	for _, p := range s.Site.Pools[s.Spec.Name] {
		all = append(all, pool{s, p})
	}
	return all
}

// ID implements step.Resource.
func (p pool) ID() step.ID { return PoolID(p.Spec.Name, p.want.Name) }

func (p pool) object() string { return "pool " + p.want.Name }

// Needs implements step.Resource.
func (p pool) Needs() []step.ID {
	needs := []step.ID{ID(p.Spec.Name)}
	for _, profile := range p.Spec.ErasureProfiles {
		if profile.Name == p.want.ErasureProfile {
			needs = append(needs, ProfileID(p.Spec.Name, profile.Name))
		}
	}
	return needs
}

// Asks implements step.Resource. The images of Nova's pool tell which VMs have
// their disks in Ceph.
func (p pool) Asks() step.Asks {
	var ask ceph.Query
	if p.want.ErasureProfile != "" {
		ask.Profiles, ask.CRUSH = []string{p.want.ErasureProfile}, true
	}
	if n := p.Site.Nova; n != nil && n.Cluster == p.Spec.Name && n.Pool == p.want.Name {
		ask.Images = []string{p.want.Name}
	}
	return step.Asks{Cluster: ask}
}

// LeftAlone implements step.Blocked. That a cluster cannot be read is said once,
// not for each of its pools.
func (p pool) LeftAlone(v step.View, need, _ step.ID) step.Finding {
	if need != ProfileID(p.Spec.Name, p.want.ErasureProfile) {
		return step.Finding{}
	}
	if why := foreign(p.seen(v).Pools[p.want.Name], p.want); why != "" {
		return step.Finding{Code: foreignCode, Problem: true, Object: p.object(), Message: why}
	}
	return step.Finding{Code: "pool-of-refused-erasure-profile", Problem: true, Object: p.object(), Because: need,
		Message: "is left alone, as its erasure profile " + p.want.ErasureProfile + " is not the Spec's"}
}

// Compare implements step.Resource.
func (p pool) Compare(v step.View) step.Delta {
	release := p.seen(v).Status.Release
	p.want = asKnown(p.want, release)
	have, ok := p.seen(v).Pools[p.want.Name]
	var d step.Delta
	code, why := p.refusal(v, have, &d)
	if why != "" {
		d.Refused = true
		d.Problem(code, p.object(), errors.New(why))
	} else {
		p.change(&d, have, ok)
	}
	if uses := p.Site.UsesOf(p.Spec.Name, p.want.Name); len(uses) > 1 {
		d.Note("pool-of-several-services", p.object(), "holds %s: each one's user may change what the others have there; "+
			"a pool for each keeps them apart", strings.Join(uses, " and "))
	}
	return d
}

// change says how the pool differs from what the Spec wants.
func (p pool) change(d *step.Delta, have ceph.Pool, ok bool) {
	keep := p.Site.Keeping(p.ID(), "pool", p.want.Name)
	for _, diff := range poolDiffs(have, p.want) {
		if !ok || !keep.Keeps(diff) {
			d.Diffs = append(d.Diffs, diff)
		}
	}
	d.Kept, p.want = keep.Kept, without(p.want, keep.Kept)
	switch {
	case !ok:
		d.Action, d.Reason = step.Create, "the pool does not exist"
	case len(d.Diffs) > 0:
		d.Action, d.Reason = step.Update, "the pool is not as the Spec says"
	default:
		d.Have = fmt.Sprintf("%s (%s, size %d/%d, %d PGs)", have.Name, have.Application, have.Size, have.MinSize, have.PGNum)
		return
	}
	ready := !p.Site.HoldsData(p.Spec.Name, p.want.Name) // only a pool with headers of images is readied for RBD
	d.Do = step.ClusterStep{Work: ceph.Work{Pool: &ceph.PoolChange{Was: have, Want: p.want, Ready: ready}}}
}

// without is a pool whose kept fields are not owned.
func without(p ceph.Pool, kept []step.Kept) ceph.Pool {
	for _, k := range kept {
		switch k.Field {
		case "application":
			p.Application = ""
		case "pg_autoscale_mode":
			p.Autoscale = ""
		case "pg_num":
			p.PGNum = 0
		case "crush_rule":
			p.CRUSHRule = ""
		case "size":
			p.Size = 0
		case "min_size":
			p.MinSize = 0
		case "max_bytes":
			p.MaxBytes = 0
		case "max_objects":
			p.MaxObjects = 0
		}
	}
	return p
}

// poolDiffs compares the owned fields: those that are not zero in want.
func poolDiffs(have, want ceph.Pool) []step.FieldDiff {
	var diffs []step.FieldDiff
	for _, d := range want.Diff(have) {
		if have.Name == "" {
			d.Observed = ""
		}
		diffs = append(diffs, step.FieldDiff{Field: d.Field, Observed: d.Observed, Desired: d.Desired})
	}
	return diffs
}

// asKnown is a pool as a release of Ceph knows it: Luminous is the first release
// with applications.
func asKnown(p ceph.Pool, release string) ceph.Pool {
	if release != "" && release < "luminous" {
		p.Application = ""
	}
	return p
}

// refusal says why a pool is left alone, if it is. It may add notes to d.
func (p pool) refusal(v step.View, have ceph.Pool, d *step.Delta) (code, why string) {
	if why = foreign(have, p.want); why != "" {
		return foreignCode, why
	}
	seen := p.seen(v)
	if code, why = p.unfit(v, have); why == "" {
		code, why = p.narrow(seen, have, d)
	}
	if why == "" {
		code, why = p.beyond(seen.Status.Release, have)
	}
	return code, why
}

const foreignCode = "pool-of-another-application"

// foreign says that a pool belongs to something else than RBD, if it does.
func foreign(have, want ceph.Pool) string {
	if have.Application == "" || have.Application == want.Application {
		return ""
	}
	return "belongs to application " + have.Application + "; name another pool in the Spec, or move that data away first"
}

// unfit says why a pool cannot be of the sort that the Spec wants: replicated, or
// erasure-coded with a certain profile. Ceph cannot change the sort of a pool later.
func (p pool) unfit(v step.View, have ceph.Pool) (code, why string) {
	cluster, want := p.Spec.Name, p.want
	_, known := p.seen(v).Profiles[want.ErasureProfile]
	known = known || v.Ledger.Planned(ProfileID(cluster, want.ErasureProfile))
	switch {
	case have.Name == "" && want.ErasureProfile != "" && !known:
		return "erasure-profile-missing", "cannot be made, as there is no erasure profile " + want.ErasureProfile +
			"; put it among erasure_profiles, or make it first"
	case have.Name == "" || have.ErasureProfile == want.ErasureProfile:
		return "", ""
	case have.ErasureProfile == "":
		return "pool-is-replicated", "is replicated, and cannot become erasure-coded; name another pool"
	case !p.Site.HoldsData(cluster, want.Name):
		return "pool-is-erasure-coded", "is erasure-coded, and such pools cannot hold the headers of images; " +
			"name a replicated pool, and this one as its data_pool"
	case want.ErasureProfile == "":
		return "pool-is-erasure-coded", "is erasure-coded; set erasure_profile: " + have.ErasureProfile +
			" in place of its size, or name another pool"
	}
	return "pool-of-another-erasure-profile", "has erasure profile " + have.ErasureProfile + " for good, not " +
		want.ErasureProfile + "; name that, or another pool"
}

// beyond says what of a wanted pool a release of Ceph cannot do.
func (p pool) beyond(release string, have ceph.Pool) (code, why string) {
	want := p.want
	switch {
	case release == "":
		return "", ""
	case release < "luminous" && want.ErasureProfile != "":
		return "pool-beyond-release", "cannot be erasure-coded: " +
			"RBD's data can be in such pools from Luminous on, and this is " + release
	case release < "luminous" && want.CRUSHRule != "" && want.CRUSHRule != have.CRUSHRule:
		return "pool-beyond-release", "has another CRUSH rule, or none yet, and " + release +
			" is told it by a number: make the pool or set its crush_ruleset by hand"
	case release < "nautilus" && have.Name == "" && want.PGNum == 0:
		return "pool-needs-pg-num", "cannot be made without pg_num, for which " + release +
			" has no default; give the pool one among the pools of cluster " + p.Spec.Name
	}
	return "", ""
}
