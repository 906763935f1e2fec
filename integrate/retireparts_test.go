package integrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// twoOfAll is a cloud of which a part can retire.
func twoOfAll() spec.Spec {
	s := exampleSpec()
	s.Hosts[0].Services = []string{"glance-api", "cinder-volume", "cinder-backup"}
	s.Hosts = append(s.Hosts, spec.Host{Name: "controller2", Services: s.Hosts[0].Services})
	s.Cinder = &spec.Cinder{Cluster: "ha", Coordination: spec.NewSecret("etcd3+http://192.0.2.9:2379"),
		Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"},
			{Name: "fast", Pool: "fast", User: "cinder-fast", VolumeType: "fast"}}}
	s.Glance = &spec.Glance{Stores: []spec.Store{{Name: "cold", Pool: "cold", User: "glance-cold"}}}
	return s
}

// A compute that stays keeps its disks in Ceph, whatever became of the disk of a VM there.
func TestRetireAnotherCompute(t *testing.T) {
	t.Parallel()
	s := twoOfAll()
	w := integratetest.Integrated(t, s)
	w.API.AddServer(api.Server{Name: "lost", Host: s.Hosts[1].Name, Status: "SHUTOFF", HasLocalDisk: true, ImageID: "i"})
	conf, _ := w.Machines[s.Hosts[1].Name].Contents("/etc/nova/nova.conf")
	addFile(w, s.Hosts[1].Name, "/etc/nova/nova.conf", string(conf)+"# nova-compute has not read this\n")
	s.Hosts[2].Retire = []string{"nova-compute"}
	p := plan(t, integrationOf(t, w, s))
	require.NotEmpty(t, p.Changes)
	require.Contains(t, p.String(), "left local")
	for _, c := range p.Changes {
		assert.False(t, c.Target == s.Hosts[1].Name && c.Action != integrate.Restart, "%s: %s", c.Action, c.ID)
	}
}

// integrationOf is an integration of another Spec in the world of a test.
func integrationOf(t *testing.T, w *integratetest.World, s spec.Spec) *integrate.Integration {
	t.Helper()
	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Settle: 1, Poll: 1})
	require.NoError(t, err)
	return in
}

// retirings are the words of a Spec that take a part of twoOfAll out.
func retirings() map[string]func(*spec.Spec) {
	return map[string]func(*spec.Spec){
		"a compute":    func(s *spec.Spec) { s.Hosts[2].Retire = []string{"nova-compute"} },
		"a controller": func(s *spec.Spec) { s.Hosts[3].Retire = s.Hosts[3].Services },
		"a service":    func(s *spec.Spec) { s.Hosts[3].Retire = []string{"cinder-volume"} },
		"a backend":    func(s *spec.Spec) { s.Cinder.Backends[1].Retire = true },
		"a store":      func(s *spec.Spec) { s.Glance.Stores[0].Retire = true },
		"backups":      func(s *spec.Spec) { s.Backup.Retire = true },
		"glance":       func(s *spec.Spec) { s.Glance.Retire = true },
		"nova":         func(s *spec.Spec) { s.Nova.Retire = true },
	}
}

// TestRetireAPart: the part goes, all else stays as it is, and the Spec without the part has nothing to do.
func TestRetireAPart(t *testing.T) {
	t.Parallel()
	for name, retire := range retirings() {
		t.Run(name, func(t *testing.T) {
			s := twoOfAll()
			w := integratetest.Integrated(t, s)
			retire(&s)
			in := integrationOf(t, w, s)
			p := plan(t, in)
			require.Empty(t, p.Problems(), "%s", p)
			require.NotEmpty(t, p.Changes)
			assert.NotContains(t, p.String(), "fleet-unknown", "what retires is in the Spec")
			for _, c := range p.Changes {
				assert.Contains(t, []integrate.Action{integrate.Action("remove"), integrate.Restart}, c.Action, "%s", c.ID)
			}
			t.Log(p)
			_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.NoError(t, err)
			again := plan(t, integrationOf(t, w, s))
			assert.Empty(t, again.Changes, "%s", again)
			assert.Empty(t, again.Problems(), "%s", again)
			kept := s.Kept()
			kept.Hosts = slices.DeleteFunc(kept.Hosts, func(h spec.Host) bool { return len(h.Services) == 0 })
			for i := range kept.Hosts {
				kept.Hosts[i].Services = slices.DeleteFunc(kept.Hosts[i].Services, func(n string) bool {
					return kept.Backup == nil && n == "cinder-backup" || kept.Glance == nil && n == "glance-api"
				})
			}
			after := plan(t, integrationOf(t, w, kept))
			assert.Empty(t, after.Changes, "%s", after)
			assert.NotContains(t, after.String(), "etir", "a Spec without the part says nothing of it")
			report, err := integrationOf(t, w, kept).Verify(t.Context(), integrate.VerifyOptions{Static: true})
			require.NoError(t, err, "%s", report)

			back := integrationOf(t, w, s.Unretired()) // and what retired can be had back
			_, err = back.Apply(t.Context(), plan(t, back), integrate.ApplyOptions{})
			require.NoError(t, err)
			assert.Empty(t, plan(t, integrationOf(t, w, s.Unretired())).Changes)
		})
	}
}

// TestRetireRefuses while something depends on what retires, and while that cannot be told.
func TestRetireRefuses(t *testing.T) {
	t.Parallel()
	image := func(pool string) func(*testing.T, *integratetest.World) {
		return func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Ceph["ceph"].AddImage(ceph.Image{Pool: pool, Name: "left", Size: 1 << 20}))
		}
	}
	down := func(_ *testing.T, w *integratetest.World) { w.API.Close() }
	for name, c := range map[string]struct {
		part  string
		world func(*testing.T, *integratetest.World)
		says  string
	}{
		"a VM": {"a compute", func(_ *testing.T, w *integratetest.World) {
			w.API.AddServer(api.Server{Name: "web", Host: "compute2", Status: "ACTIVE"})
		}, "still has VMs (web"},
		"unknown VMs": {"a compute", down, "whether VMs are on this compute cannot be told"},
		"no other serves": {"a controller", func(_ *testing.T, w *integratetest.World) {
			w.Machines["controller"].StopUnit("cinder-volume.service")
		}, "cinder-volume of backend ceph is not known to be up on another host"},
		"images in a pool": {"a backend", image("fast"), "holds 1 images (left)"},
		"a volume": {"a backend", func(_ *testing.T, w *integratetest.World) {
			w.API.AddVolume(api.Volume{Name: "v", Host: "controller@fast#fast"})
		}, "backend fast still has volumes"},
		"unknown volumes":   {"a backend", down, "whether OpenStack still needs it cannot be told"},
		"images of a store": {"a store", image("cold"), "holds 1 images (left)"},
		"backups":           {"backups", image("backups"), "holds 1 images (left)"},
		"images":            {"glance", image("images"), "holds 1 images (left)"},
		"disks of VMs":      {"nova", image("vms"), "holds 1 images (left)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := twoOfAll()
			w := integratetest.Integrated(t, s)
			c.world(t, w)
			retirings()[c.part](&s)
			p := plan(t, integrationOf(t, w, s))
			var said []string
			for _, f := range p.Problems() {
				said = append(said, f.Message)
			}
			assert.Contains(t, strings.Join(said, "\n"), c.says)
			for _, ch := range p.Changes {
				assert.NotEqual(t, integrate.Action("remove"), ch.Action, "%s", ch.ID)
			}
		})
	}
}
