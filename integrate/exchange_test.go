package integrate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/remote"
)

// TestOneExchangeAHost counts what a plan and an apply cost on each host,
// whatever the number of files, secrets, settings and units.
func TestOneExchangeAHost(t *testing.T) {
	spec := exampleSpec()
	spec.Packages = ""
	spec.Nova.User = "nova" // a second keyring and secret
	w, _ := open(t, spec)
	w.Cloud, w.CloudErr = nil, nil
	forget := func() {
		for _, m := range w.Machines {
			m.Forget()
		}
	}
	in, err := integrate.New(integrate.Config{Spec: spec, World: world.World{Clusters: w.Clusters, Hosts: w.Hosts,
		Secrets: w.Secrets}, Settle: 1, Poll: 1})
	require.NoError(t, err)
	forget()
	p := plan(t, in)
	for name, m := range w.Machines {
		assert.Equal(t, 1, m.Exchanges(), "plan of %s", name)
	}
	forget()
	_, err = in.Apply(t.Context(), p, integrate.ApplyOptions{})
	require.ErrorIs(t, err, integrate.ErrIncomplete, "without a cloud the disks of the computes are left alone")
	for name, m := range w.Machines {
		assert.Equal(t, 1, m.Exchanges(), "apply on %s", name)
	}
	forget()
	again := plan(t, in)
	assert.Empty(t, again.Changes)
	_, _ = in.Apply(t.Context(), again, integrate.ApplyOptions{})
	for name, m := range w.Machines {
		assert.Equal(t, 1, m.Exchanges(), "second run on %s", name)
	}
}

// TestAFailureSkipsWhatNeedsItAndNoMore lets one keyring fail.
func TestAFailureSkipsWhatNeedsItAndNoMore(t *testing.T) {
	w, in := open(t, exampleSpec())
	full := errors.New("no space")
	w.Machines["controller"].Fail = func(_ context.Context, op remote.Op) error {
		if o, ok := op.(remote.WriteFile); ok && o.Path == "/etc/ceph/ceph.client.glance.keyring" {
			return full
		}
		return nil
	}
	r, err := in.Apply(t.Context(), plan(t, in), integrate.ApplyOptions{})
	require.Error(t, err)
	status := map[string]integrate.Outcome{}
	for _, o := range r.Outcomes {
		status[o.Change.ID] = o
	}
	keyring, settings := "file/controller//etc/ceph/ceph.client.glance.keyring",
		"settings/controller//etc/glance/glance-api.conf"
	assert.Equal(t, integrate.Failed, status[keyring].Status)
	require.ErrorIs(t, status[keyring].Err, full)
	assert.Equal(t, integrate.Skipped, status[settings].Status)
	assert.Equal(t, keyring, status[settings].Because)
	assert.Equal(t, integrate.Skipped, status["unit/controller/glance-api.service"].Status)
	assert.Equal(t, integrate.Applied, status["file/controller//etc/ceph/ceph.client.cinder.keyring"].Status)
	assert.Equal(t, integrate.Applied, status["settings/controller//etc/cinder/cinder.conf"].Status,
		"Cinder needs no key of Glance")
	assert.Equal(t, integrate.Applied, status["unit/controller/cinder-volume.service"].Status)
	w.Machines["controller"].Fail = nil
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
}

// TestSecretsOfAnyStore takes a store that cannot join the host's exchange.
func TestSecretsOfAnyStore(t *testing.T) {
	w, in := open(t, exampleSpec())
	for name, store := range w.Libvirt {
		w.Secrets[name] = libvirtsecret.Store(store)
	}
	apply(t, in)
	assert.True(t, plan(t, in).Empty())
	assert.Equal(t, 1, w.Libvirt["compute1"].Calls("define"))
}

// TestWhatCannotBeReadIsNotAbsent lets systemctl and dpkg fail.
func TestWhatCannotBeReadIsNotAbsent(t *testing.T) {
	for _, bad := range []string{"unit", "packages"} {
		w, in := open(t, exampleSpec())
		w.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
			if name, _ := remote.Describe(op); name == bad {
				return errors.New("broken")
			}
			return nil
		}
		p := plan(t, in)
		require.Len(t, p.Problems(), 1, "%s", p)
		for _, c := range p.Changes {
			assert.NotEqual(t, "compute1", c.Target, "%s", c.ID)
		}
	}
}
