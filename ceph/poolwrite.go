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
func (c *Cluster) CreatePool(ctx context.Context, p Pool) error { return c.createPool(ctx, p, false) }

// UpdatePool sets the owned fields of p that differ from what the cluster
// has, and nothing else. It fails with ErrNotFound if there is no such pool, and with
// ErrInvalid if the pool would become erasure-coded or change its profile.
//
// Similar To: ceph osd pool set <pool> <field> <value>; ceph osd pool set-quota
func (c *Cluster) UpdatePool(ctx context.Context, p Pool) error {
	pools, err := c.Pools(ctx)
	if err != nil {
		return err
	}
	return c.fitPool(ctx, p, pools, false)
}

// createPool creates the pool and looks at it in one batch, and then does what
// is still to do.
func (c *Cluster) createPool(ctx context.Context, p Pool, ready bool) error {
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
	} else if p.Size > 1 { // the consent that size 1 needs can only be given to "osd pool set"
		args["size"] = p.Size
	}
	create := func() []Answer {
		return c.Batch(ctx, slices.Insert(readPools(0), 0, write("osd pool create", args))...)
	}
	answers := create()
	if _, sized := args["size"]; sized && errors.Is(answers[0].Err, ErrInvalid) && c.before(ctx, "nautilus") {
		delete(args, "size") // only "osd pool set" knows it before Nautilus
		answers = create()
	}
	if err := answers[0].Err; err != nil {
		return err
	}
	pools, err := c.pools(ctx, answers[1:])
	if err != nil {
		return err
	}
	return c.fitPool(ctx, p, pools, ready)
}

// fitPool sets the owned fields of p in which the pool among pools differs, side by
// side, and then readies it for RBD where that is asked for. All this is one batch,
// or two when the size changes: Ceph then chooses min_size anew, so that the pool
// has to be looked at a second time.
func (c *Cluster) fitPool(ctx context.Context, p Pool, pools []Pool, ready bool) error {
	sets, err := p.settings(pools)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(sets, func(s Setting) bool { return s.Field == "size" }) {
		requests, all := p.requests(sets)
		answers := c.Batch(ctx, append(requests, readPools(all...)...)...)
		if err := firstError(answers[:len(sets)]); err != nil {
			return err
		}
		if pools, err = c.pools(ctx, answers[len(sets):]); err != nil {
			return err
		}
		if sets, err = p.settings(pools); err != nil {
			return err
		}
	}
	requests, all := p.requests(sets)
	if ready {
		requests = append(requests, Request{InitPool: p.Name, After: all})
	}
	if len(requests) == 0 {
		return nil
	}
	return firstError(c.Batch(ctx, requests...))
}

// settings is Diff against the pool of p's name among pools.
func (p Pool) settings(pools []Pool) ([]Setting, error) {
	const op = "osd pool set"
	i := slices.IndexFunc(pools, func(q Pool) bool { return q.Name == p.Name })
	if i < 0 {
		return nil, &CommandError{Op: op, Object: p.Name, Code: enoent, Status: "no such pool"}
	}
	diff := p.Diff(pools[i])
	if len(diff) > 0 && diff[0].Field == "erasure_code_profile" {
		return nil, &CommandError{Op: op, Object: p.Name, Code: einval,
			Status: "the erasure code profile of a pool cannot change: it is " + quoteWord(diff[0].Observed)}
	}
	return diff, nil
}

// requests sets fields side by side. The indexes are those of all requests.
func (p Pool) requests(sets []Setting) (requests []Request, all []int) {
	for i, s := range sets {
		r := s.request(p.Name)
		for j, before := range sets[:i] {
			switch [2]string{before.Field, s.Field} {
			case [2]string{"size", "min_size"}, [2]string{"pg_autoscale_mode", "pg_num"}:
				r.After = append(r.After, j)
			}
		}
		requests, all = append(requests, r), append(all, i)
	}
	return requests, all
}

func firstError(answers []Answer) error {
	for _, a := range answers {
		if a.Err != nil {
			return a.Err
		}
	}
	return nil
}

// request is the command that gives a pool this setting.
func (s Setting) request(pool string) Request {
	prefix, args := "osd pool set", fields{"pool": pool, "var": s.Field, "val": s.Desired}
	switch {
	case s.Field == "application":
		prefix, args = "osd pool application enable", fields{"pool": pool, "app": s.Desired}
	case s.Field == "max_bytes" || s.Field == "max_objects":
		prefix, args = "osd pool set-quota", fields{"pool": pool, "field": s.Field, "val": s.Desired}
	case s.Field == "size" && s.Desired == "1":
		args["yes_i_really_mean_it"] = true
	}
	return write(prefix, args)
}

func hasFlag(flags, flag string) bool { return slices.Contains(strings.Split(flags, ","), flag) }
