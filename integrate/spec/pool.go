package spec

import (
	"fmt"
	"slices"
)

// A Pool gives details of a pool. What a zero field is for stays as the pool has it.
type Pool struct {
	Name       string `json:"name" yaml:"name"`
	PGNum      int    `json:"pg_num,omitempty" yaml:"pg_num,omitempty"`
	Autoscale  string `json:"pg_autoscale_mode,omitempty" yaml:"pg_autoscale_mode,omitempty"` // on, off or warn
	Size       int    `json:"size,omitempty" yaml:"size,omitempty"`
	MinSize    int    `json:"min_size,omitempty" yaml:"min_size,omitempty"`
	CRUSHRule  string `json:"crush_rule,omitempty" yaml:"crush_rule,omitempty"`
	MaxBytes   int64  `json:"max_bytes,omitempty" yaml:"max_bytes,omitempty"`
	MaxObjects int64  `json:"max_objects,omitempty" yaml:"max_objects,omitempty"`
	// ErasureProfile makes a data pool erasure-coded. The profile is in the Spec, or
	// exists already. A pool keeps the profile that it was made with.
	ErasureProfile string `json:"erasure_profile,omitempty" yaml:"erasure_profile,omitempty"`
}

// An ErasureProfile is a profile of erasure code: k chunks of data and m of
// code, each in another failure domain. A profile that exists is never changed.
type ErasureProfile struct {
	Name          string `json:"name" yaml:"name"`
	K             int    `json:"k" yaml:"k"`
	M             int    `json:"m" yaml:"m"`
	FailureDomain string `json:"failure_domain,omitempty" yaml:"failure_domain,omitempty"` // host when empty
	DeviceClass   string `json:"device_class,omitempty" yaml:"device_class,omitempty"`     // any when empty
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
