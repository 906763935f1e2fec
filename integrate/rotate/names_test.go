package rotate

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/internal/running"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// TestVolumesByOtherNames: what is a volume is told by the disk, and not by the default of volume_name_template.
func TestVolumesByOtherNames(t *testing.T) {
	const guest, volume = "0b4f1c3e-7a52-4d1c-9c57-2f1f0a6f2b11", "5a5a1c3e-7a52-4d1c-9c57-2f1f0a6f2b22"
	r := &run{site: want.Resolve(spec.Spec{Clusters: []spec.Cluster{{Name: "ceph"}}})}
	for image, want := range map[string]rotation.Guest{
		"volume-" + volume:       {Volumes: []string{volume}},
		"prod-" + volume + "-a":  {Volumes: []string{volume}},
		guest + "_disk.config":   {Disks: []string{guest + "_disk.config"}},
		"instance-0000001f_disk": {Disks: []string{"instance-0000001f_disk"}},
		"golden": {Unknown: "it has golden open as the old user, which is neither a disk of Nova's nor a volume that can " +
			"be told by its name or serial number; see virsh dumpxml"},
	} {
		disk := running.Disk{Protocol: "rbd", Image: image, User: "cinder"}
		got := rotation.Guest{ID: guest, Runs: true}
		r.has(&got, spec.Rotation{From: "cinder", Cluster: "ceph"}, running.Domain{Active: true, Live: []running.Disk{disk}},
			nil)
		want.ID, want.Runs = guest, true
		assert.Equal(t, want, got, image)
	}
	disk := running.Disk{Protocol: "rbd", Image: "golden", User: "cinder", Serial: volume}
	got := rotation.Guest{ID: guest, Runs: true}
	r.has(&got, spec.Rotation{From: "cinder", Cluster: "ceph"}, running.Domain{Active: true, Live: []running.Disk{disk}},
		nil)
	assert.Equal(t, []string{volume}, got.Volumes)
}
