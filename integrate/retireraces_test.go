package integrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
)

// TestUndoOfARetirement: what was removed comes back, libvirt's secrets too, if no user was removed.
func TestUndoOfARetirement(t *testing.T) {
	t.Parallel()
	s := twoOfAll()
	w := integratetest.Integrated(t, s)
	paths := map[string][]string{}
	for name := range w.Machines {
		paths[name] = []string{"/etc/nova/nova.conf", "/etc/cinder/cinder.conf", "/etc/ceph/ceph.conf",
			"/etc/ceph/ceph.client.cinder.keyring", "/etc/ceph/ceph.client.cinder-fast.keyring"}
	}
	before := traces(t, w, paths)
	s.Hosts[2].Retire = []string{"nova-compute"}
	s.Cinder.Backends[1].Retire = true
	u, err := ceph.New(w.Ceph["ceph"]).User(t.Context(), "client.cinder-fast")
	require.NoError(t, err)
	_, err = w.Ceph["ceph"].Login(u.Entity, u.Key) // so that the last change fails
	require.NoError(t, err)
	in := integrationOf(t, w, s)
	p, err := in.Plan(t.Context(), integrate.PlanOptions{UndoOnFailure: true})
	require.NoError(t, err)
	assert.Contains(t, p.String(), "a user that was removed stays away if the apply is taken back")
	r, err := in.Apply(t.Context(), p, integrate.ApplyOptions{UndoOnFailure: true})
	require.ErrorContains(t, err, "somebody is logged in")
	secrets := 0
	for _, o := range r.Outcomes {
		if o.Status == integrate.Applied {
			assert.NotEmpty(t, o.Undo, o.Change.ID)
		}
		if o.Change.Kind == "secret" && o.Status == integrate.Applied {
			secrets++
			assert.Equal(t, "undone", o.Undo, "%s: %s", o.Change.ID, o.UndoReason)
		}
	}
	assert.Positive(t, secrets)
	assert.Equal(t, before, traces(t, w, paths))
}

// TestVMsOfAComputeThatCannotBeTold: nothing is taken back on a compute that Nova knows by another name, nor on the
// last ones, whose VMs may have volumes.
func TestVMsOfAComputeThatCannotBeTold(t *testing.T) {
	t.Parallel()
	s := twoOfAll()
	w := integratetest.Integrated(t, s)
	w.API.AddServer(api.Server{Name: "web", Host: "compute2", Status: "ACTIVE"})
	for i := range s.Hosts {
		if s.Hosts[i].Services[0] == "nova-compute" {
			s.Hosts[i].Retire = []string{"nova-compute"}
		}
	}
	s.Nova.Retire = true
	p := plan(t, integrationOf(t, w, s))
	assert.Contains(t, p.String(), "still has VMs (web")
	for _, c := range p.Changes {
		assert.NotEqual(t, "compute2", c.Target, c.ID)
	}
}

// TestRetireLeavesWhatOthersUse: a backend that is not in Ceph stays in cinder.conf, and a service that cephstack does
// not know has a keyring. The one needs the coordinator, the other ceph.conf.
func TestRetireLeavesWhatOthersUse(t *testing.T) {
	t.Parallel()
	const conf, cinder, manila = "/etc/ceph/ceph.conf", "/etc/cinder/cinder.conf", "/etc/ceph/ceph.client.manila.keyring"
	for _, others := range []bool{true, false} {
		s := twoOfAll()
		w := integratetest.Integrated(t, s)
		text, _ := w.Machines["controller2"].Contents(cinder)
		require.Contains(t, string(text), "enabled_backends = san,ceph,fast")
		require.Contains(t, string(text), "\nbackend_url = ")
		if others {
			addFile(w, "controller2", manila, "[client.manila]\n\tkey = AQBSdFhkAAAAABAA6LC1Pq3yXn5Rr9mWb0Q0Yw==\n")
		}
		retirings()["a controller"](&s)
		in := integrationOf(t, w, s)
		p := plan(t, in)
		assert.NotContains(t, p.String(), "] backend_url: etcd3")
		assert.Equal(t, 1, strings.Count(p.String(), "[coordination] backend_url: is that of the other backends here"))
		_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.NoError(t, err)
		text, _ = w.Machines["controller2"].Contents(cinder)
		assert.Contains(t, string(text), "enabled_backends = san\n")
		assert.Contains(t, string(text), "\nbackend_url = ")
		_, there := w.Machines["controller2"].Contents(conf)
		assert.Equal(t, others, there)
		assert.Equal(t, others, strings.Contains(p.String(), conf+": is of use to whoever has "+manila+", so it stays"))
		assert.Empty(t, plan(t, integrationOf(t, w, s)).Changes)
	}
}
