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
	"github.com/cephstack/cephstack/libvirtsecret/hostbatch"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/helper"
)

var errOutOfScope = errors.New("it was not read, as it is not among what was asked for")

// observe reads the clusters of a scope and the APIs, side by side.
func (e *Engine) observe(ctx context.Context, scope Scope) step.View {
	v := step.View{Clusters: map[string]*step.Cluster{}}
	reads := e.Reads(scope)
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

// observeCluster joins the questions of all resources of a cluster, and asks the cluster.
func (e *Engine) observeCluster(ctx context.Context, name string) step.Cluster {
	world := e.World.Clusters[name]
	var query ceph.Query
	for _, entry := range e.Catalog.Of(step.AtCluster(name)) {
		query = entry.Asks().Joined(query)
	}
	found, err := ceph.New(world.Mon).WithImages(world.Images).Look(ctx, query)
	seen := step.Cluster{Note: world.Note, Err: err, Status: found.Status, Pools: found.Pools, Users: found.Users,
		Profiles: found.Profiles, CRUSH: found.CRUSH, Stops: found.Stops, Notes: found.Notes,
		Images: map[string]map[string]bool{}, Trash: map[string][]string{},
		Unlocked: name == e.LockedCluster() && e.Locker() == nil}
	if err != nil {
		return seen
	}
	seen.Conf = found.Conf.Render()
	seen.Monitors, _ = found.Conf.Lookup("global", "mon_host")
	for pool, entries := range found.Trash {
		for _, t := range entries {
			seen.Trash[pool] = append(seen.Trash[pool], t.Name)
		}
		slices.Sort(seen.Trash[pool])
	}
	for pool, names := range found.Images {
		seen.Images[pool] = map[string]bool{}
		for _, name := range names {
			seen.Images[pool][name] = true
		}
	}
	return seen
}

// FSIDs asks clusters for their own identifiers, by name. A cluster that cannot be asked
// has none.
func (e *Engine) FSIDs(ctx context.Context, clusters []string) map[string]string {
	all := map[string]string{}
	asked := remote.Each(ctx, clusters, 0, func(ctx context.Context, name string) (ceph.Status, error) {
		return ceph.New(e.World.Clusters[name].Mon).Status(ctx)
	})
	for _, o := range asked {
		if o.Err == nil {
			all[o.Name] = o.Value.FSID
		}
	}
	return all
}

func (e *Engine) observeCloud(ctx context.Context) *step.Cloud {
	c := &step.Cloud{Computes: map[string]bool{}, Servers: map[string][]api.Server{}, Moves: map[string][]step.Move{}}
	cloud := e.World.Cloud
	if cloud == nil {
		c.Err = cmp.Or(e.World.CloudErr, step.ErrNoCloud)
		if login := (*api.Error)(nil); errors.As(c.Err, &login) {
			c.Warnings = login.Warnings
		}
		return c
	}
	c.Warnings = cloud.Warnings()
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
	if e.Site.Before().Nova != nil {
		e.observeFleet(ctx, c, servers)
	}
	if c.Types, c.Err = cloud.VolumeTypes(ctx); c.Err == nil && e.Site.VolumesMatter(c) {
		c.Volumes, c.VolumesErr = cloud.Volumes(ctx)
	}
	backs := func(r api.ServiceRecord) bool { return r.Binary == "cinder-backup" }
	if e.Site.Before().Backup != nil && slices.ContainsFunc(c.Records, backs) {
		c.HasBackups, c.BackupsErr = cloud.HasBackups(ctx)
	}
	return c
}

// look reads a host in one exchange, with libvirt's secrets if they can be read
// that way too; expected are the UUIDs of secrets that should be there. What kept
// the host from being read is in its Err.
func (e *Engine) look(ctx context.Context, name string, entries []Entry, expected []string) *step.Host {
	h := step.NewHost(name)
	if way, ok := e.World.Hosts[name].(interface{ From() string }); ok {
		h.From = way.From()
	}
	h.Barred = e.Site.Helps() && e.World.Entries[name] == nil
	ops, secrets := join(entries)
	store := e.World.Secrets[name]
	if a, ok := store.(hostbatch.Allowing); ok {
		h.AllowSecrets = a.Allow
	}
	secrets = secrets && (expected != nil || !e.Site.Helps()) // see Secrets
	batch, together := store.(hostbatch.Store)
	together = together && secrets
	all := ops
	var parse hostbatch.ListReader
	if together {
		var list remote.Op
		list, parse = batch.ListOp(expected...)
		all = append(slices.Clone(ops), list)
	}
	results, err := e.enter(ctx, h, all)
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

// enter runs operations on a host by the normal login. Only where the host refuses that,
// and the Spec asks for a way in, it uses the first entry of the host, and says so in h.
func (e *Engine) enter(ctx context.Context, h *step.Host, ops []remote.Op) ([]remote.Result, error) {
	results, err := e.World.Hosts[h.Name].Do(ctx, ops...)
	entry := e.World.Entries[h.Name]
	refused := (errors.Is(err, remote.ErrAuth) || errors.Is(err, remote.ErrSudo)) && !errors.Is(err, remote.ErrLocal)
	var denied error
	for _, r := range results {
		if err == nil && denied == nil && errors.Is(r.Err, helper.ErrDenied) {
			denied = r.Err
		}
	}
	if !refused && denied == nil || entry == nil || !e.Site.PreparesWayIn() {
		return results, err
	}
	entered, second := entry.Do(ctx, ops...)
	switch {
	case second != nil && denied != nil:
		return results, nil // what the helper allows is known
	case second != nil:
		return nil, fmt.Errorf("%w; and by the first entry: %w", err, second)
	}
	h.Entered, h.Denied = true, denied
	return entered, nil
}

// Ask runs operations that read on a host, by whichever way in works.
func (e *Engine) Ask(ctx context.Context, name string, ops []remote.Op) (*step.Host, error) {
	defer e.Rest(name)
	h := step.NewHost(name)
	results, err := e.enter(ctx, h, ops)
	if err != nil {
		return nil, err
	}
	return h, h.Take(ops, results)
}
