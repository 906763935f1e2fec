package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/openstack/api"
)

// first reads the clusters, and then all lists at the same time.
func (r *reader) first(ctx context.Context) {
	r.fsids(ctx)
	c := r.cfg.World.Cloud
	if err := wholeCloud(ctx, c); err != nil {
		r.unable("the data of the cloud", err)
		r.images.err, r.volumes.err, r.servers.err, r.backups.err = err, err, err, err
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.images.err = each(r, "images of Glance", c.EachImage(ctx), r.putImage) })
	wg.Go(func() { r.volumes.err = each(r, "volumes of Cinder", c.EachVolume(ctx), r.putVolume) })
	wg.Go(func() {
		r.servers.err = each(r, "servers of Nova", c.EachServer(ctx, ""), r.putServer)
		for v, err := range c.SoftDeleted(ctx) { // where that fails, the second look reads each server that is missing
			if err == nil {
				r.putServer(v)
			}
		}
	})
	wg.Go(func() { r.backups.err = each(r, "backups of Cinder", c.EachBackup(ctx), r.putBackup) })
	for _, p := range r.pools {
		wg.Go(func() {
			if p.err = r.list(ctx, p); p.err != nil {
				r.unable("RBD images of pool "+p.name+" of cluster "+p.cluster, p.err)
			}
		})
	}
	wg.Wait()
}

// each reads a list of the APIs.
func each[T any](r *reader, what string, list iter.Seq2[T, error], put func(T)) error {
	for object, err := range list {
		if err != nil {
			err = unreadable(what, err)
			r.unable(what, err)
			return err
		}
		put(object)
	}
	return nil
}

// fsids reads the fsid of each cluster.
func (r *reader) fsids(ctx context.Context) {
	read := map[string]string{}
	for _, p := range r.pools {
		if _, done := read[p.cluster]; !done {
			status, err := ceph.New(r.cfg.World.Clusters[p.cluster].Mon).Status(ctx)
			if err != nil {
				r.unable("the fsid of cluster "+p.cluster, err)
			}
			read[p.cluster] = status.FSID
		}
		p.fsid = read[p.cluster]
	}
}

// list reads the names of the RBD images of a pool.
func (r *reader) list(ctx context.Context, p *pool) error {
	c := r.cfg.World.Clusters[p.cluster]
	if c.Images == nil {
		return errors.New("the World has no way to RBD images of this cluster")
	}
	names, err := c.Images.List(ctx, p.name)
	if err != nil {
		return err
	}
	trash, err := ceph.New(c.Mon).WithImages(c.Images).Trash(ctx, p.name)
	if err != nil {
		return err
	}
	p.images, p.trash = names, p.trash[:0]
	for _, t := range trash {
		p.trash = append(p.trash, t.Name)
	}
	slices.Sort(p.trash)
	return nil
}

// mostAsks is how many objects of the APIs are read again.
const mostAsks = 5000

// again looks a second time at what suspects rest on, and gives those that are as before.
func (r *reader) again(ctx context.Context, suspects []suspect) []suspect {
	wait := r.options.Pause
	if wait == 0 {
		wait = pause
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		r.unable("what the first look suspects", fmt.Errorf("it ended before the second look: %w", context.Cause(ctx)))
		return nil
	}
	asks, pools := r.toAsk(suspects)
	r.relist(ctx, pools)
	doubt := r.askAgain(ctx, asks)
	r.inspect(ctx, r.toReopen(suspects))
	still := map[[3]string]bool{}
	for _, s := range r.judgeAll(false) {
		still[s.key()] = true
	}
	return slices.DeleteFunc(suspects, func(s suspect) bool {
		if s.pool != nil && s.pool.err != nil || slices.ContainsFunc(s.asks, func(a ask) bool { return doubt[a] }) {
			return true // it was told that this could not be read again
		}
		return s.doubtful() && !still[s.key()]
	})
}

// toAsk are the objects and the pools that suspects rest on, each once.
func (r *reader) toAsk(suspects []suspect) (asks []ask, pools []*pool) {
	seen := map[ask]bool{}
	for _, s := range suspects {
		for _, a := range s.asks {
			if !seen[a] {
				seen[a] = true
				asks = append(asks, a)
			}
		}
		if s.pool != nil && !slices.Contains(pools, s.pool) {
			pools = append(pools, s.pool)
		}
	}
	return asks, pools
}

// toReopen are the RBD images of suspects that were opened.
func (r *reader) toReopen(suspects []suspect) (spots []spot) {
	for _, s := range suspects {
		at := spot{s.pool, s.image}
		if _, opened := r.opened[at]; opened {
			spots = append(spots, at)
		}
	}
	return spots
}

// relist lists pools again.
func (r *reader) relist(ctx context.Context, pools []*pool) {
	var wg sync.WaitGroup
	for _, p := range pools {
		wg.Go(func() {
			if p.err == nil {
				if p.err = r.list(ctx, p); p.err != nil {
					r.unable("a second look at pool "+p.name+" of cluster "+p.cluster, p.err)
				}
			}
		})
	}
	wg.Wait()
}

// askAgain reads objects of the APIs again, and gives those that could not be read.
func (r *reader) askAgain(ctx context.Context, asks []ask) map[ask]bool {
	doubt := map[ask]bool{}
	if n := len(asks) - mostAsks; n > 0 {
		for _, a := range asks[mostAsks:] {
			doubt[a] = true
		}
		r.unable("a second look", fmt.Errorf("%d objects are suspected, and only %d are read again; findings about the "+
			"others are left out: solve what is found first", len(asks), mostAsks))
		asks = asks[:mostAsks]
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan ask)
	for range 8 {
		wg.Go(func() {
			for a := range next {
				put, err := r.read(ctx, a)
				mu.Lock()
				if err == nil {
					put()
				} else {
					doubt[a] = true
					r.unable("a second look at "+a.String(), err)
				}
				mu.Unlock()
			}
		})
	}
	for _, a := range asks {
		next <- a
	}
	close(next)
	wg.Wait()
	return doubt
}

// String is the object, in words.
func (a ask) String() string {
	return map[kind]string{anImage: "image", aVolume: "volume", aServer: "server", aBackup: "backup"}[a.kind] + " " +
		a.id.String()
}

// read reads an object of the APIs. Put keeps it, or drops it where it is gone.
func (r *reader) read(ctx context.Context, a ask) (put func(), err error) {
	c, id := r.cfg.World.Cloud, a.id.String()
	drop := func() {}
	switch a.kind {
	case anImage:
		var i api.Image
		i, err = c.Image(ctx, id)
		put, drop = func() { r.putImage(i) }, func() { r.images.drop(a.id) }
	case aVolume:
		var v api.Volume
		v, err = c.Volume(ctx, id)
		put, drop = func() { r.putVolume(v) }, func() { r.volumes.drop(a.id) }
	case aServer:
		var v api.Server
		v, err = c.Server(ctx, id)
		put, drop = func() { r.putServer(v) }, func() { r.servers.drop(a.id) }
	case aBackup:
		var b api.Backup
		b, err = c.Backup(ctx, id)
		put, drop = func() { r.putBackup(b) }, func() { r.backups.drop(a.id) }
	}
	if errors.Is(err, api.ErrNotFound) {
		return drop, nil
	}
	return put, err
}
