package integrate_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// A keeping is a cloud that somebody else has changed, and a Spec that keeps some of that.
type keeping struct {
	t *testing.T
	s spec.Spec
	*integratetest.World
}

const (
	keptConf = "/etc/cinder/cinder.conf"
	keptRing = "/etc/ceph/ceph.client.glance.keyring"
)

// keptCloud is an integrated cloud in which options, a mode, rights and a pool are otherwise.
func keptCloud(t *testing.T, keep ...spec.Keep) keeping {
	t.Helper()
	s := spec.Spec{Release: "zed", Packages: "install", Clusters: []spec.Cluster{{Name: "ceph",
		Pools: []spec.Pool{{Name: "images", Size: 3}, {Name: "volumes", MinSize: 2}}}}, Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph"}}},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume"}},
			{Name: "compute1", Services: []string{"nova-compute"}}}}
	w := integratetest.Integrated(t, s)
	k := keeping{t, s, w}
	k.s.Keep = keep
	k.edit("controller", keptConf, "rbd_max_clone_depth = 5", "rbd_max_clone_depth = 7")
	k.edit("controller", keptConf, "rbd_store_chunk_size = 4", "rbd_store_chunk_size = 8")
	data, _ := w.Machines["controller"].Contents(keptRing)
	w.Machines["controller"].AddFile(keptRing, data, 0o644)
	for _, unit := range []string{"glance-api.service", "cinder-volume.service"} {
		_, err := w.Machines["controller"].Do(t.Context(), remote.RestartUnit{Unit: unit})
		require.NoError(t, err)
	}
	c := ceph.New(w.Clusters["ceph"].Mon)
	u, err := c.User(t.Context(), "client.glance")
	require.NoError(t, err)
	caps := ceph.Caps{"mon": u.Caps["mon"], "osd": u.Caps["osd"]}
	require.NoError(t, c.SetCaps(t.Context(), "client.glance", u.Caps, caps))
	require.NoError(t, c.UpdatePool(t.Context(), ceph.Pool{Name: "images", Size: 2}))
	require.NoError(t, c.UpdatePool(t.Context(), ceph.Pool{Name: "volumes", MinSize: 1}))
	return k
}

func (k keeping) edit(host, path, old, now string) {
	k.t.Helper()
	data, ok := k.Machines[host].Contents(path)
	require.True(k.t, ok)
	require.Contains(k.t, string(data), old)
	k.Machines[host].AddFile(path, []byte(strings.Replace(string(data), old, now, 1)), 0o640)
}

func (k keeping) integration() *integrate.Integration {
	k.t.Helper()
	in, err := integrate.New(integrate.Config{Spec: k.s, World: k.World.World, Settle: 1, Poll: 1})
	require.NoError(k.t, err)
	return in
}

func (k keeping) plan() *integrate.Plan {
	k.t.Helper()
	p, err := k.integration().Plan(k.t.Context(), integrate.PlanOptions{})
	require.NoError(k.t, err)
	return p
}

// diffsOf are the differences of a plan, by the names of what they are of.
func diffsOf(p *integrate.Plan) (all []string) {
	for _, c := range p.Changes {
		for _, d := range c.Diffs {
			all = append(all, c.Name+" "+d.Field)
		}
	}
	return all
}

// entries keep all that keptCloud has changed.
func entries() []spec.Keep {
	return []spec.Keep{
		{Kind: "settings", Field: "[ceph] rbd_max_clone_depth", Found: "7", Wanted: "5", Reason: "as it was"},
		{Kind: "settings", Field: "[ceph] rbd_store_chunk_size", Found: "8", Where: []string{"controller"}},
		{Kind: "file", Field: "mode", Names: []string{"/etc/ceph/*.keyring"}, Found: "root:root 0644"},
		{Kind: "user", Field: "mgr", Names: []string{"client.glance"}, Found: "not set"},
		{Kind: "pool", Field: "size", Names: []string{"images"}, Found: "2", Wanted: "3"},
		{Kind: "pool", Field: "min_size", Found: "1"},
	}
}

