package drift_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/drift"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/remotetest"
)

func dead(name string) func(context.Context, remote.Op) error {
	return func(context.Context, remote.Op) error {
		return &remote.HostError{Host: name, Step: "connect", Err: remote.ErrUnreachable}
	}
}

// TestUnknownIsNeverNoDrift: whatever does not answer makes the status Unknown, also beside drift.
func TestUnknownIsNeverNoDrift(t *testing.T) {
	for name, spoil := range map[string]func(*by){
		"a host is down": func(b *by) { b.Machines["compute1"].Fail = dead("compute1") },
		"the cluster is down": func(b *by) {
			b.Ceph["ceph"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
		},
		"libvirt is down": func(b *by) {
			b.Libvirt["compute1"].Fail = func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
		},
		"a file cannot be read": func(b *by) {
			b.Machines["compute1"].Fail = func(_ context.Context, op remote.Op) error {
				if _, object := remote.Describe(op); object == conf {
					return context.DeadlineExceeded
				}
				return nil
			}
		},
		"the APIs are down": func(b *by) { b.API.Close() },
		"a secret is private": func(b *by) {
			b.secret("compute1", func(s *libvirtsecret.Secret) { s.Private = true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := integrated(t, with(parsed(t, small), "compute1", "compute2"))
			b := &by{t, w}
			spoil(b)
			r := look(t, w)
			assert.Equal(t, drift.Unknown, r.Status, r.String())
			assert.NotEmpty(t, r.Unknown)
			require.ErrorIs(t, r.Err(), drift.ErrUnknown)
			if name == "the cluster is down" {
				return // everything waits for it
			}
			b.Machines["compute2"].StopUnit("nova-compute.service")
			r = look(t, w)
			assert.Equal(t, drift.Unknown, r.Status)
			assert.Contains(t, own(r), "unit/compute2/nova-compute.service", "what can be told is told")
		})
	}
}

// TestALookIsBounded: a host that hangs holds a look no longer than Timeout, and the error names the host.
func TestALookIsBounded(t *testing.T) {
	w := integrated(t, with(parsed(t, small), "compute1"))
	w.Machines["compute1"].Fail = remotetest.Hang
	_, err := drift.Look(t.Context(), w.Integration(t), drift.Options{Timeout: 50 * time.Millisecond})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "compute1")
	_, err = drift.Look(t.Context(), w.Integration(t), drift.Options{Timeout: -1})
	require.ErrorContains(t, err, "cannot be negative")
	_, err = drift.Look(t.Context(), w.Integration(t), drift.Options{Only: integrate.Scope{Hosts: []string{"none"}}})
	require.ErrorContains(t, err, `no host "none"`)
}

// TestOnlyAPart: what was left out is named, and not looked at.
func TestOnlyAPart(t *testing.T) {
	w := integrated(t, with(parsed(t, small), "compute1", "compute2"))
	w.Machines["compute2"].StopUnit("nova-compute.service")
	r, err := drift.Look(t.Context(), w.Integration(t), drift.Options{Only: integrate.Scope{Hosts: []string{"compute1"}}})
	require.NoError(t, err)
	assert.Equal(t, drift.None, r.Status)
	assert.Contains(t, r.LeftOut, "compute2")
	assert.Contains(t, r.String(), "Left out, as it was not asked for")
}

// TestEqualHostsAreToldOnce, and each by itself in Full.
func TestEqualHostsAreToldOnce(t *testing.T) {
	w := integrated(t, with(parsed(t, small), "compute1", "compute2"))
	for _, name := range []string{"compute1", "compute2"} {
		b := &by{t, w}
		b.edit(name, novaConf, "images_type = rbd", "images_type = qcow2")
	}
	r := look(t, w)
	assert.Equal(t, `~ compute[1-2] (2 hosts): settings /etc/nova/nova.conf  (options are not as the services need them)
      [libvirt] images_type: qcow2 -> rbd  # VM disks go to Ceph
  . compute[1-2] (2 hosts): unit nova-compute.service follows (its configuration changes)
2 resources differ from the Spec (consequences: 2).
`, r.String())
	assert.Contains(t, r.Full(), "~ compute1: settings")
	assert.Contains(t, r.Full(), "~ compute2: settings")
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var again drift.Report
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, r.Drift, again.Drift)
}

// TestANewKeyOfAUserIsNotShown: neither text nor JSON has a key.
func TestANewKeyOfAUserIsNotShown(t *testing.T) {
	w := integrated(t, with(parsed(t, small), "compute1"))
	b := &by{t, w}
	b.user("client.glance", func(u *ceph.User) { u.Key = otherKey(t) })
	r := look(t, w)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.NotContains(t, string(text)+r.Full(), otherKey(t).Reveal())
}
