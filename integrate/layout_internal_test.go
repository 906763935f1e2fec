package integrate

import (
	"strings"
	"testing"

	"github.com/cephstack/cephstack/openstack"
	"github.com/stretchr/testify/assert"
)

func TestClientPackagesByRelease(t *testing.T) {
	for _, c := range []struct{ layout, release, service, want string }{
		{layoutDebian, "havana", "nova-compute", "ceph-common python-ceph|python-rbd"},
		{layoutDebian, "kilo", "glance-api", "ceph-common python-ceph|python-rbd"},
		{layoutDebian, "liberty", "nova-compute", "ceph-common python-rbd"},
		{layoutDebian, "mitaka", "nova-compute", "ceph-common python-rbd qemu-block-extra"},
		{layoutDebian, "mitaka", "cinder-volume", "ceph-common python-rbd"},
		{layoutDebian, "rocky", "cinder-backup", "ceph-common python3-rbd|python-rbd"},
		{layoutDebian, "stein", "cinder-backup", "ceph-common python3-rados python3-rbd"},
		{layoutDebian, "2026.2", "nova-compute", "ceph-common python3-rados python3-rbd qemu-block-extra"},
		{layoutRDO, "icehouse", "nova-compute", "ceph-common python-ceph|python-rbd"},
		{layoutRDO, "stein", "nova-compute", "ceph-common python-rbd"},
		{layoutRDO, "train", "nova-compute", "ceph-common python3-rbd|python-rbd"},
		{layoutRDO, "ussuri", "nova-compute", "ceph-common python3-rados python3-rbd qemu-kvm-block-rbd"},
		{layoutRDO, "2025.1", "glance-api", "ceph-common python3-rados python3-rbd"},
	} {
		l := layouts(openstack.Release(c.release))[c.layout][c.service]
		assert.Equal(t, c.want, strings.Join(l.packages, " "), "%s %s %s", c.layout, c.release, c.service)
	}
}

func TestEitherPackageWillDo(t *testing.T) {
	x := &hostDiffer{differ: &differ{site: resolve(Spec{Release: "rocky"})}, seen: &observedHost{packages: map[string]string{"ceph-common": "1"}}}
	assert.Equal(t, []string{"python3-rbd"}, x.missingPackages("glance-api"))
	x.seen.packages["python-rbd"] = "1"
	assert.Empty(t, x.missingPackages("glance-api"))
}
