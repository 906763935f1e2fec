package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

// A thing is a resource of the tests.
type thing struct {
	id      step.ID
	needs   []step.ID
	asks    step.Asks
	compare func(step.View) step.Delta // nil: it is well
}

func (x thing) ID() step.ID      { return x.id }
func (x thing) Needs() []step.ID { return x.needs }
func (x thing) Asks() step.Asks  { return x.asks }

func (x thing) Compare(v step.View) step.Delta {
	if x.compare == nil {
		return step.Delta{Have: "well"}
	}
	return x.compare(v)
}

// A speaker is a thing that says something when it is left alone.
type speaker struct {
	thing
	say string
}

func (x speaker) LeftAlone(_ step.View, need, root step.ID) step.Finding {
	if x.say == "" {
		return step.Finding{}
	}
	return step.Finding{Code: "left-alone", Problem: true, Message: fmt.Sprintf("%s: %s because of %s", x.say,
		need.Name, root.Name)}
}

// A follower is a thing that is changed after others.
type follower struct {
	thing
	after []step.ID
}

func (x follower) Follows() []step.ID { return x.after }

// on is the ID of a thing on a host, in a cluster or in the cloud.
func on(target step.Target, name string) step.ID {
	return step.ID{Target: target, Kind: "thing", Name: name}
}

func host(name string) step.ID { return on(step.AtHost("compute1"), name) }

// file is a file of a host with its path as content. A file that is there with other
// content is written anew.
func file(target step.Target, path string, needs ...step.ID) thing {
	return thing{id: on(target, path), needs: needs, asks: step.Asks{Host: []remote.Op{remote.ReadFile{Path: path}}},
		compare: func(v step.View) step.Delta {
			f := v.Host.Files[path]
			switch {
			case f.Err != nil:
				return step.Refuse("unreadable", path, fmt.Errorf("cannot be read: %w", f.Err))
			case !f.Missing && string(f.Data) == path:
				return step.Delta{}
			}
			return changes(remote.WriteFile{Path: path, Data: []byte(path), Was: f.Was()})
		}}
}

// changes is a Delta of some operations.
func changes(ops ...remote.Op) step.Delta {
	return step.Delta{Action: step.Create, Do: step.HostStep{Ops: func(step.Late) ([]remote.Op, error) {
		return ops, nil
	}}}
}

// always is a thing that always has the same Delta.
func always(id step.ID, d step.Delta, needs ...step.ID) thing {
	return thing{id: id, needs: needs, compare: func(step.View) step.Delta { return d }}
}

// refused is a thing with a problem of its own.
func refused(id step.ID) thing {
	return always(id, step.Refuse("bad", "object", errors.New("is bad")))
}

// A catalog has the things of a test.
type catalog map[step.Target][]engine.Entry

func (c catalog) Of(t step.Target) []engine.Entry { return c[t] }

func (c catalog) add(all ...step.Resource) {
	for _, r := range all {
		c[r.ID().Target] = append(c[r.ID().Target], engine.Entry{Resource: r, Check: "things"})
	}
}

// gate makes a resource one that all resources of its target which come later are
// behind.
func (c catalog) gate(r step.Resource, behind ...step.Resource) {
	c[r.ID().Target] = append(c[r.ID().Target], engine.Entry{Resource: r, Check: "gates", Gate: true})
	for _, b := range behind {
		c[b.ID().Target] = append(c[b.ID().Target], engine.Entry{Resource: b, Check: "things", Gates: []step.ID{r.ID()}})
	}
}

// A bench is an engine with a world of fakes.
type bench struct {
	*engine.Engine
	t       *testing.T
	things  catalog
	hosts   map[string]*remotetest.Host
	ceph    map[string]*cephtest.Cluster
	watcher *watcher
}

// benchSpec has a controller, three computes and two clusters; the controller uses
// both clusters, and the computes use one.
func benchSpec() spec.Spec {
	return spec.Spec{Release: "zed", Clusters: []spec.Cluster{{Name: "hdd"}, {Name: "ssd"}},
		Glance: &spec.Glance{Cluster: "ssd"},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "rbd", Cluster: "hdd"}}}, Nova: &spec.Nova{Cluster: "hdd"},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}}, {Name: "compute2", Services: []string{"nova-compute"}},
			{Name: "compute3", Services: []string{"nova-compute"}}, {Name: "idle"}}}
}

