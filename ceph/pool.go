package ceph

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
)

// A Pool is a pool as desired or as found. A zero field of a desired pool
// means "not owned": left as it is, or the cluster's default at creation.
type Pool struct {
	Name           string
	PGNum          int    // creation only, while the autoscaler is on
	Autoscale      string // on, off or warn
	Size           int    // replicas; not of an erasure-coded pool
	MinSize        int
	CRUSHRule      string
	Application    string // such as rbd
	MaxBytes       int64  // quota in bytes
	MaxObjects     int64  // quota in objects
	ErasureProfile string // set for erasure-coded pools; with overwrites

	noOverwrites bool // found: erasure-coded, and RBD data cannot be in it
}

// A Setting is a field in which a pool is not as desired.
type Setting struct {
	Field             string // as ceph osd pool set names it, or application, max_bytes, max_objects
	Observed, Desired string
}

// Diff lists the owned fields of p in which found differs, in the order in
// which UpdatePool sets them. With the autoscaler on (as found or as desired),
// PGNum is the autoscaler's.
//
// Similar To: ceph osd pool get <pool> all
func (p Pool) Diff(found Pool) []Setting {
	var out []Setting
	add := func(owned bool, field, observed, desired string) {
		if owned && observed != desired {
			out = append(out, Setting{field, observed, desired})
		}
	}
	num := func(field string, observed, desired int64) {
		add(desired != 0, field, strconv.FormatInt(observed, 10), strconv.FormatInt(desired, 10))
	}
	add(p.ErasureProfile != "", "erasure_code_profile", found.ErasureProfile, p.ErasureProfile)
	add(p.ErasureProfile != "", "allow_ec_overwrites", strconv.FormatBool(!found.noOverwrites), "true")
	add(p.Application != "", "application", found.Application, p.Application)
	add(p.Autoscale != "", "pg_autoscale_mode", found.Autoscale, p.Autoscale)
	if cmp.Or(p.Autoscale, found.Autoscale) != "on" {
		num("pg_num", int64(found.PGNum), int64(p.PGNum))
	}
	add(p.CRUSHRule != "", "crush_rule", found.CRUSHRule, p.CRUSHRule)
	if p.ErasureProfile == "" {
		num("size", int64(found.Size), int64(p.Size))
	}
	num("min_size", int64(found.MinSize), int64(p.MinSize))
	num("max_bytes", found.MaxBytes, p.MaxBytes)
	num("max_objects", found.MaxObjects, p.MaxObjects)
	return out
}

// Pools lists all pools, sorted by name.
//
// Similar To: ceph osd pool ls detail; ceph osd pool get-quota
func (c *Cluster) Pools(ctx context.Context) ([]Pool, error) {
	return c.pools(ctx, c.Batch(ctx, readPools()...))
}

// readPools are the requests that read all pools. They come after the requests of
// the batch with the indexes in after.
func readPools(after ...int) []Request {
	return []Request{read("osd pool ls", fields{"detail": "detail"}, after...), read("osd crush rule dump", nil, after...)}
}

// pools reads the answers to readPools.
func (c *Cluster) pools(ctx context.Context, answers []Answer) ([]Pool, error) {
	var list []poolDetail
	asks := readPools()
	err := answers[0].decode(asks[0], &list)
	if errors.Is(err, ErrInvalid) { // before Hammer
		var dump struct {
			Pools []poolDetail `json:"pools"`
		}
		err = c.query(ctx, read("osd dump", nil), &dump)
		list = dump.Pools
	}
	if err != nil {
		return nil, err
	}
	var rules []struct {
		ID      int    `json:"rule_id"`
		Ruleset int    `json:"ruleset"`
		Name    string `json:"rule_name"`
	}
	if err := answers[1].decode(asks[1], &rules); err != nil {
		return nil, err
	}
	names, sets := map[int]string{}, map[int]string{}
	for _, r := range rules {
		names[r.ID], sets[r.Ruleset] = r.Name, r.Name
	}
	pools := make([]Pool, 0, len(list))
	for _, d := range list {
		if d.Name == "" {
			return nil, errorString("ceph osd pool ls: a pool without a name")
		}
		p := d.pool(names)
		if d.Ruleset != nil {
			p.CRUSHRule = sets[*d.Ruleset]
		}
		pools = append(pools, p)
	}
	slices.SortFunc(pools, func(a, b Pool) int { return cmp.Compare(a.Name, b.Name) })
	return pools, nil
}

// A poolDetail is one pool of ceph osd pool ls detail.
type poolDetail struct {
	Name       string         `json:"pool_name"`
	Flags      string         `json:"flags_names"`
	PGNum      int            `json:"pg_num"`
	PGTarget   int            `json:"pg_num_target"` // since Nautilus: what pg_num is on its way to
	Autoscale  string         `json:"pg_autoscale_mode"`
	Size       int            `json:"size"`
	MinSize    int            `json:"min_size"`
	Rule       int            `json:"crush_rule"`
	Ruleset    *int           `json:"crush_ruleset"` // before Luminous, in its place
	Apps       map[string]any `json:"application_metadata"`
	MaxBytes   int64          `json:"quota_max_bytes"`
	MaxObjects int64          `json:"quota_max_objects"`
	Profile    string         `json:"erasure_code_profile"`
}

func (d poolDetail) pool(rules map[int]string) Pool {
	p := Pool{
		Name: d.Name, PGNum: cmp.Or(d.PGTarget, d.PGNum), Autoscale: d.Autoscale, Size: d.Size, MinSize: d.MinSize,
		CRUSHRule: rules[d.Rule], MaxBytes: d.MaxBytes, MaxObjects: d.MaxObjects, ErasureProfile: d.Profile,
		noOverwrites: d.Profile != "" && !hasFlag(d.Flags, "ec_overwrites"),
	}
	if apps := slices.Sorted(maps.Keys(d.Apps)); slices.Contains(apps, "rbd") {
		p.Application = "rbd"
	} else if len(apps) > 0 {
		p.Application = apps[0]
	}
	return p
}
