package adopt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/adopt"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/integrate/world"
	"github.com/cephstack/cephstack/remote"
)

// plain is a Spec with everything, on computes that are numbered from 1.
func plain(computes int) spec.Spec {
	s := spec.Spec{Release: "zed", Packages: "install", Clusters: []spec.Cluster{{Name: "ceph"}}, Glance: &spec.Glance{},
		Cinder: &spec.Cinder{Backends: []spec.Backend{{Name: "ceph", VolumeType: "ceph"}}}, Backup: &spec.Backup{},
		Nova:  &spec.Nova{},
		Hosts: []spec.Host{{Name: "controller", Services: []string{"glance-api", "cinder-volume", "cinder-backup"}}}}
	for i := range computes {
		s.Hosts = append(s.Hosts, spec.Host{Name: fmt.Sprintf("compute%d", i+1), Services: []string{"nova-compute"}})
	}
	return s
}

// bare is what somebody knows who has no Spec.
func bare(s spec.Spec) spec.Spec {
	out := spec.Spec{Cloud: s.Cloud}
	for _, c := range s.Clusters {
		out.Clusters = append(out.Clusters, spec.Cluster{Name: c.Name})
	}
	for _, h := range s.Hosts {
		out.Hosts = append(out.Hosts, spec.Host{Name: h.Name, Address: h.Address})
	}
	return out
}

func find(t *testing.T, w world.World, s spec.Spec) (*adopt.Adoption, error) {
	t.Helper()
	return adopt.Adopt(t.Context(), adopt.Config{Spec: s,
		Open: func(context.Context, spec.Spec) (world.World, error) { return w, nil }})
}

// A spot is a file of a host.
type spot struct {
	*integratetest.World
	host, path string
}

// edit replaces words in a file of a host, and restarts the services.
func (w spot) edit(t *testing.T, words ...string) {
	t.Helper()
	host, path := w.host, w.path
	data, ok := w.Machines[host].Contents(path)
	require.True(t, ok)
	w.Machines[host].AddFile(path, []byte(strings.NewReplacer(words...).Replace(string(data))), 0o640)
	for _, unit := range []string{"nova-compute.service", "cinder-volume.service", "glance-api.service"} {
		if w.Machines[host].Unit(unit).Load == "loaded" {
			_, err := w.Machines[host].Do(t.Context(), remote.RestartUnit{Unit: unit})
			require.NoError(t, err)
		}
	}
}

// TestHostsThatDiffer: the Spec has what most computes have, and names the others.
func TestHostsThatDiffer(t *testing.T) {
	w := integratetest.Integrated(t, plain(6))
	spot{w, "compute2", "/etc/nova/nova.conf"}.edit(t, "images_rbd_pool = vms", "images_rbd_pool = other")
	spot{w, "compute4", "/etc/nova/nova.conf"}.edit(t, "images_type = rbd", "images_type = qcow2")
	a, err := find(t, w.World, bare(plain(6)))
	require.NoError(t, err)
	text, err := a.Text()
	require.NoError(t, err)
	assert.Equal(t, "vms", a.Spec.Nova.Pool)
	assert.Contains(t, text, `  - {name: "compute[1,3,5-6]", services: [nova-compute]}`)
	assert.Contains(t, text, `  - {name: "compute[2,4]", services: [nova-compute], disks: keep}`)
	assert.Contains(t, text, "# - compute2 has other options than most computes: pool other, user cinder")
	assert.Empty(t, left(a))
}

// TestAClusterOfAnotherName: a cluster is called as the services call it.
func TestAClusterOfAnotherName(t *testing.T) {
	w := integratetest.Integrated(t, plain(1))
	s := bare(plain(1))
	s.Clusters[0].Name = "main"
	w.Clusters["main"] = w.Clusters["ceph"]
	a, err := find(t, w.World, s)
	require.NoError(t, err)
	assert.Equal(t, "ceph", a.Spec.Clusters[0].Name)
	assert.Empty(t, left(a))
}

