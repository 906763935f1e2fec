package ceph

import (
	"context"
	"errors"
)

// A Query says what a Look reads besides status, pools and the minimal conf.
type Query struct {
	Users    []string // entities, such as client.cinder
	Profiles []string // names of profiles of erasure code
	CRUSH    bool     // the CRUSH map
	Images   []string // pools whose images are listed
	Trash    []string // pools whose trash is listed
	Serving  []string // pools of which the Condition is told
}

// A View is what a Look found. A user, profile or pool that is missing in a map
// was not found, on positive evidence.
type View struct {
	Status   Status
	Pools    map[string]Pool
	Users    map[string]User // by entity
	Profiles map[string]ErasureProfile
	CRUSH    CRUSHMap // of a Query that asked for it
	Conf     *Conf    // as from MinimalConf
	Images   map[string][]string
	Trash    map[string][]TrashEntry // empty before Luminous, which has no trash
	// Stops and Notes are the Condition, of a Query with Serving.
	Stops, Notes []string
}

// Look reads what a Query asks for. Where the Commander is a Batcher, that is one
// exchange, and two for a cluster before Nautilus. The error is that of the first
// part that cannot be read; the View then has the parts that were read.
//
// Similar To: ceph status; ceph osd pool ls detail; ceph auth get <entity>; rbd ls <pool>; rbd trash ls --all <pool>
func (c *Cluster) Look(ctx context.Context, q Query) (View, error) {
	v := View{Pools: map[string]Pool{}, Users: map[string]User{}, Profiles: map[string]ErasureProfile{},
		Images: map[string][]string{}, Trash: map[string][]TrashEntry{}}
	jobs := []job{
		{run: func(c *Cluster) (err error) { v.Status, err = c.Status(ctx); return err }},
		{run: func(c *Cluster) error {
			pools, err := c.Pools(ctx)
			for _, p := range pools {
				v.Pools[p.Name] = p
			}
			return err
		}},
	}
	jobs = append(jobs, lookups(v.Profiles, q.Profiles,
		func(c *Cluster, name string) (ErasureProfile, error) { return c.ErasureProfile(ctx, name) })...)
	if q.CRUSH {
		jobs = append(jobs, job{run: func(c *Cluster) (err error) { v.CRUSH, err = c.CRUSHMap(ctx); return err }})
	}
	if len(q.Serving) > 0 {
		jobs = append(jobs, job{run: func(c *Cluster) (err error) {
			v.Stops, v.Notes, err = c.Condition(ctx, q.Serving...)
			return err
		}})
	}
	jobs = append(jobs, userLookups(ctx, v.Users, q.Users)...)
	jobs = append(jobs, job{run: func(c *Cluster) (err error) { v.Conf, err = c.MinimalConf(ctx); return err }})
	jobs = append(jobs, lookups(v.Images, q.Images, func(c *Cluster, pool string) ([]string, error) {
		a := c.Batch(ctx, Request{ListPool: pool, read: true})[0]
		return a.Images, a.Err
	})...)
	jobs = append(jobs, lookups(v.Trash, q.Trash, func(c *Cluster, pool string) ([]TrashEntry, error) {
		return c.Trash(ctx, pool)
	})...)
	for _, t := range c.together(ctx, jobs) {
		if t.err != nil {
			return v, t.err
		}
	}
	return v, nil
}

// Trash lists the images in the trash of a pool. Before Luminous, there is no trash, and the list is empty. A pool that
// does not exist is ErrNotFound.
//
// Similar To: rbd trash ls --all <pool>
func (c *Cluster) Trash(ctx context.Context, pool string) ([]TrashEntry, error) {
	a := c.Batch(ctx, Request{ListTrash: pool, read: true})[0]
	if a.Err == nil || errors.Is(a.Err, ErrNotFound) {
		return a.Trash, a.Err
	}
	if s, err := c.Status(ctx); err == nil && s.Release != "" && s.Release < "luminous" {
		return nil, nil
	}
	return nil, a.Err
}

// Users reads entities, in one exchange where the Commander is a Batcher. An entity
// that is missing in the map was not found, on positive evidence. The error is that of
// the first entity that cannot be read.
//
// Similar To: ceph auth get <entity>
func (c *Cluster) Users(ctx context.Context, entities ...string) (map[string]User, error) {
	users := map[string]User{}
	for _, t := range c.together(ctx, userLookups(ctx, users, entities)) {
		if t.err != nil {
			return nil, t.err
		}
	}
	return users, nil
}

func userLookups(ctx context.Context, into map[string]User, entities []string) []job {
	return lookups(into, entities, func(c *Cluster, entity string) (User, error) { return c.User(ctx, entity) })
}

// lookups are jobs that put what is there of names into a map.
func lookups[T any](into map[string]T, names []string, lookup func(*Cluster, string) (T, error)) []job {
	jobs := make([]job, len(names))
	for i, name := range names {
		jobs[i].run = func(c *Cluster) error {
			found, err := lookup(c, name)
			switch {
			case err == nil:
				into[name] = found
			case !errors.Is(err, ErrNotFound):
				return err
			}
			return nil
		}
	}
	return jobs
}
