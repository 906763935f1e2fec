package want_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestServicesThatTheSpecConfigures: a service without a part in the Spec is left out, and so is a name that is no
// service. Computes need Cinder's secrets, or Nova's disks.
func TestServicesThatTheSpecConfigures(t *testing.T) {
	all := spec.Host{Name: "all",
		Services: []string{"nova-compute", "cinder-backup", "cinder-volume", "glance-api", "tgt"}}
	for _, c := range []struct {
		name string
		keep func(*spec.Spec)
		want []string
	}{
		{"all", func(*spec.Spec) {}, all.Services[:4]},
		{"Glance", imagesOnly, []string{"glance-api"}},
		{"Cinder", without, []string{"nova-compute", "cinder-volume"}},
		{"backups", func(s *spec.Spec) { s.Glance, s.Cinder, s.Nova = nil, nil, nil }, []string{"cinder-backup"}},
		{"Nova", func(s *spec.Spec) { s.Glance, s.Cinder, s.Backup = nil, nil, nil }, []string{"nova-compute"}},
		{"no backend", func(s *spec.Spec) { without(s); s.Cinder.Backends = nil }, nil},
	} {
		s := want.Resolve(cloud(c.keep))
		assert.Equal(t, c.want, s.ServicesOf(all), c.name)
		if c.want == nil {
			assert.Empty(t, s.InOrder(), c.name)
		}
	}
}

// TestTheNearestLayoutCounts: that of the host, then that of the Spec, then debian.
func TestTheNearestLayoutCounts(t *testing.T) {
	for _, c := range []struct{ site, host, want, unit string }{
		{"", "", spec.LayoutDebian, "cinder-volume.service"},
		{spec.LayoutRDO, "", spec.LayoutRDO, "openstack-cinder-volume.service"},
		{spec.LayoutRDO, spec.LayoutDebian, spec.LayoutDebian, "cinder-volume.service"},
		{spec.LayoutRDO, spec.LayoutUpstart, spec.LayoutUpstart, "cinder-volume"},
	} {
		s := want.Resolve(cloud(func(s *spec.Spec) { s.Layout, s.Hosts[0].Layout = c.site, c.host }))
		h := s.Host("controller")
		assert.Equal(t, c.want, s.LayoutOf(h), "%+v", c)
		assert.Equal(t, c.unit, s.Service(h, "cinder-volume").Unit, "%+v", c)
	}
	assert.Zero(t, want.Resolve(cloud()).Service(spec.Host{}, "no-service"))
	old := want.Resolve(cloud(func(s *spec.Spec) { s.Release = "Kilo" }))
	assert.Contains(t, old.Service(spec.Host{}, "glance-api").Packages, "python-ceph|python-rbd",
		"the packages are those of the release, however it is written")
}

// TestPlacesOfTargets: two things of the same name are told apart by where they are.
func TestPlacesOfTargets(t *testing.T) {
	s := want.Resolve(cloud(func(s *spec.Spec) { s.Hosts[1].Name = "ssd" }))
	assert.Equal(t, []step.Target{step.AtCluster("hdd"), step.AtCluster("ssd"), step.AtHost("ssd"), step.AtHost("both"),
		step.AtHost("controller"), step.AtCloud()}, s.Targets())
	assert.Equal(t, []step.Target{step.AtCloud()}, want.Resolve(spec.Spec{}).Targets())
}

// TestEitherWayInIsPrepared by a public key or by a rule of sudo, and by nothing else.
func TestEitherWayInIsPrepared(t *testing.T) {
	for _, c := range []struct {
		prepare spec.Prepare
		want    bool
	}{
		{spec.Prepare{Authorize: &spec.Authorize{}}, true},
		{spec.Prepare{Sudo: &spec.Sudo{}}, true},
		{spec.Prepare{Guests: &spec.Guests{}, Repository: &spec.Repository{}}, false},
	} {
		s := want.Resolve(cloud(func(s *spec.Spec) { s.Prepare = &c.prepare }))
		assert.Equal(t, c.want, s.PreparesWayIn(), "%+v", c.prepare)
		assert.Equal(t, c.prepare, s.Prep())
	}
}

