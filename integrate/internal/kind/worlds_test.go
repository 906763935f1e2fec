package kind_test

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/kind"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

const (
	junkKey  = "AQBTo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw=="
	otherKey = "AgBSdFxU0ECOHSAAjnmJMdI0AOBUBBQbGSxnLI55iTHSNADgVAQUGxksZyyO"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// A stage is a cloud of a Spec, and an engine whose comparisons are checked.
type stage struct {
	t      *testing.T
	spec   spec.Spec
	world  *integratetest.World
	engine *engine.Engine
	all    *checked
}

func newStage(t *testing.T, s spec.Spec) *stage {
	t.Helper()
	w, err := integratetest.New(s)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	if s.Prepare != nil && (s.Prepare.Authorize != nil || s.Prepare.Sudo != nil) {
		for name := range w.Machines {
			w.Bare(name)
		}
	}
	site := want.Resolve(s)
	all := &checked{Catalog: kind.NewCatalog(site), t: t, codes: map[string]bool{}, kinds: map[string]bool{}}
	outside := w.World
	outside.Hosts, outside.Entries = maps.Clone(w.Hosts), maps.Clone(w.Entries)
	return &stage{t: t, spec: s, world: w, all: all,
		engine: &engine.Engine{Site: site, Catalog: all, World: outside, Parallel: 4, Settle: time.Millisecond}}
}

// compare compares everything, and gives what was compared.
func (s *stage) compare(what string) []engine.Part {
	s.all.what = what
	ctx := s.t.Context()
	base := s.engine.Base(ctx, engine.Scope{})
	parts := slices.Clone(base.Clusters())
	for _, name := range s.engine.HostsIn(engine.Scope{}) {
		parts = append(parts, base.Host(s.engine.Look(ctx, name, base)))
	}
	return append(parts, base.Cloud())
}

// converge plans and applies until nothing is left to do, but at most this many times.
func (s *stage) converge(times int) {
	in, err := integrate.New(integrate.Config{Spec: s.spec, World: s.world.World, Settle: time.Millisecond,
		Poll: time.Millisecond})
	require.NoError(s.t, err)
	for range times {
		p, err := in.Plan(s.t.Context(), integrate.PlanOptions{})
		require.NoError(s.t, err)
		if len(p.Changes) == 0 {
			return
		}
		_, err = in.Apply(s.t.Context(), p, integrate.ApplyOptions{})
		require.NoError(s.t, err)
	}
}

// TestComparisonsOfAFreshCloudAndOfAnIntegratedCloud compares the cloud of each Spec before
// and after its plans are applied. Before, something is to be changed, and after, nothing.
func TestComparisonsOfAFreshCloudAndOfAnIntegratedCloud(t *testing.T) {
	for _, name := range sortedKeys(specs(t)) {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, specs(t)[name])
			assert.NotEmpty(t, changes(s.compare(name+", fresh")))
			s.converge(3)
			assert.Empty(t, changes(s.compare(name+", integrated")))
		})
	}
}

func changes(parts []engine.Part) (ids []string) {
	for _, p := range parts {
		for _, i := range p.Items {
			if i.Changes() {
				ids = append(ids, i.ID.String())
			}
		}
	}
	return ids
}

// TestWhateverIsReadNothingPanicsOrShowsASecret gives each kind answers that nobody
// thought of: files that are missing, contents that are cut or foreign, programs that
// fail, units that are masked, a host, a cluster or an API that does not answer.
func TestWhateverIsReadNothingPanicsOrShowsASecret(t *testing.T) {
	for _, name := range sortedKeys(specs(t)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, specs(t)[name])
			for seed := range uint64(12) {
				if seed == 6 { // from now on, the cloud is integrated before it is disturbed
					codes, kinds := s.all.codes, s.all.kinds
					s = newStage(t, specs(t)[name])
					s.all.codes, s.all.kinds = codes, kinds
					s.converge(1)
				}
				s.disturb(rand.New(rand.NewPCG(seed, uint64(len(name)))))
				s.consistent(s.compare(fmt.Sprintf("%s, seed %d", name, seed)))
			}
			assert.NotEmpty(t, s.all.codes)
			assert.NotEmpty(t, s.all.kinds)
		})
	}
}

