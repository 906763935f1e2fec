package place

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

func TestClientPackagesByRelease(t *testing.T) {
	for _, c := range []struct{ layout, release, service, want string }{
		{spec.LayoutDebian, "havana", "nova-compute", "ceph-common python-ceph|python-rbd"},
		{spec.LayoutDebian, "kilo", "glance-api", "ceph-common python-ceph|python-rbd"},
		{spec.LayoutDebian, "liberty", "nova-compute", "ceph-common python-rbd"},
		{spec.LayoutDebian, "mitaka", "nova-compute", "ceph-common python-rbd qemu-block-extra"},
		{spec.LayoutDebian, "mitaka", "cinder-volume", "ceph-common python-rbd"},
		{spec.LayoutDebian, "rocky", "cinder-backup", "ceph-common python3-rbd|python-rbd"},
		{spec.LayoutDebian, "stein", "cinder-backup", "ceph-common python3-rados python3-rbd"},
		{spec.LayoutDebian, "2026.2", "nova-compute", "ceph-common python3-rados python3-rbd qemu-block-extra"},
		{spec.LayoutRDO, "icehouse", "nova-compute", "ceph-common python-ceph|python-rbd"},
		{spec.LayoutRDO, "stein", "nova-compute", "ceph-common python-rbd"},
		{spec.LayoutRDO, "train", "nova-compute", "ceph-common python3-rbd|python-rbd"},
		{spec.LayoutRDO, "ussuri", "nova-compute", "ceph-common python3-rados python3-rbd qemu-kvm-block-rbd"},
		{spec.LayoutRDO, "2025.1", "glance-api", "ceph-common python3-rados python3-rbd"},
	} {
		l := Layouts(openstack.Release(c.release))[c.layout][c.service]
		assert.Equal(t, c.want, strings.Join(l.Packages, " "), "%s %s %s", c.layout, c.release, c.service)
	}
}
