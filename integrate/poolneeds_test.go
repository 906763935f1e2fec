package integrate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
)

// TestAPoolThatCannotBeMadeSkipsWhatUsesIt, and nothing else.
func TestAPoolThatCannotBeMadeSkipsWhatUsesIt(t *testing.T) {
	service := map[string]string{ // the settings of the services that use each pool
		"images": "/etc/glance/glance-api.conf", "volumes": "/etc/cinder/cinder.conf", "backups": "/etc/cinder/cinder.conf",
		"vms": "/etc/nova/nova.conf",
	}
	needs := map[string][]string{
		"images": {"/etc/glance/glance-api.conf", "/etc/cinder/cinder.conf", "/etc/nova/nova.conf"}, // clones of images
		// Nova has Cinder's user
		"volumes": {"/etc/cinder/cinder.conf", "/etc/nova/nova.conf"},
		"backups": {"/etc/cinder/cinder.conf"},
		"vms":     {"/etc/cinder/cinder.conf", "/etc/nova/nova.conf"}, // the user is Cinder's, too
	}
	for pool := range service {
		for _, keeps := range []bool{true, false} {
			w, in := open(t, exampleSpec())
			p := plan(t, in)
			if !keeps {
				p = stored(t, p)
			}
			full := errors.New("too many PGs")
			w.Ceph["ceph"].Fail = func(op cephtest.Op) error {
				if op.Write && op.Object == pool {
					return full
				}
				return nil
			}
			r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.ErrorIs(t, err, full)
			for _, o := range r.Outcomes {
				switch {
				case o.Change.ID == "pool/ceph/"+pool:
					assert.Equal(t, integrate.Failed, o.Status)
				case o.Change.Kind == "pool", o.Change.Kind == "packages", strings.HasSuffix(o.Change.Name, "ceph.conf"):
					assert.Equal(t, integrate.Applied, o.Status, "%s without %s: %v", o.Change.ID, pool, o.Err)
				case o.Change.Kind == "settings" && !contains(needs[pool], o.Change.Name):
					assert.Equal(t, integrate.Applied, o.Status, "%s does not use %s", o.Change.ID, pool)
				case o.Change.Kind == "settings" && o.Change.Name == service[pool]:
					assert.Equal(t, integrate.Skipped, o.Status, "%s uses %s", o.Change.ID, pool)
				}
			}
			w.Ceph["ceph"].Fail = nil
			apply(t, in)
			assert.True(t, plan(t, in).Empty())
		}
	}
}

func contains(list []string, name string) bool {
	return strings.Contains(strings.Join(list, " "), name)
}

// TestAPoolOfAnotherApplicationKeepsOnlyItsServiceAway has one service for each pool.
func TestAPoolOfAnotherApplicationKeepsOnlyItsServiceAway(t *testing.T) {
	w, in := open(t, exampleSpec())
	require.NoError(t, w.Ceph["ceph"].AddPool(ceph.Pool{Name: "backups", Application: "cephfs"}))
	p := plan(t, in)
	require.NotEmpty(t, p.Problems())
	for _, id := range []string{"settings/controller//etc/glance/glance-api.conf", "settings/compute1//etc/nova/nova.conf",
		"unit/controller/glance-api.service", "unit/compute1/nova-compute.service"} {
		assert.NotNil(t, change(p, id), id)
	}
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete)
	assert.Equal(t, len(p.Changes), r.Count(integrate.Applied))
}

// TestAClientThatIsUpgradedReadsTheNewKeys: one apply upgrades the clients and places keys
// that the old clients could not read, whether the plan was stored or not.
func TestAClientThatIsUpgradedReadsTheNewKeys(t *testing.T) {
	key, err := ceph.ParseKey(newKey)
	require.NoError(t, err)
	for _, old := range []string{"18.2.7+ds-1", "16.2.15+ds-0+deb12u1", "20.2.1-1"} {
		for _, keeps := range []bool{true, false} {
			s := exampleSpec()
			s.Clusters[0].MinClient = "20.2.4"
			w, in := open(t, s)
			caps := ceph.Caps{"mon": "profile rbd"}
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: key, Caps: caps})
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.cinder", Key: key, Caps: caps})
			for _, m := range w.Machines {
				for _, name := range []string{"ceph-common", "python3-rados", "python3-rbd", "qemu-block-extra"} {
					m.AddPackage(name, old, true)
					m.AddPackage(name, "20.2.4-1", false)
				}
			}
			p := plan(t, in)
			require.Empty(t, p.Problems(), "%s", p)
			require.NotNil(t, change(p, "upgrade/compute1/ceph-clients"), "%s", p)
			require.NotNil(t, change(p, "file/compute1//etc/ceph/ceph.client.cinder.keyring"))
			settings := change(p, "settings/compute1//etc/nova/nova.conf")
			require.NotNil(t, settings)
			assert.Contains(t, settings.Needs, "upgrade/compute1/ceph-clients")
			if !keeps {
				p = stored(t, p)
			}
			_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.NoError(t, err, "%s", old)
			assert.True(t, plan(t, in).Empty())
			require.Empty(t, plan(t, in).Problems())
		}
	}
}

// TestAClientThatIsInstalledReadsTheNewKeys: nothing was there before.
func TestAClientThatIsInstalledReadsTheNewKeys(t *testing.T) {
	key, err := ceph.ParseKey(newKey)
	require.NoError(t, err)
	for version, reads := range map[string]bool{"20.2.4-1": true, "18.2.7+ds-1": false} {
		s := exampleSpec()
		s.Hosts, s.Clusters[0].MinClient = s.Hosts[:1], "20.2.4"
		s.Nova = nil
		w, in := open(t, s)
		w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: key, Caps: ceph.Caps{"mon": "profile rbd"}})
		for _, name := range []string{"ceph-common", "python3-rados", "python3-rbd"} {
			w.Machines["controller"].AddPackage(name, version, false)
		}
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s", p)
		r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		if reads {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "controller: ceph-common is 18.2.7+ds-1 now, and not 20.2.4 or newer")
		for _, o := range r.Outcomes {
			if o.Change.Kind == "settings" || o.Change.Kind == "unit" {
				assert.Equal(t, integrate.Skipped, o.Status, "%s would find no key", o.Change.ID)
			}
		}
	}
}