// consistent checks what an engine made of comparisons: what needs a refused resource
// is left alone, and a change waits only for changes.
func (s *stage) consistent(parts []engine.Part) {
	items := map[step.ID]engine.Item{}
	for _, p := range parts {
		for _, i := range p.Items {
			items[i.ID] = i
		}
	}
	for _, p := range parts {
		for _, e := range s.all.Of(p.Target) {
			i := items[e.ID()]
			for _, need := range slices.Concat(e.Needs(), e.Gates) {
				assert.False(s.t, items[need].Refused && i.Changes(), "%s: %s is changed, %s is not", s.all.what, i.ID,
					need)
			}
			for _, need := range i.Needs {
				assert.True(s.t, items[need].Changes(), "%s: %s waits for %s, which has no change", s.all.what, i.ID,
					need)
				assert.NotEqual(s.t, i.ID, need, s.all.what)
			}
		}
	}
}

// calm takes all disturbances away.
func (s *stage) calm() {
	maps.Copy(s.engine.World.Hosts, s.world.Hosts)
	maps.Copy(s.engine.World.Entries, s.world.Entries)
	s.engine.World.Cloud, s.engine.World.CloudErr = s.world.Cloud, nil
	for _, c := range s.world.Ceph {
		c.Fail = nil
	}
}

// disturb puts trouble between the engine and the world.
func (s *stage) disturb(r *rand.Rand) {
	s.calm()
	for _, name := range sortedKeys(s.world.Hosts) {
		s.engine.World.Hosts[name] = &oddHost{Host: s.world.Hosts[name], r: rand.New(rand.NewPCG(r.Uint64(), 1)),
			odds: 2 + r.IntN(12)}
	}
	if r.IntN(4) == 0 {
		s.engine.World.Cloud, s.engine.World.CloudErr = nil, context.DeadlineExceeded
	}
	for _, name := range sortedKeys(s.world.Ceph) {
		s.disturbCluster(r, s.world.Ceph[name])
	}
}

// disturbCluster makes pools and users that are not as the Spec says, or makes the
// cluster silent.
func (s *stage) disturbCluster(r *rand.Rand, c *cephtest.Cluster) {
	if r.IntN(6) == 0 {
		c.Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
	}
	for _, name := range []string{"images", "volumes", "vms", "backups", "volumes-data"} {
		if r.IntN(5) == 0 {
			apps := []string{"", "rbd", "rgw", "cephfs"}
			_ = c.AddPool(ceph.Pool{Name: name, Application: apps[r.IntN(len(apps))], Size: 1 + r.IntN(3),
				PGNum: 1 << r.IntN(6)})
		}
	}
	for _, entity := range []string{"client.glance", "client.cinder", "client.nova", "client.cinder-backup"} {
		if r.IntN(5) == 0 {
			caps := []ceph.Caps{{}, {"mon": "allow *", "osd": "allow *"}, {"mon": "profile rbd",
				"osd": "profile rbd pool=x"},
				{"osd": "allow rwx pool=images", "mds": "allow r"}}
			c.AddUser(ceph.User{Entity: entity, Caps: caps[r.IntN(len(caps))]})
		}
	}
}

// An oddHost changes some of the answers of a host.
type oddHost struct {
	remote.Host
	r    *rand.Rand
	odds int // one of so many answers is odd
}

// Do implements remote.Host.
func (o *oddHost) Do(ctx context.Context, ops ...remote.Op) ([]remote.Result, error) {
	if o.r.IntN(15) == 0 {
		faults := []error{remote.ErrUnreachable, remote.ErrAuth, remote.ErrSudo, remote.ErrHostKey, remote.ErrTimeout}
		return nil, &remote.HostError{Host: "h", Step: "connect", Err: faults[o.r.IntN(len(faults))]}
	}
	results, err := o.Host.Do(ctx, ops...)
	for i := range results {
		if o.r.IntN(o.odds) == 0 {
			results[i] = o.odd(ops[i], results[i])
		}
	}
	return results, err
}

