package proof

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/openstack/openstacktest"
)

// TestAGuestOnEachCompute: the first writes and reads what was restored, the second ticks, and the others only boot. A
// guest that does not boot fails on its own compute.
func TestAGuestOnEachCompute(t *testing.T) {
	tasks := func(volumes bool) map[string]string {
		j := newTravel(t, func(s *spec.Spec) {
			s.Nova = nil
			s.Hosts = append(s.Hosts, spec.Host{Name: "compute3", Services: []string{"nova-compute"}})
		})
		var mu sync.Mutex
		got := map[string]string{}
		s := j.dial(openstacktest.Config{Computes: []string{"compute1", "compute2", "compute3"},
			Hooks: openstacktest.Hooks{Console: func(string) string { return "CEPHSTACK ready\n" },
				ServerCreated: func(s *api.Server, data []byte) error {
					mu.Lock()
					defer mu.Unlock()
					_, line, _ := strings.Cut(string(data), "# cephstack-guest")
					got[s.Name], _, _ = strings.Cut(line, "\n")
					if s.Host == "compute3" {
						return errors.New("no valid host")
					}
					return nil
				}}})
		j.image = api.Image{ID: s.AddImage(api.Image{Name: "i", DiskFormat: "raw"}, []byte("abc"))}
		j.Options.Flavor = s.AddFlavor(openstacktest.Flavor{Name: "f", VCPUs: 1, RAMMiB: 64, DiskGiB: 1})
		if volumes {
			j.data.ID, j.restored.ID = "data", "restored"
		}
		j.passes(checkImage, checkVolumes)
		j.boot(t.Context())
		assert.Equal(t, []string{"computes-for-guests", "vm-on-compute1", "vm-on-compute2", "vm-on-compute3"}, j.begun)
		assert.Equal(t, Pass, j.checks["vm-on-compute1"].Status, j.checks["vm-on-compute1"].Evidence)
		bad := j.checks["vm-on-compute3"]
		assert.Equal(t, Fail, bad.Status)
		assert.Contains(t, bad.Evidence, "no valid host")
		assert.Equal(t, "look at the VM's fault and at nova-compute's log on compute3", bad.Next)
		assert.Len(t, j.made, 3, "also the guest that did not boot is removed")
		return got
	}
	assert.Equal(t, map[string]string{"cephstack-verify-1-compute1": " write:data read:restored",
		"cephstack-verify-1-compute2": " tick:data", "cephstack-verify-1-compute3": " "}, tasks(true))
	assert.Equal(t, map[string]string{"cephstack-verify-1-compute1": " ", "cephstack-verify-1-compute2": " ",
		"cephstack-verify-1-compute3": " "}, tasks(false), "without volumes, there is nothing to do")
}

// TestNothingBootsWithoutAnImage: no VM is made, and the checks say what is missing.
func TestNothingBootsWithoutAnImage(t *testing.T) {
	j := newTravel(t, nil)
	s := j.dial(openstacktest.Config{})
	j.boot(t.Context())
	assert.Empty(t, s.Servers())
	assert.Equal(t, `cannot be checked: because "image in ceph" did not pass`, j.checks["vm-on-compute2"].Evidence)
	j = newTravel(t, nil)
	j.dial(openstacktest.Config{})
	j.passes(checkVolumes)
	j.boot(t.Context())
	assert.Equal(t, Unable, j.checks["vm-on-compute1"].Status)
	for _, edit := range []func(*spec.Spec){func(s *spec.Spec) { s.Glance = nil },
		func(s *spec.Spec) { s.Hosts = s.Hosts[:1] }} {
		j = newTravel(t, edit)
		j.boot(t.Context())
		assert.Empty(t, j.begun)
		assert.Empty(t, j.guests)
	}
}

// TestVolumesOfImages are clones where the backend is in the cluster of a store, and full copies where it is not.
func TestVolumesOfImages(t *testing.T) {
	for _, c := range []struct {
		name, cluster string
		cloned        bool
		want          string
	}{
		{"near", "ceph", true, "volumes/volume-ID is a child of images/i@snap"},
		{"near, and copied", "ceph", false, "volumes/volume-ID is a full copy: its parent is <nil>, not {images i snap}"},
		{"far", "ssd", false, "volumes/volume-ID is a full copy, as images are in cluster ceph"},
	} {
		j := newTravel(t, func(s *spec.Spec) {
			s.Clusters = append(s.Clusters, spec.Cluster{Name: "ssd"})
			s.Cinder.Backends[0].Cluster = c.cluster
		})
		j.World.Clusters["ssd"] = j.World.Clusters["ceph"] // the pools of both have other names
		j.put(ceph.Image{Pool: "images", Name: "i"}, "snap")
		id, size := "", 0
		s := j.dial(openstacktest.Config{Hooks: openstacktest.Hooks{
			VolumeCreated: func(v *api.Volume, from api.VolumeRequest) error {
				if id, size = v.ID, from.SizeGiB; c.cloned {
					return j.ceph.Clone(ceph.Parent{Pool: "images", Image: "i", Snapshot: "snap"}, "volumes", "volume-"+v.ID)
				}
				return j.ceph.AddImage(ceph.Image{Pool: "volumes", Name: "volume-" + v.ID})
			}}})
		s.AddImage(api.Image{ID: "i", DiskFormat: "raw"}, []byte("abc"))
		j.stored["rbd"] = api.Image{ID: "i", Size: gib + 1}
		j.copyOn(t.Context(), checkCopy, j.Site.Cinder[0])
		assert.Equal(t, Unable, j.checks[slug(checkCopy)].Status, "%s: the image is not there yet", c.name)
		j.passes(checkImage)
		j.copyOn(t.Context(), checkCopy, j.Site.Cinder[0])
		require.NotEmpty(t, id, c.name)
		assert.Equal(t, c.want, strings.Replace(j.checks[slug(checkCopy)].Evidence, id, "ID", 1), c.name)
		assert.Equal(t, 2, size, "%s: the volume holds the whole image", c.name)
	}
}

// TestEvidenceOfUsers is parted by semicolons, as the rights of a user have commas.
func TestEvidenceOfUsers(t *testing.T) {
	at := step.AtCluster("ceph")
	item := func(check, name, have string) engine.Item {
		return engine.Item{ID: step.ID{Target: at, Kind: "k", Name: name}, Check: check, Delta: step.Delta{Have: have}}
	}
	b := newBench(t, engine.Part{Target: at, Items: []engine.Item{item("users", "a", "a: x, y"),
		item("users", "b", "b: z"), item("pools", "c", "c"), item("pools", "d", "d")}})
	assert.Equal(t, "a: x, y; b: z", b.check("users/ceph").Evidence)
	assert.Equal(t, "c, d", b.check("pools/ceph").Evidence)
	assert.Equal(t, []string{"ceph-health/ceph", "users/ceph", "pools/ceph"}, b.begun)
	assert.Equal(t, "a-b--c", slug("a b  c"))
}
