package integrate_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

var errKilled = errors.New("killed")

// changes reports whether an operation of a host changes something.
func changesHost(op remote.Op) bool {
	if o, is := op.(remote.If); is {
		op = o.Op
	}
	switch op.(type) {
	case remote.WriteFile, remote.Remove, remote.RestartUnit, remote.Mkdir, remote.SetAttr:
		return true
	}
	return false
}

// killAt lets nothing change any more from a change on: before it, or after it had its effect.
func killAt(w *integratetest.World, at int64, after bool) (lift func(), reached func() bool) {
	var seen atomic.Int64
	host := func(now bool) func(context.Context, remote.Op) error {
		return func(_ context.Context, op remote.Op) error {
			if !changesHost(op) {
				return nil
			}
			n := seen.Load()
			if !now {
				n = seen.Add(1)
			}
			if n > at || n == at && after == now {
				return &remote.HostError{Err: errKilled}
			}
			return nil
		}
	}
	for _, m := range w.Machines {
		m.Fail, m.FailAfter = host(false), host(true)
	}
	for _, c := range w.Ceph {
		c.Fail = func(op cephtest.Op) error {
			if op.Write && op.Name == "auth rm" && seen.Add(1) >= at {
				return errKilled
			}
			return nil
		}
	}
	return func() {
		for _, m := range w.Machines {
			m.Fail, m.FailAfter = nil, nil
		}
		for _, c := range w.Ceph {
			c.Fail = nil
		}
	}, func() bool { return seen.Load() >= at }
}

// TestAKilledRetirementIsFinished by the next run, wherever it was cut off.
func TestAKilledRetirementIsFinished(t *testing.T) {
	t.Parallel()
	kills := 0
	for _, after := range []bool{false, true} {
		for at := int64(1); ; at += int64(7 * oneIn(3)) {
			s := twoOfAll()
			w := integratetest.Integrated(t, s)
			s.Retire = true
			lift, reached := killAt(w, at, after)
			in := integrationOf(t, w, s)
			_, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
			lift()
			if !reached() {
				require.NoError(t, err)
				break
			}
			kills++
			again := integrationOf(t, w, s)
			p := plan(t, again)
			require.Empty(t, p.Problems(), "%d: %s", at, p)
			_, err = again.Apply(t.Context(), p, integrate.ApplyOptions{})
			require.NoError(t, err, "%d", at)
			left := plan(t, integrationOf(t, w, s))
			assert.Empty(t, left.Changes, "%d: %s", at, left)
			assert.Empty(t, users(t, w, s), "%d", at)
			for name, m := range w.Machines {
				for _, path := range []string{"/etc/ceph/ceph.conf", "/etc/ceph/ceph.client.cinder.keyring"} {
					_, there := m.Contents(path)
					assert.False(t, there, "%d: %s on %s", at, path, name)
				}
			}
		}
	}
	t.Logf("killed at %d places", kills)
	assert.Greater(t, kills*oneIn(3), 5)
}

// TestRetireLeavesWhatPeopleMade: what was edited by hand stays, and a note says so.
func TestRetireLeavesWhatPeopleMade(t *testing.T) {
	t.Parallel()
	s := twoOfAll()
	w := integratetest.Integrated(t, s)
	conf, _ := w.Machines["compute1"].Contents("/etc/ceph/ceph.conf")
	w.Machines["compute1"].AddFile("/etc/ceph/ceph.conf", append(conf, "[client]\nrbd_cache = false\n"...), 0o644)
	w.Machines["controller"].AddFile("/etc/ceph/ceph.client.cinder-backup.keyring",
		[]byte("[client.cinder-backup]\nkey = AQAIiglrODh5NxAAtOONtdH9jlKuA+thbpOxZQ==\n"), 0o640)
	w.Machines["controller"].AddFile("/etc/ceph/ceph.client.admin.keyring", []byte("secret"), 0o600)
	cinder, _ := w.Machines["controller2"].Contents("/etc/cinder/cinder.conf")
	cinder = append(cinder, "max_over_subscription_ratio = 3\n"...)
	w.Machines["controller2"].AddFile("/etc/cinder/cinder.conf", cinder, 0o640)
	users := ceph.New(w.Ceph["ceph"])
	glance, err := users.User(t.Context(), "client.glance")
	require.NoError(t, err)
	wider := ceph.Caps{}
	for daemon, text := range glance.Caps {
		wider[daemon] = text
	}
	wider["osd"] += ", allow rwx pool=theirs"
	require.NoError(t, users.SetCaps(t.Context(), "client.glance", glance.Caps, wider))
	s.Retire = true
	in := integrationOf(t, w, s)
	p := plan(t, in)
	require.Empty(t, p.Problems(), "%s", p)
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.NoError(t, err)
	for host, path := range map[string]string{"compute1": "/etc/ceph/ceph.conf",
		"controller": "/etc/ceph/ceph.client.cinder-backup.keyring"} {
		_, there := w.Machines[host].Contents(path)
		assert.True(t, there, "%s on %s", path, host)
		assert.Contains(t, p.String(), path+": ")
	}
	_, there := w.Machines["controller"].Contents("/etc/ceph/ceph.conf")
	assert.True(t, there, "the administrator needs it")
	left, _ := w.Machines["controller2"].Contents("/etc/cinder/cinder.conf")
	assert.Contains(t, string(left), "max_over_subscription_ratio = 3")
	_, err = users.User(t.Context(), "client.glance")
	assert.NoError(t, err)
	codes := map[string]bool{}
	for _, f := range p.Findings {
		codes[f.Code] = true
	}
	for _, code := range []string{"left-in-place", "user-stays", "options-stay", "pool-stays", "key-dies-with-user"} {
		assert.True(t, codes[code], code)
	}
}

// TestRetireKeepsAUserThatIsInUse: somebody who is not in the Spec is logged in.
func TestRetireKeepsAUserThatIsInUse(t *testing.T) {
	t.Parallel()
	s := twoOfAll()
	w := integratetest.Integrated(t, s)
	u, err := ceph.New(w.Ceph["ceph"]).User(t.Context(), "client.cinder-fast")
	require.NoError(t, err)
	_, err = w.Ceph["ceph"].Login(u.Entity, u.Key)
	require.NoError(t, err)
	s.Cinder.Backends[1].Retire = true
	in := integrationOf(t, w, s)
	_, err = in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.ErrorContains(t, err, "somebody is logged in as client.cinder-fast")
	_, err = ceph.New(w.Ceph["ceph"]).User(t.Context(), "client.cinder-fast")
	require.NoError(t, err)
}

// TestAVMThatComesBetween: right before nova.conf is written, the APIs are asked once more.
func TestAVMThatComesBetween(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{"a compute": "still has VMs", "nova": "VM late"} {
		s := twoOfAll()
		w := integratetest.Integrated(t, s)
		retirings()[name](&s)
		in := integrationOf(t, w, s)
		p := plan(t, in)
		require.Empty(t, p.Problems(), "%s", p)
		w.API.AddServer(api.Server{Name: "late", Host: "compute2", Status: "ACTIVE", ImageID: "cirros"})
		_, err := in.Apply(t.Context(), p, integrate.ApplyOptions{})
		require.ErrorContains(t, err, part, name)
		_, there := w.Machines["compute2"].Contents("/etc/ceph/ceph.client.cinder.keyring")
		assert.True(t, there)
		text, _ := w.Machines["compute2"].Contents("/etc/nova/nova.conf")
		assert.Contains(t, string(text), "images_type = rbd")
	}
}