// odd is another answer to an operation.
func (o *oddHost) odd(op remote.Op, was remote.Result) remote.Result {
	faults := []error{fs.ErrPermission, remote.ErrTooLarge, fs.ErrNotExist}
	switch op := op.(type) {
	case remote.Stat, remote.ReadFile:
		if o.r.IntN(3) == 0 {
			return remote.Result{Err: faults[o.r.IntN(len(faults))]}
		}
		return o.oddFile(op, was)
	case remote.ReadDir:
		for i := range was.Files {
			was.Files[i].Data = o.junk(was.Files[i].Data)
		}
	case remote.UnitState:
		odd := []remote.Unit{{Load: "not-found"}, {Load: "masked"}, {Load: "loaded", Active: "failed"},
			{Load: "loaded", Active: "activating"}, {Load: "loaded", Active: "active", Since: time.Unix(1, 0)}}
		was.Unit = odd[o.r.IntN(len(odd))]
		was.Unit.Name = op.Unit
	case remote.Packages:
		for name := range was.Versions {
			was.Versions[name] = []string{"", "0", "1:0.94-1", "2:99.1-1", "no version"}[o.r.IntN(5)]
		}
	case remote.Run:
		was = remote.Result{Exit: o.r.IntN(3), Data: o.junk(was.Data), Stderr: []byte("something went wrong")}
		if o.r.IntN(4) == 0 {
			was.Err = remote.ErrTimeout
		}
	}
	return was
}

func (o *oddHost) oddFile(op remote.Op, was remote.Result) remote.Result {
	path := ""
	switch op := op.(type) {
	case remote.Stat:
		path = op.Path
	case remote.ReadFile:
		path, was.Data = op.Path, o.junk(was.Data)
	}
	kinds, owners := []string{"file", "file", "dir", "symlink", "other"}, []string{"root", "somebody", "42401"}
	was.Err = nil
	was.File = remote.File{Path: path, Kind: kinds[o.r.IntN(len(kinds))], Owner: owners[o.r.IntN(len(owners))],
		Group: "root",
		Mode:  fs.FileMode(o.r.IntN(0o1000)), Changed: time.Unix(o.r.Int64N(4e9), 0), SHA256: strings.Repeat("0", 64)}
	return was
}

// junk is content that is not as it was. It is a text of another sort, or the old content
// that is cut, partly doubled, or has a wrong byte.
func (o *oddHost) junk(was []byte) []byte {
	texts := []string{"", "[DEFAULT]\n", "[broken\n", "[global]\nfsid = 1\n", "[client.x]\nkey = abc\n",
		"\x00\xff\xfe", "{", "null",
		"[client.cinder]\n\tkey = " + junkKey + "\n", "key = " + otherKey, junkKey, otherKey + "\n", "<secret/>",
		"\r\n\r\n", "a=b",
		"[DEFAULT]\nenabled_backends = x,y\n[x]\nrbd_user = " + junkKey + "\n", "ID=rocky\nVERSION_ID=\"9.4\"\n", "ID=",
		`{"config_files":[{"source":"/x","dest":"/y"}]}`, `{"config_files":{}}`,
		`{"name":"/nova_compute","mounts":null}`,
		"# BEGIN\n# END\n", "ssh-ed25519 AAAA x\n", strings.Repeat("[a]\nb=c\n", 50)}
	if n := len(was); n > 0 && o.r.IntN(2) == 0 {
		switch cut := o.r.IntN(n); o.r.IntN(3) {
		case 0:
			return slices.Clone(was[:cut])
		case 1:
			return slices.Concat(was, was[cut:])
		default:
			out := slices.Clone(was)
			out[cut] ^= byte(1 + o.r.IntN(255))
			return out
		}
	}
	return []byte(texts[o.r.IntN(len(texts))])
}
