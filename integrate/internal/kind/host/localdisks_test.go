package host

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestDisksThatOnlySeemToBeInCeph: the type and the pool both have to say it, or the
// APIs are asked which VMs are there.
func TestDisksThatOnlySeemToBeInCeph(t *testing.T) {
	const asked, moved = "vm-disks-unknown VM disks", "pool-in-use " + novaConf
	for text, code := range map[string]string{
		"[libvirt]\nimages_type = rbd\nimages_rbd_pool = vms\n":     "",
		"[libvirt]\nimages_type = default\nimages_rbd_pool = vms\n": asked,
		"[libvirt]\nimages_type = rbd\nimages_rbd_pool = old\n":     moved,
		"[libvirt]\nimages_type = rbd\n":                            moved,
		"[libvirt]\nimages_rbd_pool = vms\n":                        asked,
	} {
		s := newScene(t, "compute1")
		s.file(novaConf, text)
		s.v.Cloud = nil
		var want []string
		if code != "" {
			want = []string{code}
		}
		assert.Equal(t, want, codes(s.compare(novaID).Findings), text)
	}
}

// TestAContainerOfDisksInCeph: what counts is when the container started, and not when
// its unit did.
func TestAContainerOfDisksInCeph(t *testing.T) {
	const path = "/etc/kolla/nova-compute/nova.conf"
	s := newScene(t, "compute1", inKollaSpec)
	s.file(path, "[libvirt]\nimages_type = rbd\nimages_rbd_pool = vms\n")
	s.v.Cloud = nil
	assert.Empty(t, s.compare("settings/compute1/"+path).Findings)
	f, u := s.v.Host.Files[path], s.v.Host.Units["kolla-nova_compute-container.service"]
	f.Changed, u.Since = started().Add(time.Second), started().Add(time.Minute)
	s.v.Host.Files[path], s.v.Host.Units[u.Name] = f, u
	s.one(s.compare("settings/compute1/"+path), "vm-disks-unknown")
}

// TestDisksThatTheSwitchDoesNotReach: VMs that have no disk of their own on the compute.
func TestDisksThatTheSwitchDoesNotReach(t *testing.T) {
	s := newScene(t, "compute1")
	fromVolume := api.Server{ID: "1", Name: "vm", Status: "SHUTOFF", HasLocalDisk: true, ConfigDrive: true}
	s.v.Cloud.Servers["compute1"] = []api.Server{fromVolume}
	s.one(s.compare(novaID), "vm-disks-local")
	s.v.Clusters["ceph"].Images["vms"]["1_disk.config"] = true
	assert.Empty(t, s.compare(novaID).Findings, "its disk is a volume, and its config drive is in Ceph")
	resized := api.Server{ID: "2", Name: "vm", Status: "VERIFY_RESIZE"}
	s.v.Cloud.Servers["compute1"] = []api.Server{resized}
	s.v.Cloud.Moves = map[string][]step.Move{"compute1": {{Migration: api.Migration{ID: 1, Source: "compute2",
		Dest: "compute1", Status: "finished"}, VM: resized}}}
	assert.Empty(t, s.compare(novaID).Findings, "a VM that runs from a volume has nothing to lose by a resize")
	s.v.Cloud.Servers["compute1"], s.v.Cloud.Servers["compute2"] = nil, []api.Server{{ID: "3", HasLocalDisk: true}}
	assert.Empty(t, s.compare(novaID).Findings, "the disks of other computes stay where they are")
}

// TestDisksThatAreInCephThoughFilesAreNewer: VMs that run have their disks there.
func TestDisksThatAreInCephThoughFilesAreNewer(t *testing.T) {
	s := newScene(t, "compute1")
	s.file(novaConf, "[libvirt]\nimages_type = rbd\nimages_rbd_pool = vms\n")
	f := s.v.Host.Files[novaConf]
	f.Changed = started().Add(time.Second)
	s.v.Host.Files[novaConf] = f
	s.v.Cloud.Servers["compute1"] = []api.Server{{ID: "1", Name: "vm", Status: "ACTIVE", ImageID: "i", HasLocalDisk: true}}
	s.one(s.compare(novaID), "vm-disks-local")
	s.v.Clusters["ceph"].Images["vms"]["1_disk"] = true
	assert.Empty(t, s.compare(novaID).Findings)
}