// TestWhatAPoolHas: each detail of the Spec is there, and comes from the pool's own cluster.
func TestWhatAPoolHas(t *testing.T) {
	s := want.Resolve(cloud(fast, func(s *spec.Spec) {
		s.Clusters[0].Pools = []spec.Pool{{Name: "volumes", PGNum: 64, Autoscale: "warn", Size: 4, MinSize: 3,
			CRUSHRule: "nvme", MaxBytes: 1 << 40, MaxObjects: 5000, ErasureProfile: "k4"}}
		s.Clusters[1].Pools = []spec.Pool{{Name: "volumes", Size: 2}}
	}))
	assert.Contains(t, s.Pools["hdd"], ceph.Pool{Name: "volumes", Application: "rbd", PGNum: 64, Autoscale: "warn",
		Size: 4, MinSize: 3, CRUSHRule: "nvme", MaxBytes: 1 << 40, MaxObjects: 5000, ErasureProfile: "k4"})
	assert.Equal(t, []ceph.Pool{{Name: "volumes", Application: "rbd", Size: 2}}, s.Pools["ssd"])
	assert.Contains(t, s.Pools["hdd"], ceph.Pool{Name: "vms", Application: "rbd"}, "a pool without details")
}

// TestPoolsOfAUser are those of what was asked for, with the data pools behind them, each once.
func TestPoolsOfAUser(t *testing.T) {
	s := want.Resolve(cloud(dataPools, sharedPool, twoUsers, fast))
	for _, c := range []struct {
		whats       []string
		pools, data []string
	}{
		{nil, nil, nil},
		{[]string{spec.ForImages, spec.ForBackups}, nil, nil},
		{[]string{spec.ForVolumes}, []string{"volumes"}, []string{"volumes-data"}},
		{[]string{spec.ForVolumes, spec.ForDisks}, []string{"volumes"}, []string{"volumes-data"}},
	} {
		pools, data := s.PoolsOf(user("cinder"), c.whats...)
		assert.Equal(t, c.pools, pools, "%v", c.whats)
		assert.Equal(t, c.data, data, "%v", c.whats)
	}
	assert.Equal(t, []string{"volumes", "volumes-data", "images", "images-data"}, s.PoolsBehind(user("cinder")))
	assert.Equal(t, "volumes-data", s.DataPool(user("cinder")))
	assert.Empty(t, s.DataPool(user("safe")), "the data pool is that of another user")
	assert.Equal(t, []string{"volumes"}, s.UsesOf("hdd", "safe"))
	pools, data := s.PoolsOf(user("safe"), spec.ForVolumes)
	assert.Equal(t, []string{"safe"}, pools)
	assert.Empty(t, data, "a use without a data pool adds no empty name")
	s = want.Resolve(cloud(func(s *spec.Spec) {
		s.Cinder.Backends = append(s.Cinder.Backends, spec.Backend{Name: "again"}, spec.Backend{Name: "other", User: "other"})
	}))
	assert.Equal(t, []string{"volumes"}, s.UsesOf("hdd", "volumes"), "three backends are one use")
	pools, _ = s.PoolsOf(user("cinder"), spec.ForVolumes)
	assert.Equal(t, []string{"volumes"}, pools)
}

// TestZonesOfOtherServices do not make the volumes of a backend matter.
func TestZonesOfOtherServices(t *testing.T) {
	s := want.Resolve(cloud(fast, func(s *spec.Spec) { s.Cinder.Backends[0].AvailabilityZone = "az1" }))
	for _, c := range []struct {
		name   string
		record api.ServiceRecord
		want   bool
	}{
		{"its own zone differs", api.ServiceRecord{Binary: "cinder-volume", Host: "h@slow#slow", Zone: "nova"}, true},
		{"it is in its zone", api.ServiceRecord{Binary: "cinder-volume", Host: "h@slow", Zone: "az1"}, false},
		{"a backend without a zone", api.ServiceRecord{Binary: "cinder-volume", Host: "h@fast", Zone: "nova"}, false},
		{"a backend of others", api.ServiceRecord{Binary: "cinder-volume", Host: "h@lvm", Zone: "nova"}, false},
		{"another service", api.ServiceRecord{Binary: "cinder-scheduler", Host: "h@slow", Zone: "nova"}, false},
	} {
		assert.Equal(t, c.want, s.VolumesMatter(&step.Cloud{Records: []api.ServiceRecord{c.record}}), c.name)
	}
	assert.False(t, want.ServedBy(spec.Backend{Name: "slow"}, "controller"), "a service without a backend's name")
	assert.False(t, want.ServedBy(spec.Backend{Name: spec.SingleBackend}, "controller@slow#pool"))
}