func newBench(t *testing.T, edit ...func(*spec.Spec)) *bench {
	t.Helper()
	given := benchSpec()
	for _, e := range edit {
		e(&given)
	}
	b := &bench{t: t, things: catalog{}, hosts: map[string]*remotetest.Host{}, ceph: map[string]*cephtest.Cluster{},
		watcher: &watcher{ended: map[step.ID]int{}}}
	w := world.World{Clusters: map[string]world.Cluster{}, Hosts: map[string]remote.Host{},
		Entries: map[string]remote.Host{}, Secrets: map[string]libvirtsecret.Store{}}
	for _, c := range given.Clusters {
		b.ceph[c.Name] = cephtest.New()
		w.Clusters[c.Name] = world.Cluster{Mon: b.ceph[c.Name], Images: b.ceph[c.Name], Note: "note of " + c.Name}
	}
	for _, h := range given.Hosts {
		b.hosts[h.Name] = remotetest.NewHost(h.Name)
		w.Hosts[h.Name] = b.hosts[h.Name]
	}
	b.Engine = &engine.Engine{Site: want.Resolve(given), Catalog: b.things, World: w, Parallel: 8,
		Settle: time.Millisecond, Await: 50 * time.Millisecond, Poll: time.Millisecond}
	return b
}

// cloud gives the bench APIs.
func (b *bench) cloud(cfg openstacktest.Config) *openstacktest.Server {
	b.t.Helper()
	s := openstacktest.Start(b.t, cfg)
	config, err := s.CloudConfig(b.t.TempDir())
	require.NoError(b.t, err)
	config.Poll = time.Millisecond
	b.World.Cloud, err = api.Dial(b.t.Context(), config)
	require.NoError(b.t, err)
	return s
}

// base reads and compares the clusters of everything.
func (b *bench) base() *engine.Base { return b.Base(b.t.Context(), engine.Scope{}) }

// compute1 reads and compares a host on top of a base.
func (b *bench) compute1(base *engine.Base) engine.Part {
	return base.Host(b.Look(b.t.Context(), "compute1", base))
}

// do compares the host compute1 and makes its changes.
func (b *bench) do() (engine.Part, *engine.Run) {
	return b.doWith(b.t.Context())
}

func (b *bench) doWith(ctx context.Context) (engine.Part, *engine.Run) {
	base := b.base()
	p := b.compute1(base)
	run := b.NewRun(base, b.watcher)
	run.Do(ctx, p)
	return p, run
}

// ended are the statuses of a part's changes by name, as "name status".
func ended(r *engine.Run, p engine.Part) (list []string) {
	for _, i := range p.Items {
		if !i.Changes() {
			continue
		}
		o, ok := r.Outcome(i.ID)
		if !ok {
			o.Status = "open"
		}
		list = append(list, i.ID.Name+" "+string(o.Status))
	}
	return list
}

// item is an item of a part.
func item(t *testing.T, p engine.Part, id step.ID) engine.Item {
	t.Helper()
	i := slices.IndexFunc(p.Items, func(i engine.Item) bool { return i.ID == id })
	require.GreaterOrEqual(t, i, 0, "no %s", id)
	return p.Items[i]
}

// outcome is how a change ended; it has to have ended.
func outcome(t *testing.T, r *engine.Run, id step.ID) engine.Outcome {
	t.Helper()
	o, ok := r.Outcome(id)
	require.True(t, ok, "%s did not end", id)
	return o
}

// A watcher counts.
type watcher struct {
	mu      sync.Mutex
	started []step.ID
	ended   map[step.ID]int
}

func (w *watcher) Started(id step.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started = append(w.started, id)
}

func (w *watcher) Ended(id step.ID, _ engine.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended[id]++
}

// key is a key of the tests.
func key(t *testing.T) ceph.Key {
	t.Helper()
	k, err := ceph.ParseKey("AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==")
	require.NoError(t, err)
	return k
}

// user is a user of a cluster, as a resource.
func user(cluster, entity string, needs ...step.ID) thing {
	return thing{id: on(step.AtCluster(cluster), entity), needs: needs,
		asks: step.Asks{Cluster: ceph.Query{Users: []string{entity}}}, compare: func(v step.View) step.Delta {
			c := v.Clusters[cluster]
			if c.Err != nil {
				return step.Refuse("unreadable", entity, fmt.Errorf("cannot be read: %w", c.Err))
			}
			caps := ceph.Caps{"mon": "profile rbd"}
			have := c.Users[entity]
			if have.Caps.Equal(caps) && have.Entity != "" {
				return step.Delta{}
			}
			return step.Delta{Action: step.Create, Do: step.ClusterStep{Work: ceph.Work{
				User: &ceph.UserChange{Was: have, Want: ceph.User{Entity: entity, Caps: caps}}}}}
		}}
}

// hasUser reports whether a cluster has a user.
func (b *bench) hasUser(cluster, entity string) bool {
	_, err := ceph.New(b.ceph[cluster]).User(context.Background(), entity)
	return err == nil
}

// holds checks the content of a file on compute1.
func (b *bench) holds(path, content string) {
	b.t.Helper()
	data, ok := b.hosts["compute1"].Contents(path)
	assert.True(b.t, ok, path)
	assert.Equal(b.t, content, string(data), path)
}
