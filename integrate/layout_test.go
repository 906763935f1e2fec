package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/spec"
)

func TestRDOReachesTheSpec(t *testing.T) {
	s := exampleSpec()
	s.Layout = "rdo"
	s.Hosts[2].Layout = "debian"
	w, in := open(t, s)
	w.Machines["compute1"].AddFile("/usr/share/nova/nova-dist.conf",
		[]byte("[DEFAULT]\nstate_path = /var/lib/nova\n[libvirt]\nrbd_user = somebody\nhw_disk_discard = unmap\n"), 0o640)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	for _, id := range []string{
		"unit/controller/openstack-glance-api.service", "unit/controller/openstack-cinder-volume.service",
		"unit/controller/openstack-cinder-backup.service",
		"unit/compute1/openstack-nova-compute.service", "unit/compute2/nova-compute.service",
		"packages/compute1/ceph-common python3-rados python3-rbd qemu-kvm-block-rbd",
		"packages/compute2/ceph-common python3-rados python3-rbd qemu-block-extra",
	} {
		assert.NotNil(t, change(p, id), id)
	}
	nova := change(p, "settings/compute1//etc/nova/nova.conf")
	require.NotNil(t, nova)
	assert.Contains(t, linesOf(nova), "[libvirt] rbd_user: somebody -> cinder", "nova.conf wins over -dist.conf")
	for _, d := range nova.Diffs {
		assert.NotContains(t, d.Field, "hw_disk_discard", "what -dist.conf says already is not said again")
	}
	apply(t, in)
	require.True(t, plan(t, in).Empty(), "%s", plan(t, in))
	dist, _ := w.Machines["compute1"].Contents("/usr/share/nova/nova-dist.conf")
	assert.Contains(t, string(dist), "somebody", "-dist.conf is the package's")

	report, err := verify(t, in)
	require.NoError(t, err, "%s", report)
	assert.Contains(t, report.String(), "openstack-nova-compute.service active")
	assert.Empty(t, w.API.Violations())
}

func TestDistConfThatChangedOwesARestart(t *testing.T) {
	s := exampleSpec()
	s.Layout = "rdo"
	w, in := open(t, s)
	apply(t, in)
	w.Machines["controller"].AddFile("/usr/share/cinder/cinder-dist.conf",
		[]byte("[DEFAULT]\nlogdir = /var/log/cinder\n"), 0o640)
	p := plan(t, in)
	require.Len(t, p.Changes, 2, "%s", p)
	for _, c := range p.Changes {
		assert.Contains(t, c.Name, "openstack-cinder-")
		assert.Contains(t, c.Reason, "/usr/share/cinder/cinder-dist.conf changed")
	}
}

func TestPackagesOfAnotherRelease(t *testing.T) {
	for _, layout := range []string{"debian", "rdo"} {
		t.Run(layout, func(t *testing.T) {
			s := exampleSpec()
			s.Layout = layout
			w, in := open(t, s)
			nova, cinder, prefix := "nova-compute", "cinder-volume", ""
			if layout == "rdo" {
				nova, cinder, prefix = "openstack-nova-compute", "openstack-cinder", "openstack-"
			}
			w.Machines["compute1"].AddPackage(nova, "2:31.0.0-6", true)
			w.Machines["compute2"].AddPackage(nova, "9999", true)
			w.Machines["controller"].AddPackage(cinder, "1:26.0.0-1.el9s", true)
			p := plan(t, in)
			assert.Contains(t, p.String(), "PROBLEM: compute1 release of "+nova+": version 2:31.0.0-6 is of "+
				"2025.1, and the Spec says zed")
			assert.Contains(t, p.String(), "PROBLEM: controller release of "+cinder+": version 1:26.0.0-1.el9s is of 2025.1")
			assert.Contains(t, p.String(), "note: compute2 release of "+nova+": whether it is zed cannot be told")
			for id, planned := range map[string]bool{
				"settings/compute1//etc/nova/nova.conf":               false,
				"unit/compute1/" + prefix + "nova-compute.service":    false,
				"file/compute1//etc/ceph/ceph.conf":                   true, // of no release
				"settings/compute2//etc/nova/nova.conf":               true,
				"settings/controller//etc/cinder/cinder.conf":         false,
				"settings/controller//etc/glance/glance-api.conf":     true,
				"unit/controller/" + prefix + "cinder-volume.service": false,
				"unit/controller/" + prefix + "glance-api.service":    true,
				"secret/compute1/" + secretOf(p, "compute1"):          true,
			} {
				assert.Equal(t, planned, change(p, id) != nil, id)
			}
			_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.ErrorIs(t, err, integrate.ErrIncomplete)
			report, err := in.Verify(t.Context(), integrate.VerifyOptions{Static: true})
			require.ErrorIs(t, err, integrate.ErrChecks)
			assert.Contains(t, statusOf(report, "settings compute1"), "fail: ")
			assert.Contains(t, statusOf(report, "settings compute1"), "2025.1")
			assert.Contains(t, statusOf(report, "settings compute2"), "pass: ")
		})
	}
}

