package integrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// observe reads the world at once, everything in parallel, and writes nothing.
func (in *Integration) observe(ctx context.Context) *observed {
	o := newObserved()
	var wg sync.WaitGroup
	wg.Go(func() { in.observeBase(ctx, o) })
	for _, r := range eachHost(ctx, in, func(h spec.Host, seen *observedHost) *observedHost { return seen }) {
		o.hosts[r.Name] = r.Value
	}
	wg.Wait()
	return o
}

// observeBase reads all but the hosts into o.
func (in *Integration) observeBase(ctx context.Context, o *observed) {
	var wg sync.WaitGroup
	for _, c := range in.site.spec.Clusters {
		seen := &observedCluster{}
		o.clusters[c.Name] = seen
		wg.Go(func() { *seen = in.observeCluster(ctx, c.Name) })
	}
	wg.Go(func() { o.cloud = in.observeCloud(ctx) })
	wg.Wait()
}

// eachHost observes every host that has services to configure, and keeps what
// fn makes of it.
func eachHost[T any](ctx context.Context, in *Integration, fn func(spec.Host, *observedHost) T) []remote.Outcome[T] {
	var names []string
	for _, h := range in.site.inOrder() {
		names = append(names, h.Name)
	}
	outcomes := remote.Each(ctx, names, in.limit(), func(ctx context.Context, name string) (T, error) {
		return fn(in.host(name), in.look(ctx, name)), nil
	})
	for i, o := range outcomes {
		if o.Err != nil { // not begun
			outcomes[i].Value = fn(in.host(o.Name), &observedHost{err: o.Err})
		}
	}
	return outcomes
}

// look observes a host; what kept it from being read is in what it gives.
func (in *Integration) look(ctx context.Context, name string, secrets ...string) *observedHost {
	seen, err := in.observeHost(ctx, name, secrets...)
	if err != nil {
		return &observedHost{err: err}
	}
	return seen
}

func (in *Integration) observeCluster(ctx context.Context, name string) observedCluster {
	o := observedCluster{pools: map[string]ceph.Pool{}, users: map[string]ceph.User{}, vmDisk: map[string]bool{},
		note: in.world.Clusters[name].Note}
	c := ceph.New(in.world.Clusters[name].Mon)
	if o.status, o.err = c.Status(ctx); o.err != nil {
		return o
	}
	pools, err := c.Pools(ctx)
	if o.err = err; err != nil {
		return o
	}
	for _, p := range pools {
		o.pools[p.Name] = p
	}
	if o.profiles, o.err = observeProfiles(ctx, c, in.site.cluster(name)); o.err != nil {
		return o
	}
	if slices.ContainsFunc(in.site.pools[name], func(p ceph.Pool) bool { return p.ErasureProfile != "" }) {
		if o.crush, o.err = c.CRUSHMap(ctx); o.err != nil {
			return o
		}
	}
	for _, u := range in.site.users {
		if u.Cluster != name {
			continue
		}
		user, err := c.User(ctx, u.Entity)
		if err != nil && !errors.Is(err, ceph.ErrNotFound) {
			o.err = err
			return o
		}
		if err == nil {
			o.users[u.Entity] = user
		}
	}
	conf, err := c.MinimalConf(ctx)
	if o.err = err; err != nil {
		return o
	}
	o.conf = conf.Render()
	o.mons, _ = conf.Lookup("global", "mon_host")
	o.err = in.observeDisks(ctx, name, &o)
	return o
}

// observeDisks lists Nova's pool, to tell local disks from those in Ceph.
func (in *Integration) observeDisks(ctx context.Context, name string, o *observedCluster) error {
	n := in.site.nova
	if n == nil || n.Cluster != name {
		return nil
	}
	if _, ok := o.pools[n.Pool]; !ok {
		return nil
	}
	images, err := in.world.Clusters[name].Images.List(ctx, n.Pool)
	if err != nil && !errors.Is(err, ceph.ErrNotFound) {
		return err
	}
	for _, image := range images {
		o.vmDisk[image] = true
	}
	return nil
}

func (in *Integration) observeCloud(ctx context.Context) observedCloud {
	o := observedCloud{computes: map[string]bool{}, servers: map[string][]api.Server{}}
	if in.world.Cloud == nil {
		o.err = cmp.Or(in.world.CloudErr, errNoCloud)
		return o
	}
	if o.records, o.err = in.world.Cloud.Services(ctx); o.err != nil {
		return o
	}
	for _, r := range o.records {
		if r.Binary == "nova-compute" {
			o.computes[r.Host] = true
		}
	}
	servers, err := in.world.Cloud.Servers(ctx, "")
	if o.err = err; err != nil {
		return o
	}
	for _, s := range servers {
		o.servers[s.Host] = append(o.servers[s.Host], s)
	}
	if o.types, o.err = in.world.Cloud.VolumeTypes(ctx); o.err == nil && in.site.volumesMatter(o) {
		o.volumes, o.volumesErr = in.world.Cloud.Volumes(ctx)
	}
	return o
}

