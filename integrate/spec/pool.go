package spec

import (
	"fmt"
	"slices"
)

// A Pool gives details of a pool. What is left out stays as the pool has it.
type Pool struct {
	// Name is the pool, as a service of the Spec names it.
	// Default: none; the name must be given.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; not
	// cephstack, the pool of the operator lock.
	Name string `json:"name" yaml:"name"`
	// PGNum is the number of placement groups.
	// Default: the cluster's default for a new pool; a pool that exists keeps its number.
	// Limits: a whole number of 0 or more.
	PGNum int `json:"pg_num,omitempty" yaml:"pg_num,omitempty"`
	// Autoscale says whether Ceph changes the number of placement groups: on, off, or warn to
	// only tell.
	// Default: the cluster's default for a new pool; a pool that exists keeps its mode.
	// Limits: on, off or warn.
	Autoscale string `json:"pg_autoscale_mode,omitempty" yaml:"pg_autoscale_mode,omitempty"`
	// Size is the number of copies of each object.
	// Default: the cluster's default for a new pool; a pool that exists keeps its size.
	// Limits: a whole number of 0 or more; not for an erasure-coded pool.
	Size int `json:"size,omitempty" yaml:"size,omitempty"`
	// MinSize is how many copies, or chunks, have to be there for the pool to take writes.
	// Default: the cluster's default for a new pool; a pool that exists keeps its number.
	// Limits: at most size; for an erasure-coded pool from k to k+m of its profile.
	MinSize int `json:"min_size,omitempty" yaml:"min_size,omitempty"`
	// CRUSHRule is the CRUSH rule that places the objects. The rule exists already.
	// Default: the cluster's default for a new pool; a pool that exists keeps its rule.
	// Limits: any text.
	CRUSHRule string `json:"crush_rule,omitempty" yaml:"crush_rule,omitempty"`
	// MaxBytes is the quota of the pool, in bytes.
	// Default: no quota for a new pool; a pool that exists keeps its quota.
	// Limits: a whole number of 0 or more.
	MaxBytes int64 `json:"max_bytes,omitempty" yaml:"max_bytes,omitempty"`
	// MaxObjects is the quota of the pool, in objects.
	// Default: no quota for a new pool; a pool that exists keeps its quota.
	// Limits: a whole number of 0 or more.
	MaxObjects int64 `json:"max_objects,omitempty" yaml:"max_objects,omitempty"`
	// ErasureProfile makes a data pool erasure-coded. The profile is in the Spec, or
	// exists already. A pool keeps the profile that it was made with.
	// Default: the pool is replicated.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; only
	// for a pool that is a data_pool.
	ErasureProfile string `json:"erasure_profile,omitempty" yaml:"erasure_profile,omitempty"`
}

// An ErasureProfile is a profile of erasure code. Each object is k chunks of data and m of
// code, each chunk in another failure domain. A profile that exists is never changed.
type ErasureProfile struct {
	// Name is the name of the profile in the cluster.
	// Default: none; the name must be given.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first; each
	// name once.
	Name string `json:"name" yaml:"name"`
	// K is the number of chunks of data of each object.
	// Default: none; the number must be given.
	// Limits: 2 or more.
	K int `json:"k" yaml:"k"`
	// M is the number of chunks of code of each object: as many failure domains may fail
	// without a loss of data.
	// Default: none; the number must be given.
	// Limits: 1 or more.
	M int `json:"m" yaml:"m"`
	// FailureDomain is the type of bucket, such as osd, host or rack, of which each has one
	// chunk of an object at most.
	// Default: host.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first.
	FailureDomain string `json:"failure_domain,omitempty" yaml:"failure_domain,omitempty"`
	// DeviceClass is the class of the disks, such as hdd, ssd or nvme.
	// Default: disks of any class.
	// Limits: a name: at most 255 letters, digits, '_', '-' and '.', a letter or digit first.
	DeviceClass string `json:"device_class,omitempty" yaml:"device_class,omitempty"`
}

func (v *validation) pool(path string, p Pool) {
	v.poolName(path+".name", p.Name)
	if p.PGNum < 0 || p.Size < 0 || p.MinSize < 0 || p.MaxBytes < 0 || p.MaxObjects < 0 {
		v.fault(path, "has a negative number")
	}
	if p.Size > 0 && p.MinSize > p.Size {
		v.fault(path+".min_size", "%d is more than size %d", p.MinSize, p.Size)
	}
	if !slices.Contains([]string{"", "on", "off", "warn"}, p.Autoscale) {
		v.fault(path+".pg_autoscale_mode", "%q is none of on, off and warn", p.Autoscale)
	}
}

// erasure checks a cluster's profiles of erasure code, and the pools that name a
// profile.
func (v *validation) erasure(path string, c Cluster) {
	for i, p := range c.ErasureProfiles {
		at := fmt.Sprintf("%s.erasure_profiles[%d]", path, i)
		v.name(at+".name", p.Name)
		v.optional(at+".failure_domain", p.FailureDomain)
		v.optional(at+".device_class", p.DeviceClass)
		if slices.ContainsFunc(c.ErasureProfiles[:i], func(o ErasureProfile) bool { return o.Name == p.Name }) {
			v.fault(at+".name", "%q is there twice", p.Name)
		}
		if p.K < 2 {
			v.fault(at+".k", "%d is fewer than 2 chunks of data", p.K)
		}
		if p.M < 1 {
			v.fault(at+".m", "%d chunks of code keep no data when a disk fails", p.M)
		}
	}
	for i, p := range c.Pools {
		at := fmt.Sprintf("%s.pools[%d]", path, i)
		v.optional(at+".erasure_profile", p.ErasureProfile)
		if p.ErasureProfile != "" && p.Size > 0 {
			v.fault(at+".size", "an erasure-coded pool has no size: its profile says how many chunks there are")
		}
		profile := slices.IndexFunc(c.ErasureProfiles, func(o ErasureProfile) bool { return o.Name == p.ErasureProfile })
		if profile >= 0 && p.MinSize > 0 {
			if e := c.ErasureProfiles[profile]; p.MinSize < e.K || p.MinSize > e.K+e.M {
				v.fault(at+".min_size", "%d is not between k and k+m of profile %s, %d to %d", p.MinSize, e.Name, e.K, e.K+e.M)
			}
		}
	}
}