// TestEachDifferenceIsKeptByItself: of a file with two differences, the other one is changed, and so on. After an
// apply, nothing is left to do, and what is kept is as it was.
func TestEachDifferenceIsKeptByItself(t *testing.T) {
	t.Parallel()
	all := diffsOf(keptCloud(t).plan())
	assert.ElementsMatch(t, []string{"images size", "volumes min_size", "client.glance mgr", keptRing + " mode",
		keptConf + " [ceph] rbd_max_clone_depth", keptConf + " [ceph] rbd_store_chunk_size"}, all)
	for n, e := range entries() {
		k := keptCloud(t, e)
		p := k.plan()
		assert.Len(t, diffsOf(p), len(all)-1, "entry %d: %s", n, p)
		assert.NotContains(t, p.String(), "keep-without-difference")
		assert.Regexp(t, `note: (controller|ceph) keep: 1 difference stays as found, by keep\[0\]`, p.String())
		in := k.integration()
		again, err := in.Plan(t.Context(), integrate.PlanOptions{})
		require.NoError(t, err)
		_, err = in.Apply(t.Context(), again, integrate.ApplyOptions{})
		require.NoError(t, err, "entry %d", n)
		done := k.plan()
		assert.True(t, done.Empty(), "entry %d: %s", n, done)
		assert.Contains(t, done.String(), "1 difference stays as found", "entry %d", n)
		k.s.Keep = nil
		assert.Len(t, diffsOf(k.plan()), 1, "entry %d: what was kept is as it was", n)
	}
}

// TestAKeptCloudHasNothingToDo, and says so: on each target, how many differences stay, and which entries say so. Drift
// finds none, and checks that compare pass with a word on it.
func TestAKeptCloudHasNothingToDo(t *testing.T) {
	t.Parallel()
	k := keptCloud(t, entries()...)
	before := k.Writes()
	p := k.plan()
	assert.True(t, p.Empty(), "%s", p)
	assert.Empty(t, p.Problems())
	text := p.String()
	assert.Contains(t, text, "note: ceph keep: 3 differences stay as found, by keep[4], keep[5], keep[3] of the Spec: "+
		"images size, volumes min_size, client.glance mgr [kept-as-found]")
	assert.Contains(t, text, "note: controller keep: 3 differences stay as found, by keep[2], keep[0] (as it was), "+
		"keep[1] of the Spec")
	assert.Contains(t, text, "everybody on the host can read the key in it (root:root 0644), and the Spec keeps that")
	look, err := drift.Look(t.Context(), k.integration(), drift.Options{})
	require.NoError(t, err)
	assert.Equal(t, drift.None, look.Status)
	assert.Contains(t, look.String(), "Kept as found, by keep of the Spec, on: ceph, controller; cephstack plan tells "+
		"what.\n")
	r, err := k.integration().Verify(t.Context(), integrate.VerifyOptions{Static: true})
	require.NoError(t, err)
	evidence := map[string]string{}
	for _, c := range r.Checks {
		evidence[c.ID] = c.Evidence
	}
	assert.Contains(t, evidence["settings/controller"], "2 differences stay as found (keep)")
	assert.Contains(t, evidence["files/controller"], "1 difference stays as found (keep)")
	assert.Equal(t, before, k.Writes())
}

// TestWhatIsFoundCounts: an entry keeps the value that it names. Another one is a difference, and the entry says so.
func TestWhatIsFoundCounts(t *testing.T) {
	t.Parallel()
	k := keptCloud(t, entries()...)
	k.edit("controller", keptConf, "rbd_max_clone_depth = 7", "rbd_max_clone_depth = 9")
	p := k.plan()
	assert.Equal(t, []string{keptConf + " [ceph] rbd_max_clone_depth"}, diffsOf(p))
	assert.Contains(t, p.String(), "note: keep[0]: keeps nothing ([ceph] rbd_max_clone_depth of settings): ")
	k = keptCloud(t, entries()...)
	k.s.Cinder.Backends[0].Options = map[string]string{"rbd_max_clone_depth": "6"}
	assert.Equal(t, []string{keptConf + " [ceph] rbd_max_clone_depth"}, diffsOf(k.plan()), "another value is wanted")
}