// TestASecretThatNoOptionNames is found by the key that it holds.
func TestASecretThatNoOptionNames(t *testing.T) {
	s := plain(2)
	const uuid = "6d1f0c3e-58b4-4f7a-9a51-0c2b7e4d9f10"
	s.Nova.SecretUUID, s.Cinder.Backends[0].SecretUUID = uuid, uuid
	w := integratetest.Integrated(t, s)
	spot{w, "controller", "/etc/cinder/cinder.conf"}.edit(t, "rbd_secret_uuid = "+uuid+"\n", "")
	for _, compute := range []string{"compute1", "compute2"} {
		spot{w, compute, "/etc/nova/nova.conf"}.edit(t, "rbd_secret_uuid = "+uuid+"\n", "")
	}
	a, err := find(t, w.World, bare(s))
	require.NoError(t, err)
	assert.Equal(t, uuid, a.Spec.Nova.SecretUUID)
	for _, c := range a.Plan.Changes {
		assert.Contains(t, []string{"settings", "unit"}, c.Kind, "no secret is made anew")
	}
}

// An unreachable host answers nothing.
type unreachable struct{ err error }

func (u unreachable) Do(context.Context, ...remote.Op) ([]remote.Result, error) { return nil, u.err }

// TestWhatCannotBeRead is told, and is not taken for absent.
func TestWhatCannotBeRead(t *testing.T) {
	broken := errors.New("no route to host")
	w := integratetest.Integrated(t, plain(2))
	w.Hosts["compute2"] = unreachable{broken}
	a, err := find(t, w.World, bare(plain(2)))
	require.NoError(t, err)
	require.Len(t, a.Unread, 1)
	require.ErrorIs(t, a.Unread[0].Err, broken)
	text, err := a.Text()
	require.NoError(t, err)
	assert.Contains(t, text, "Host compute2 could not be read, and is left out: ")
	assert.NotContains(t, text, "name: compute2")
	assert.Empty(t, left(a))

	w.Ceph["ceph"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
	_, err = find(t, w.World, bare(plain(2)))
	require.ErrorIs(t, err, ceph.ErrUnreachable)
	assert.ErrorContains(t, err, "cluster ceph cannot be read")
	for name := range w.Hosts {
		w.Hosts[name] = unreachable{broken}
	}
	_, err = find(t, w.World, bare(plain(2)))
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "no host can be read")
}

// TestACloudWithoutCeph has no Spec to find.
func TestACloudWithoutCeph(t *testing.T) {
	w := integratetest.Open(t, plain(1))
	_, err := find(t, w.World, bare(plain(1)))
	require.ErrorContains(t, err, "nothing on 2 hosts keeps data in Ceph")
	_, err = find(t, w.World, spec.Spec{Clusters: []spec.Cluster{{Name: "ceph"}}})
	require.ErrorContains(t, err, "no host is named")
}

// TestNoSecretIsTold: no key and no password is in what is found, whatever differs.
func TestNoSecretIsTold(t *testing.T) {
	w := integratetest.Integrated(t, plain(2))
	spot{w, "controller", "/etc/cinder/cinder.conf"}.edit(t, "[DEFAULT]\n", "[DEFAULT]\nsan_password = word-of-secrecy\n"+
		"[coordination]\nbackend_url = etcd3://u:word-of-secrecy@host\n[DEFAULT]\n")
	spot{w, "compute1", "/etc/ceph/ceph.client.cinder.keyring"}.edit(t, "key = ", "key = AQ")
	a, err := find(t, w.World, bare(plain(2)))
	require.NoError(t, err)
	assert.False(t, a.Plan.Empty())
	text, err := a.Text()
	require.NoError(t, err)
	text += fmt.Sprintf("%+v %v", a.Remarks, a.Spec)
	assert.NotContains(t, text, "word-of-secrecy")
	users, err := ceph.New(w.Ceph["ceph"]).Users(t.Context(), "client.cinder", "client.glance", "client.cinder-backup")
	require.NoError(t, err)
	require.Len(t, users, 3)
	for _, u := range users {
		assert.NotContains(t, text, u.Key.Reveal())
	}
}
