package cephtest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cephstack/cephstack/ceph"
)

// A profile of erasure code is a set of names and values, as Ceph keeps it.
type profile map[string]string

func (p profile) String() string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(p)) {
		list = append(list, k+"="+p[k])
	}
	return "{" + strings.Join(list, ",") + "}"
}

func (p profile) chunks() (k, m int) {
	k, _ = strconv.Atoi(p["k"])
	m, _ = strconv.Atoi(p["m"])
	return k, m
}

// defaultProfile is there in a new cluster.
func defaultProfile() profile {
	return profile{"k": "2", "m": "2", "plugin": "jerasure", "technique": "reed_sol_van"}
}

// AddErasureProfile puts a profile of erasure code into the cluster, or replaces
// it.
func (c *Cluster) AddErasureProfile(p ceph.ErasureProfile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	given := profile{"k": strconv.Itoa(p.K), "m": strconv.Itoa(p.M)}
	if p.FailureDomain != "" {
		given["crush-failure-domain"] = p.FailureDomain
	}
	if p.DeviceClass != "" {
		given["crush-device-class"] = p.DeviceClass
	}
	c.profiles[p.Name] = given.whole()
}

// whole is a profile with all that Ceph's default plugin adds to it.
func (p profile) whole() profile {
	out := profile{"crush-device-class": "", "crush-failure-domain": "host", "crush-root": "default",
		"jerasure-per-chunk-alignment": "false", "k": "2", "m": "2", "plugin": "jerasure",
		"technique": "reed_sol_van", "w": "8"}
	maps.Copy(out, p)
	return out
}

func (c *Cluster) profileGet(a call) (any, string, error) {
	p, ok := c.profiles[a.str("name")]
	if !ok {
		return nil, "", a.refuse(enoent, "unknown erasure code profile '%s'", a.str("name"))
	}
	return map[string]string(p), "", nil
}

func (c *Cluster) profileSet(a call) (any, string, error) {
	given := profile{}
	list, _ := a.args["profile"].([]any)
	for _, item := range list {
		name, value, _ := strings.Cut(item.(string), "=") // parse has looked at the type
		given[name] = value
	}
	for _, name := range []string{"k", "m"} {
		if value, ok := given[name]; ok {
			if _, err := strconv.Atoi(value); err != nil {
				return nil, "", a.refuse(einval, "could not convert %s=%s to int because Expected option value to be integer, "+
					"got '%s'", name, value, value)
			}
		}
	}
	want := given.whole()
	switch k, m := want.chunks(); {
	case k < 2:
		return nil, "", a.refuse(einval, "k=%d must be >= 2", k)
	case m < 1:
		return nil, "", a.refuse(einval, "m=%d must be >= 1", m)
	}
	if domain := want["crush-failure-domain"]; !slices.Contains(crushTypes(), domain) {
		return nil, "", a.refuse(einval, "erasure-code-profile %s contains an invalid failure-domain \"%s\"", given, domain)
	}
	name := a.str("name")
	if have, ok := c.profiles[name]; ok && !maps.Equal(have.whole(), want) {
		return nil, "", a.refuse(eperm, "will not override erasure code profile %s because the existing profile %s is "+
			"different from the proposed profile %s", name, have, want)
	}
	c.profiles[name] = want
	return nil, "", nil
}

// code gives an erasure-coded pool the sizes that follow from its profile.
func (c *Cluster) code(p ceph.Pool) ceph.Pool {
	k, m := c.profiles[p.ErasureProfile].chunks()
	p.Size, p.MinSize = k+m, k+min(1, m-1)
	return p
}