// A gone host does not answer.
type gone struct{}

func (gone) Do(context.Context, ...remote.Op) ([]remote.Result, error) { return nil, remote.ErrTimeout }

// TestWhatIsNotKnownIsNotSaidToBeGone: of a host that cannot be read, no entry is said to keep nothing.
func TestWhatIsNotKnownIsNotSaidToBeGone(t *testing.T) {
	t.Parallel()
	k := keptCloud(t, append(entries(), spec.Keep{Kind: "file", Field: "acl", Where: []string{"compute1"}})...)
	assert.Contains(t, k.plan().String(), "note: keep[6]: keeps nothing (acl of file): ")
	k.World.Hosts["compute1"], k.World.Hosts["controller"] = gone{}, gone{}
	assert.NotContains(t, k.plan().String(), "keeps nothing")
}

// TestWhatIsMissingIsMade: an entry keeps no file, no user and no pool from being made.
func TestWhatIsMissingIsMade(t *testing.T) {
	t.Parallel()
	var all []spec.Keep
	for kind, fields := range map[string][]string{"file": {"*"}, "settings": {"*"}, "user": {"*"}, "pool": {"*"},
		"secret": {"*"}, "directory": {"*"}} {
		for _, f := range fields {
			all = append(all, spec.Keep{Kind: kind, Field: f})
		}
	}
	k := keptCloud(t, all...)
	assert.True(t, k.plan().Empty())
	require.NoError(t, ceph.New(k.Clusters["ceph"].Mon).RemoveUser(t.Context(), "client.cinder"))
	_, err := k.Machines["controller"].Do(t.Context(), remote.Remove{Path: keptRing})
	require.NoError(t, err)
	text := k.plan().String()
	assert.Contains(t, text, "user client.cinder  (the user does not exist)")
	assert.Contains(t, text, "file "+keptRing+"  (the file does not exist)")
}

// TestWhatIsKeptRetires: a retirement takes back what is cephstack's, and says nothing of entries that have nothing to
// keep any more. Options of others stay.
func TestWhatIsKeptRetires(t *testing.T) {
	t.Parallel()
	k := keptCloud(t, entries()...)
	k.s.Retire = true
	in := k.integration()
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	assert.False(t, p.Empty())
	assert.NotContains(t, p.String(), "keeps nothing")
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	again := k.plan()
	assert.True(t, again.Empty(), "%s", again)
	data, _ := k.Machines["controller"].Contents(keptConf)
	assert.Contains(t, string(data), "rbd_max_clone_depth = 7", "it is not the value that cephstack sets")
	assert.NotContains(t, string(data), "rbd_secret_uuid")
}

// TestWhatIsKeptIsNotTakenBack: an apply that fails and is taken back leaves alone what is kept.
func TestWhatIsKeptIsNotTakenBack(t *testing.T) {
	t.Parallel()
	k := keptCloud(t, entries()[0], entries()[2])
	before := map[string]string{}
	for _, p := range []string{keptConf, keptRing} {
		data, _ := k.Machines["controller"].Contents(p)
		before[p] = string(data)
	}
	in := k.integration()
	p, err := in.Plan(t.Context(), integrate.PlanOptions{})
	require.NoError(t, err)
	i := slices.IndexFunc(p.Changes, func(c integrate.Change) bool { return c.Name == "cinder-volume.service" })
	require.GreaterOrEqual(t, i, 0, "%s", p)
	failAt(k.World, p.Changes[i])
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{UndoOnFailure: true})
	require.Error(t, err)
	for p, was := range before {
		data, _ := k.Machines["controller"].Contents(p)
		assert.Equal(t, was, string(data), p)
	}
}

