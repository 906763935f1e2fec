package audit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/audit"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/openstack/api"
)

// A watched is the images of a cluster. It calls after once, behind the first look at a pool.
type watched struct {
	bulk.Inspector
	pool  string
	once  *sync.Once
	after func()
}

func (w watched) List(ctx context.Context, pool string) ([]string, error) {
	names, err := w.Inspector.List(ctx, pool)
	if pool == w.pool {
		w.once.Do(w.after)
	}
	return names, err
}

// between audits, and lets something happen between the first look at a pool and the second look.
func (c *cloud) between(pool string, happens func()) (audit.Report, error) {
	cfg := c.config()
	cfg.World.Clusters = map[string]world.Cluster{"ceph": {Mon: c.ceph,
		Images: watched{c.ceph, pool, &sync.Once{}, happens}}}
	return audit.Run(c.Context(), cfg, audit.Options{Parts: []audit.Part{audit.Data}, Pause: 50 * time.Millisecond})
}

// TestWhatComesOrGoesBetweenTwoLooksIsNoFinding: each would be a finding of the first look.
func TestWhatComesOrGoesBetweenTwoLooksIsNoFinding(t *testing.T) {
	for name, test := range map[string]func(c *cloud) (pool string, happens func()){
		"a volume without its record is recorded": func(c *cloud) (string, func()) {
			id := c.id()
			c.rbd("volumes", "volume-"+id)
			return "volumes", func() { time.Sleep(20 * time.Millisecond); c.volume(func(v *api.Volume) { v.ID = id }) }
		},
		"the data of a volume that is deleted goes last": func(c *cloud) (string, func()) {
			name := "volume-" + c.id()
			c.rbd("volumes", name)
			return "volumes", func() { c.ok(c.ceph.RemoveImage("volumes", name)) }
		},
		"the record of a volume that is deleted goes last": func(c *cloud) (string, func()) {
			id := c.volume(nil)
			return "volumes", func() { c.ok(c.Cloud.ForceDeleteVolume(c.Context(), id)) }
		},
		"the data of a volume comes late": func(c *cloud) (string, func()) {
			id := c.volume(nil)
			return "volumes", func() { c.rbd("volumes", "volume-"+id) }
		},
		"a disk is trashed and its server is gone": func(c *cloud) (string, func()) {
			name := c.id() + "_disk"
			c.rbd("vms", name)
			return "vms", func() { c.ok(c.ceph.MoveToTrash("vms", name)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, specOf())
			c.furnish()
			pool, happens := test(c)
			r, err := c.between(pool, happens)
			require.NoError(t, err)
			assert.Empty(t, codes(r), "%s", r)
		})
	}
}

func TestWhatCannotBeReadAgainIsNotTold(t *testing.T) {
	c := newCloud(t, specOf())
	c.rbd("volumes", "volume-"+c.id())
	lists := 0
	c.ceph.Fail = func(op cephtest.Op) error {
		if op.Name == "rbd ls" && op.Object == "volumes" {
			lists++
		}
		if lists > 1 {
			return ceph.ErrUnreachable
		}
		return nil
	}
	r, err := audit.Run(t.Context(), c.config(), audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Millisecond})
	require.ErrorIs(t, err, audit.ErrUnable)
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	assert.Empty(t, codes(r))
	assert.Contains(t, r.String(), "UNABLE  a second look at pool volumes of cluster ceph: ")
}

func TestAnEndedContextEndsThePause(t *testing.T) {
	c := newCloud(t, specOf())
	c.rbd("volumes", "volume-"+c.id())
	cfg := c.config()
	ctx, cancel := context.WithCancelCause(t.Context())
	cfg.World.Clusters = map[string]world.Cluster{"ceph": {Mon: c.ceph, Images: watched{c.ceph, "volumes", &sync.Once{},
		func() { time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("interrupted")) }) }}}}
	r, err := audit.Run(ctx, cfg, audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Hour})
	require.ErrorIs(t, err, audit.ErrUnable)
	assert.Empty(t, codes(r))
	assert.Contains(t, r.String(), "interrupted")
}

// TestThePauseIsForSuspectsAlone: without any, there is none.
func TestThePauseIsForSuspectsAlone(t *testing.T) {
	c := newCloud(t, specOf())
	c.furnish()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := audit.Run(ctx, c.config(), audit.Options{Parts: []audit.Part{audit.Data}, Pause: time.Hour})
	require.NoError(t, err)
}

func TestWithoutAPIsTheDataCannotBeTold(t *testing.T) {
	c := newCloud(t, specOf())
	cfg := c.config()
	cfg.World.Cloud, cfg.World.CloudErr = nil, api.ErrUnreachable
	r, err := audit.Run(t.Context(), cfg, audit.Options{Parts: []audit.Part{audit.Data}})
	require.ErrorIs(t, err, api.ErrUnreachable)
	assert.Empty(t, r.Findings)
}