func TestServicesThatAreNoPackagesAreBelieved(t *testing.T) {
	w, in := open(t, exampleSpec())
	for name, m := range w.Machines {
		m.RemovePackage("nova-compute")
		m.RemovePackage("glance-api")
		require.NotContains(t, plan(t, in).String(), name+" release of nova-compute")
	}
	assert.Empty(t, plan(t, in).Findings)
}

func secretOf(p *integrate.Plan, host string) string {
	for _, c := range p.Changes {
		if c.Kind == "secret" && c.Target == host {
			return c.Name
		}
	}
	return "none"
}

func statusOf(r *integrate.Report, check string) string {
	for _, c := range r.Checks {
		if c.Name == check {
			return string(c.Status) + ": " + c.Evidence
		}
	}
	return "none"
}

func TestOptionsThatTheReleaseDoesNotKnowOrIgnores(t *testing.T) {
	s := exampleSpec()
	s.Release, s.Cinder.Backends[0].Options = "queens", map[string]string{"rbd_exclusive_cinder_pool": "True"}
	require.ErrorContains(t, s.Validate(), "spec: cinder.backends[0]: ")
	require.ErrorContains(t, s.Validate(), "queens does not know it")

	s.Release, s.Cinder.Backends[0].Options = "zed", map[string]string{"rdb_max_clone_depth": "3", "backend_host": "all"}
	_, misspelt := open(t, s)
	p := plan(t, misspelt)
	assert.Contains(t, p.String(), "note: cloud backend ceph option rdb_max_clone_depth: is not known to be "+
		"an option of a backend")
	assert.Contains(t, p.String(), "is rbd_max_clone_depth meant?")
	assert.Len(t, p.Findings, 1)
	assert.Empty(t, p.Problems())

	w, in := open(t, exampleSpec())
	w.Machines["controller"].AddFile("/etc/cinder/cinder.conf",
		[]byte("[DEFAULT]\nenabled_backends = nfs\nglance_api_version = 2\n[nfs]\nvolume_driver = x\n"), 0o640)
	assert.Contains(t, plan(t, in).String(), "note: controller /etc/cinder/cinder.conf [DEFAULT] glance_api_version: "+
		"was removed in Queens and is ignored")
}

func TestHostOfAnotherLayout(t *testing.T) {
	s := exampleSpec()
	w, in := open(t, s)
	w.Machines["compute1"].RemoveUnit("nova-compute.service")
	w.Machines["compute1"].AddUnit("openstack-nova-compute.service")
	assert.Contains(t, plan(t, in).String(), "PROBLEM: compute1 nova-compute.service: there is no such unit; "+
		"install it, take nova-compute off this host's services, or name another layout for this host than debian")
}

func TestGuestsOfRDO(t *testing.T) {
	s := exampleSpec()
	s.Layout, s.Prepare = "rdo", &spec.Prepare{Guests: &spec.Guests{}}
	_, in := open(t, s)
	assert.Contains(t, plan(t, in).String(), "mode: qemu:qemu 0770")
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}