// TestAFailedCheckNamesWhatIsKept: what is kept makes no trial pass. A trial that fails says that the Spec keeps
// something, which may be why.
func TestAFailedCheckNamesWhatIsKept(t *testing.T) {
	t.Parallel()
	k := keptCloud(t, spec.Keep{Kind: "user", Names: []string{"client.glance"}, Field: "*"})
	c := ceph.New(k.Clusters["ceph"].Mon)
	u, err := c.User(t.Context(), "client.glance")
	require.NoError(t, err)
	require.NoError(t, c.SetCaps(t.Context(), "client.glance", u.Caps,
		ceph.Caps{"mon": u.Caps["mon"], "osd": "profile rbd-read-only pool=images"}))
	r, err := verify(t, k.integration())
	require.Error(t, err)
	status, evidence := map[string]string{}, map[string]string{}
	for _, c := range r.Checks {
		status[c.ID], evidence[c.ID] = string(c.Status), c.Evidence
	}
	assert.Equal(t, "fail", status["rights-client.glance"], "%v", slices.Sorted(maps.Keys(status)))
	assert.Contains(t, evidence["image-in-ceph"], "; what the Spec keeps as found may be why (keep[0])")
	assert.NotContains(t, evidence["pools/ceph"], "; what the Spec keeps", "it compares, and what it tells is not kept")
	assert.Contains(t, evidence["rights-client.glance"],
		"; what the Spec keeps as found may be why (keep[0])")
	assert.Equal(t, "pass", status["users/ceph"])
	assert.Contains(t, evidence["users/ceph"], "2 differences stay as found (keep)")
}

// TestTheHelperKeepsAMode: a key is written by the helper with the mode that the Spec keeps, which the list of what the
// helper does allows then.
func TestTheHelperKeepsAMode(t *testing.T) {
	t.Parallel()
	const ring = "/etc/ceph/ceph.client.cinder.keyring"
	w, _, _ := openHelped(t)
	m := w.Machines["compute1"]
	_, err := m.Do(t.Context(), remote.SetAttr{Path: ring, Mode: 0o644})
	require.NoError(t, err)
	s := helpedSpec()
	s.Keep = []spec.Keep{{Kind: "file", Names: []string{ring}, Field: "mode", Found: "root:nova 0644"}}
	in := keeping{t, s, w}.integration()
	p := plan(t, in)
	require.Contains(t, p.String(), "write "+ring+" root nova 0644", "%s", p)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	clear(w.Entries) // the helper does from now on
	data, _ := m.Contents(ring)
	write := remote.WriteFile{Path: ring, Data: []byte(strings.ReplaceAll(string(data), "key = AQ", "key = AB")),
		Owner: "root", Group: "nova", Mode: 0o644}
	_, err = m.Do(t.Context(), write)
	require.NoError(t, err)
	p = plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	require.Contains(t, p.String(), ring)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	now, _ := m.Contents(ring)
	assert.Equal(t, string(data), string(now))
	assert.Contains(t, plan(t, in).String(), "1 difference stays as found")
}

// TestAKeyringElsewhereIsNotKept: a client that reads another file would not see its key change. The same file in the
// words of Ceph may stay.
func TestAKeyringElsewhereIsNotKept(t *testing.T) {
	for found, kept := range map[string]bool{
		"/root/other.keyring": false, "/etc/ceph/$cluster.keyring": false,
		"/etc/ceph/$cluster.$name.keyring": true, "/etc/ceph/ceph.$type.$id.keyring": true,
	} {
		s := exampleSpec()
		w := integratetest.Integrated(t, s)
		const path = "/etc/ceph/ceph.conf"
		conf, _ := w.Machines["controller"].Contents(path)
		text := strings.Replace(string(conf), "/etc/ceph/ceph.client.glance.keyring", found, 1)
		require.NotEqual(t, string(conf), text)
		w.Machines["controller"].AddFile(path, []byte(text), 0o644)
		s.Keep = []spec.Keep{{Kind: "file", Field: "[*] keyring", Found: found}}
		p := plan(t, integrationOf(t, w, s))
		assert.Equal(t, kept, !strings.Contains(p.String(), "[client.glance] keyring: "), "%s: %s", found, p)
	}
}