func TestGlanceThatHidesLocationsIsOneFinding(t *testing.T) {
	c := newCloud(t, specOf())
	for range 3 {
		c.stored(func(i *api.Image) { i.DirectURL = "" })
	}
	assert.Equal(t, []string{"image-location-hidden Glance"}, codes(c.audit(nil)))
}

// twoClusters has a store and a backend in each of two clusters.
func twoClusters() spec.Spec {
	s := specOf()
	s.Clusters = append(s.Clusters, spec.Cluster{Name: "west"})
	s.Glance.Stores = []spec.Store{{Name: "west", Cluster: "west"}}
	s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: "west", Cluster: "west", VolumeType: "west"})
	return s
}

func TestAnImageIsMissedInTheClusterWhereItIsUsed(t *testing.T) {
	c := newCloud(t, twoClusters())
	image := c.stored(nil)
	c.stored(nil) // is used by nobody
	v := c.volume(func(v *api.Volume) { v.Host, v.ImageID = "controller@west#west", image })
	c.ok(c.World.Ceph["west"].AddImage(ceph.Image{Pool: "volumes", Name: "volume-" + v}))
	r := c.audit(nil)
	assert.Equal(t, []string{"image-not-in-cluster image " + image}, codes(r), "%s", r)
}

func TestAnImageInBothClustersIsWell(t *testing.T) {
	c := newCloud(t, twoClusters())
	image := c.stored(func(i *api.Image) { i.Stores = []string{"rbd", "west"} })
	west := c.World.Ceph["west"]
	c.ok(west.AddImage(ceph.Image{Pool: "images", Name: image}))
	c.ok(west.AddSnapshot("images", image, "snap", true))
	assert.Empty(t, codes(c.audit(nil)))
	c.ok(west.RemoveSnapshot("images", image, "snap"))
	c.ok(west.RemoveImage("images", image))
	r := c.audit(nil)
	require.Equal(t, []string{"missing-image RBD image images/" + image}, codes(r))
	assert.Equal(t, "west", r.Findings[0].Cluster)
}

// TestAMirrorIsNoCopyThatWasLeft: the volume's data is in the one cluster, and a mirror of it in the other.
func TestAMirrorIsNoCopyThatWasLeft(t *testing.T) {
	for _, features := range [][]string{{"layering", "exclusive-lock", "journaling"}, {"layering", "non-primary"}} {
		c := newCloud(t, twoClusters())
		id := c.keptVolume(nil)
		c.ok(c.World.Ceph["west"].AddImage(ceph.Image{Pool: "volumes", Name: "volume-" + id, Features: features}))
		assert.Empty(t, codes(c.audit(nil)))
	}
	c := newCloud(t, twoClusters())
	id := c.keptVolume(nil)
	c.ok(c.World.Ceph["west"].AddImage(ceph.Image{Pool: "volumes", Name: "volume-" + id}))
	assert.Equal(t, []string{"copy-in-another-pool RBD image volumes/volume-" + id}, codes(c.audit(nil)))
}

func TestServicesThatShareAPool(t *testing.T) {
	s := specOf()
	s.Glance.Pool, s.Cinder.Backends[0].Pool, s.Backup.Pool, s.Nova.Pool = "all", "all", "all", "all"
	c := newCloud(t, s)
	id := c.image(func(i *api.Image) { i.DirectURL = "rbd://" + c.ceph.FSID + "/all/" + i.ID + "/snap" })
	c.rbd("all", id)
	c.ok(c.ceph.AddSnapshot("all", id, "snap", true))
	c.rbd("all", "volume-"+c.volume(nil))
	c.rbd("all", c.server(nil)+"_disk.config")
	b := c.id()
	c.rbd("all", "volume-"+b+".backup."+c.backup(b, func(b *api.Backup) { b.Container = "all" }))
	assert.Empty(t, codes(c.audit(nil)))
	orphan := c.id()
	c.rbd("all", orphan)
	assert.Equal(t, []string{"orphan-image RBD image all/" + orphan}, codes(c.audit(nil)))
}

func TestDisksOfHavanaHaveTheNameOfTheInstance(t *testing.T) {
	s := specOf()
	s.Layout, s.Release, s.Cinder.Backends[0].VolumeType = "upstart", "havana", ""
	s.Hosts = slices.Clone(s.Hosts)
	c := newCloud(t, s)
	c.server(func(v *api.Server) { v.Instance = "instance-0000002a" })
	c.rbd("vms", "instance-0000002a_disk")
	assert.Empty(t, codes(c.audit(nil)))
	c.rbd("vms", "instance-0000002b_disk")
	assert.Equal(t, []string{"orphan-disk RBD image vms/instance-0000002b_disk"}, codes(c.audit(nil)))
}
