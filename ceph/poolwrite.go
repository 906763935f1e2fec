package ceph

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// CreatePool creates a pool and sets every owned field. It is safe to repeat,
// also after a try that was cut short: a pool that is there gets what it
// lacks, as from UpdatePool.
//
// Similar To: ceph osd pool create <pool> <pg_num>; ceph osd pool application enable <pool> rbd
func (c *Cluster) CreatePool(ctx context.Context, p Pool) error {
	args := fields{"pool": p.Name}
	if p.PGNum > 0 {
		args["pg_num"] = p.PGNum
	}
	if p.Autoscale != "" {
		args["autoscale_mode"] = p.Autoscale
	}
	if p.CRUSHRule != "" {
		args["rule"] = p.CRUSHRule
	}
	if p.ErasureProfile != "" {
		args["pool_type"], args["erasure_code_profile"] = "erasure", p.ErasureProfile
	} else if p.Size > 1 { // size 1 has to be meant, which only "set" can be told
		args["size"] = p.Size
	}
	_, err := c.run(ctx, "osd pool create", args)
	if _, sized := args["size"]; sized && errors.Is(err, ErrInvalid) && c.before(ctx, "nautilus") {
		delete(args, "size") // which is known to "set" only
		_, err = c.run(ctx, "osd pool create", args)
	}
	if err != nil {
		return err
	}
	return c.UpdatePool(ctx, p)
}

// UpdatePool sets the owned fields of p that differ from what the cluster
// has, and nothing else. Without such a pool it is ErrNotFound; a pool cannot
// become erasure-coded or change its profile, which is ErrInvalid.
//
// Similar To: ceph osd pool set <pool> <field> <value>; ceph osd pool set-quota
func (c *Cluster) UpdatePool(ctx context.Context, p Pool) error {
	// Setting the size makes Ceph choose min_size anew: look a second time.
	for range 2 {
		pools, err := c.Pools(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(pools, func(q Pool) bool { return q.Name == p.Name })
		if i < 0 {
			return &CommandError{Op: "osd pool set", Object: p.Name, Code: enoent, Status: "no such pool"}
		}
		resized := false
		for _, s := range p.Diff(pools[i]) {
			if err := c.set(ctx, p.Name, s); err != nil {
				return err
			}
			resized = resized || s.Field == "size"
		}
		if !resized {
			break
		}
	}
	return nil
}

func (c *Cluster) set(ctx context.Context, pool string, s Setting) error {
	prefix, args := "osd pool set", fields{"pool": pool, "var": s.Field, "val": s.Desired}
	switch {
	case s.Field == "erasure_code_profile":
		return &CommandError{Op: prefix, Object: pool, Code: einval,
			Status: "the erasure code profile of a pool cannot change: it is " + quoteWord(s.Observed)}
	case s.Field == "application":
		prefix, args = "osd pool application enable", fields{"pool": pool, "app": s.Desired}
	case s.Field == "max_bytes" || s.Field == "max_objects":
		prefix, args = "osd pool set-quota", fields{"pool": pool, "field": s.Field, "val": s.Desired}
	case s.Field == "size" && s.Desired == "1":
		args["yes_i_really_mean_it"] = true
	}
	_, err := c.run(ctx, prefix, args)
	return err
}

func hasFlag(flags, flag string) bool { return slices.Contains(strings.Split(flags, ","), flag) }