// observeHost reads a host in one exchange, with libvirt's secrets if they can
// be read that way too; secrets are the UUIDs that are expected.
func (in *Integration) observeHost(ctx context.Context, name string, secrets ...string) (*observedHost, error) {
	q := in.hostQuery(name)
	store := in.world.Secrets[name]
	batch, together := store.(secretBatch)
	together = together && q.secrets
	ops := q.ops
	var parse func(remote.Result) ([]libvirtsecret.Secret, bool, error)
	if together {
		var list remote.Op
		list, parse = batch.ListOp(secrets...)
		ops = append(slices.Clone(ops), list)
	}
	results, entered, err := in.lookIn(ctx, name, ops...)
	if err != nil {
		return nil, err
	}
	if len(results) != len(ops) {
		return nil, fmt.Errorf("%s: %d results for %d operations", name, len(results), len(ops))
	}
	o := newObservedHost()
	o.entered = entered
	if err := o.take(q, results); err != nil {
		return nil, err
	}
	o.takeContainers(q.containers)
	whole := false
	if together {
		o.secrets, whole, o.secretErr = parse(results[len(results)-1])
	}
	if store != nil && q.secrets && !whole && o.secretErr == nil {
		o.secrets, o.secretErr = store.List(ctx)
	}
	return o, nil
}

// A secretBatch is a libvirtsecret.Store whose work can be done in a host's one
// exchange, together with everything else there. Package virsh has one. A list is
// not whole if there are secrets that were not expected.
type secretBatch interface {
	ListOp(expected ...string) (remote.Op, func(remote.Result) (list []libvirtsecret.Secret, whole bool, err error))
	DefineOp(secrets ...libvirtsecret.Secret) (remote.Op, func(remote.Result) []error, error)
}

// A query is the batch of operations that reads a host.
type query struct {
	ops        []remote.Op
	secrets    bool
	containers []string
}

func (in *Integration) hostQuery(name string) query {
	h := in.host(name)
	var q query
	dirs := []string{}
	paths := []string{}
	packages := []string{}
	units := []string{}
	var looks, lists []remote.Op // of what is copied into containers
	addTo := func(list *[]string, items ...string) {
		for _, item := range items {
			if !slices.Contains(*list, item) {
				*list = append(*list, item)
			}
		}
	}
	for _, service := range in.site.servicesOf(h) {
		l := in.site.service(h, service)
		addTo(&paths, slices.Concat(l.dist, l.config)...)
		addTo(&units, l.unit)
		q.secrets = q.secrets || service == "nova-compute"
		if l.kolla != nil {
			looks = append(looks, in.site.kollaLooks(service, *l.kolla)...)
			lists = append(lists, kollaLists(*l.kolla)...)
			continue
		}
		addTo(&dirs, l.confDirs...)
		addTo(&packages, l.program)
		for _, p := range l.packages {
			addTo(&packages, alternatives(p)...)
		}
		for _, id := range in.site.usersOn(service) {
			addTo(&paths, spec.ConfPath(id.Cluster), keyringPath(id.Cluster, id.Entity))
		}
	}
	q.ops = append(q.ops, remote.Stat{Path: cephDir}) // next to the files: they travel as one
	for _, p := range paths {
		q.ops = append(q.ops, remote.ReadFile{Path: p})
	}
	q.ops = slices.Concat(q.ops, looks, in.site.prepareOps(h), lists)
	for _, d := range dirs {
		q.ops = append(q.ops, remote.ReadDir{Path: d, Suffix: ".conf"})
	}
	if len(packages) > 0 {
		q.ops = append(q.ops, remote.Packages{Names: packages})
	}
	for _, u := range units {
		q.ops = append(q.ops, remote.UnitState{Unit: u})
	}
	q.inspects(in.site.containersOn(h))
	return q
}

// inspects asks every engine about containers.
func (q *query) inspects(containers []string) {
	if q.containers = containers; len(containers) == 0 {
		return
	}
	for _, engine := range engines() {
		q.ops = append(q.ops, inspect(engine, containers))
	}
}

// take sorts results into o.
func (o *observedHost) take(q query, results []remote.Result) error {
	for i, op := range q.ops {
		r := results[i]
		switch op := op.(type) {
		case remote.Stat:
			o.files[op.Path] = fileFrom(r)
		case remote.ReadFile:
			o.files[op.Path] = fileFrom(r)
		case remote.ReadDir:
			if r.Err != nil && !errors.Is(r.Err, fs.ErrNotExist) {
				return fmt.Errorf("configuration folders cannot be read: %w", r.Err)
			}
			for _, f := range r.Files {
				o.files[f.File.Path] = fileFrom(remote.Result{File: f.File, Data: f.Data, Err: f.Err})
			}
		case remote.UnitState:
			if r.Err != nil {
				return r.Err
			}
			o.units[op.Unit] = r.Unit
		case remote.Run:
			o.runs[runKey(op)] = r
		case remote.Packages:
			if r.Err != nil {
				return r.Err
			}
			maps.Copy(o.packages, r.Versions)
		}
	}
	return nil
}

func fileFrom(r remote.Result) observedFile {
	switch {
	case errors.Is(r.Err, fs.ErrNotExist):
		return observedFile{missing: true}
	case r.Err != nil:
		return observedFile{err: r.Err}
	}
	return observedFile{File: r.File, data: r.Data}
}

func parentDir(p string) string { return path.Dir(p) }
