package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

var errOutOfScope = errors.New("it was not read, as it is not among what was asked for")

// observe reads the clusters of a scope and the APIs, side by side.
func (e *Engine) observe(ctx context.Context, scope Scope) step.View {
	v := step.View{Clusters: map[string]*step.Cluster{}}
	reads := e.reads(scope)
	var wg sync.WaitGroup
	for _, c := range e.Site.Clusters {
		seen := &step.Cluster{Err: errOutOfScope}
		v.Clusters[c.Name] = seen
		if slices.Contains(reads, c.Name) {
			wg.Go(func() { *seen = e.observeCluster(ctx, c.Name) })
		}
	}
	wg.Go(func() { v.Cloud = e.observeCloud(ctx) })
	wg.Wait()
	return v
}

// observeCluster asks a cluster what its resources ask.
func (e *Engine) observeCluster(ctx context.Context, name string) step.Cluster {
	world := e.World.Clusters[name]
	var ask step.ClusterAsk
	for _, entry := range e.Catalog.Of(step.AtCluster(name)) {
		ask = ask.With(entry.Asks().Cluster)
	}
	seen := step.Cluster{Note: world.Note}
	seen.Err = readCluster(ctx, ceph.New(world.Mon), world.Images, ask, &seen)
	return seen
}

func readCluster(ctx context.Context, c *ceph.Cluster, images ceph.Images, ask step.ClusterAsk, seen *step.Cluster) (err error) {
	if seen.Status, err = c.Status(ctx); err != nil {
		return err
	}
	pools, err := c.Pools(ctx)
	if err != nil {
		return err
	}
	seen.Pools = map[string]ceph.Pool{}
	for _, p := range pools {
		seen.Pools[p.Name] = p
	}
	seen.Profiles = map[string]ceph.ErasureProfile{}
	for _, name := range ask.Profiles {
		p, err := c.ErasureProfile(ctx, name)
		if err == nil {
			seen.Profiles[name] = p
		} else if !errors.Is(err, ceph.ErrNotFound) {
			return err
		}
	}
	if ask.CRUSH {
		if seen.CRUSH, err = c.CRUSHMap(ctx); err != nil {
			return err
		}
	}
	seen.Users = map[string]ceph.User{}
	for _, entity := range ask.Users {
		u, err := c.User(ctx, entity)
		if err == nil {
			seen.Users[entity] = u
		} else if !errors.Is(err, ceph.ErrNotFound) {
			return err
		}
	}
	conf, err := c.MinimalConf(ctx)
	if err != nil {
		return err
	}
	seen.Conf = conf.Render()
	seen.Monitors, _ = conf.Lookup("global", "mon_host")
	return readImages(ctx, images, ask, seen)
}

func readImages(ctx context.Context, images ceph.Images, ask step.ClusterAsk, seen *step.Cluster) error {
	seen.Images = map[string]map[string]bool{}
	for _, pool := range ask.Images {
		if _, ok := seen.Pools[pool]; !ok {
			continue
		}
		names, err := images.List(ctx, pool)
		if err != nil && !errors.Is(err, ceph.ErrNotFound) {
			return err
		}
		seen.Images[pool] = map[string]bool{}
		for _, name := range names {
			seen.Images[pool][name] = true
		}
	}
	return nil
}

func (e *Engine) observeCloud(ctx context.Context) *step.Cloud {
	c := &step.Cloud{Computes: map[string]bool{}, Servers: map[string][]api.Server{}}
	cloud := e.World.Cloud
	if cloud == nil {
		c.Err = cmp.Or(e.World.CloudErr, step.ErrNoCloud)
		return c
	}
	if c.Records, c.Err = cloud.Services(ctx); c.Err != nil {
		return c
	}
	for _, r := range c.Records {
		if r.Binary == "nova-compute" {
			c.Computes[r.Host] = true
		}
	}
	servers, err := cloud.Servers(ctx, "")
	if c.Err = err; err != nil {
		return c
	}
	for _, s := range servers {
		c.Servers[s.Host] = append(c.Servers[s.Host], s)
	}
	if c.Types, c.Err = cloud.VolumeTypes(ctx); c.Err == nil && e.Site.VolumesMatter(c) {
		c.Volumes, c.VolumesErr = cloud.Volumes(ctx)
	}
	return c
}

// A secretBatch is a libvirtsecret.Store whose work can be done in a host's one
// exchange, together with everything else there.
type secretBatch interface {
	ListOp(expected ...string) (remote.Op, func(remote.Result) (list []libvirtsecret.Secret, whole bool, err error))
	DefineOp(secrets ...libvirtsecret.Secret) (remote.Op, func(remote.Result) []error, error)
}

// look reads a host in one exchange, with libvirt's secrets if they can be read
// that way too; expected are the UUIDs of secrets that should be there. What kept
// the host from being read is in its Err.
func (e *Engine) look(ctx context.Context, name string, entries []Entry, expected []string) *step.Host {
	h := step.NewHost(name)
	ops, secrets := join(entries)
	store := e.World.Secrets[name]
	batch, together := store.(secretBatch)
	together = together && secrets
	all := ops
	var parse func(remote.Result) ([]libvirtsecret.Secret, bool, error)
	if together {
		var list remote.Op
		list, parse = batch.ListOp(expected...)
		all = append(slices.Clone(ops), list)
	}
	results, entered, err := e.enter(ctx, name, all)
	h.Entered = entered
	if err == nil && len(results) != len(all) {
		err = fmt.Errorf("%s: %d results for %d operations", name, len(results), len(all))
	}
	if err == nil {
		err = h.Take(ops, results[:len(ops)])
	}
	if h.Err = err; err != nil {
		return h
	}
	whole := false
	if together {
		h.Secrets, whole, h.SecretErr = parse(results[len(results)-1])
	}
	if store != nil && secrets && !whole && h.SecretErr == nil {
		h.Secrets, h.SecretErr = store.List(ctx)
	}
	return h
}

// enter runs operations on a host by the normal login. Only where that is refused,
// and the Spec asks for a way in, it uses the first entry of the host.
func (e *Engine) enter(ctx context.Context, name string, ops []remote.Op) (results []remote.Result, entered bool, err error) {
	results, err = e.World.Hosts[name].Do(ctx, ops...)
	entry := e.World.Entries[name]
	refused := errors.Is(err, remote.ErrAuth) || errors.Is(err, remote.ErrSudo)
	if !refused || entry == nil || !e.Site.PreparesWayIn() {
		return results, false, err
	}
	results, second := entry.Do(ctx, ops...)
	if second != nil {
		return nil, false, fmt.Errorf("%w; and by the first entry: %w", err, second)
	}
	return results, true, nil
}

// Ask runs operations that read on a host, by whichever way in works.
func (e *Engine) Ask(ctx context.Context, name string, ops []remote.Op) (*step.Host, error) {
	defer e.rest(name)
	results, _, err := e.enter(ctx, name, ops)
	if err != nil {
		return nil, err
	}
	h := step.NewHost(name)
	return h, h.Take(ops, results)
}
