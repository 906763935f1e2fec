package integrate_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/libvirtsecret"
	"github.com/cephstack/cephstack/libvirtsecret/secrettest"
	"github.com/cephstack/cephstack/openstack/api"
	"github.com/cephstack/cephstack/remote"
)

// goldenConflicts are worlds that change between the plan and its being applied:
// once with the plan as it was made, and once with the plan as it was stored.
func goldenConflicts() []goldenCase {
	var all []goldenCase
	for _, c := range []struct {
		name      string
		meanwhile spoil
		spec      []string
	}{
		{"nothing", nil, nil},
		{"file", holding("compute1", "/etc/nova/nova.conf", "[libvirt]\n# somebody was here\n"), nil},
		{"other-option", holding("compute1", "/etc/nova/nova.conf", "[libvirt]\nrbd_user = other\n"), nil},
		{"ceph-conf", holding("compute1", "/etc/ceph/ceph.conf",
			"[global]\nfsid = 00000000-1111-4222-8333-444444444444\n"), nil},
		{"local-disk", newLocalDisk, nil},
		{"pool", func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Ceph["ceph"].AddPool(ceph.Pool{Name: "volumes", Application: "cephfs"}))
		}, nil},
		{"same-pool", func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Ceph["ceph"].AddPool(ceph.Pool{Name: "volumes", Application: "rbd"}))
		}, nil},
		{"replicated-pool", func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Ceph["ceph"].AddPool(ceph.Pool{Name: "volumes-data", Application: "rbd"}))
		}, []string{goldenErasure}},
		{"user", func(t *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].AddUser(ceph.User{Entity: "client.glance", Key: fixedKey(t), Caps: ceph.Caps{"mon": "allow r"}})
		}, nil},
		{"erasure-profile", erasureFaults()["another-profile"], []string{goldenErasure}},
		{"secret", func(t *testing.T, w *integratetest.World) {
			putSecret(t, w, "11111111-2222-4333-8444-555555555555", "client.cinder")
		}, nil},
		{"volume-type", func(_ *testing.T, w *integratetest.World) { w.API.AddVolumeType("ceph", "nfs") }, nil},
		{"unit", withoutUnit("compute1", "nova-compute.service"), nil},
		{"libvirt-is-down", func(_ *testing.T, w *integratetest.World) {
			w.Libvirt["compute1"].Fail = func(secrettest.Call) error { return libvirtsecret.ErrUnreachable }
		}, nil},
		{"cluster-is-down", func(_ *testing.T, w *integratetest.World) {
			w.Ceph["ceph"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
		}, nil},
		{"host-is-gone", hostFaults()["unreachable"], nil},
	} {
		spec := append([]string{goldenExample}, c.spec...)
		all = append(all,
			goldenCase{name: "conflict-" + c.name, spec: spec, steps: []goldenStep{{meanwhile: c.meanwhile}}},
			goldenCase{name: "stored-" + c.name, spec: spec, steps: []goldenStep{{meanwhile: c.meanwhile, stored: true}}})
	}
	return append(all, laterConflicts()...)
}

// laterConflicts are of worlds that were integrated before.
func laterConflicts() []goldenCase {
	const specs = "cinder: {backends: [{name: ceph, volume_type: ceph, extra_specs: {multiattach: \"<is> True\"}}]}"
	typeNow := func(name, value string) spoil {
		return func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Cloud.SetVolumeTypeSpecs(t.Context(), "ceph", map[string]string{name: value}))
		}
	}
	one := func(name string, second goldenStep, more ...string) goldenCase {
		return goldenCase{name: "later-" + name, spec: append([]string{goldenExample}, more...),
			steps: []goldenStep{{}, second}}
	}
	return []goldenCase{
		one("type-has-another-value", goldenStep{spec: specs, meanwhile: typeNow("multiattach", "maybe")}),
		one("type-is-as-wanted", goldenStep{spec: specs, meanwhile: typeNow("multiattach", "<is> True")}),
		one("type-is-gone", goldenStep{spec: specs, meanwhile: func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Cloud.DeleteVolumeType(t.Context(), "ceph"))
		}}),
		one("type-has-volumes-now", goldenStep{spec: specs, meanwhile: withVolume}),
		one("packages-are-missing", goldenStep{spec: "packages: check", world: withoutPackage("compute1", "python3-rbd")}),
		one("pool-is-gone", goldenStep{spec: "clusters: [{name: ceph, pools: [{name: images, size: 2}]}]",
			meanwhile: func(_ *testing.T, w *integratetest.World) { w.Ceph["ceph"].RemovePool("images") }}),
		one("pool-was-changed", goldenStep{spec: "clusters: [{name: ceph, pools: [{name: images, max_bytes: 4096}]}]",
			meanwhile: func(t *testing.T, w *integratetest.World) {
				require.NoError(t, ceph.New(w.Ceph["ceph"]).UpdatePool(t.Context(), ceph.Pool{Name: "images", MaxBytes: 8192}))
			}}),
		one("user-is-gone", goldenStep{world: removedUser}),
		one("secret-is-another", goldenStep{world: drifted, meanwhile: func(t *testing.T, w *integratetest.World) {
			require.NoError(t, w.Secrets["compute2"].Undefine(t.Context(),
				libvirtsecret.DeriveUUID(w.Ceph["ceph"].FSID, "client.cinder")))
		}}),
		one("kolla-secrets", goldenStep{world: failing("compute1", errBroken, reading(secretsDir))}, goldenKolla),
		one("local-disk-in-ceph", goldenStep{world: newLocalDisk}),
	}
}

// removedUser takes a user away whose keyrings and secrets are there.
func removedUser(t *testing.T, w *integratetest.World) {
	require.NoError(t, ceph.New(w.Ceph["ceph"]).RemoveUser(t.Context(), "client.cinder"))
}

// newLocalDisk is a VM with a local disk on the first compute.
func newLocalDisk(_ *testing.T, w *integratetest.World) {
	w.API.AddServer(api.Server{Name: "late", Host: "compute1", Status: "ACTIVE", HasLocalDisk: true,
		ImageID: "an-image"})
}

// goldenRollouts are clouds that are converged with one canary.
func goldenRollouts() []goldenCase {
	const more = `
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: controller2, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, services: [nova-compute]}
  - {name: compute2, services: [nova-compute]}
  - {name: compute3, services: [nova-compute]}
  - {name: compute4, services: [nova-compute]}
` + goldenCluster
	breaks := func(names ...string) []goldenStep {
		return []goldenStep{{world: func(_ *testing.T, w *integratetest.World) {
			for _, name := range names {
				w.Machines[name].BreakUnit("nova-compute.service", "it said why")
			}
		}}}
	}
	return []goldenCase{
		{name: "well", spec: []string{goldenExample, more}, steps: breaks()},
		{name: "canary-fails", spec: []string{goldenExample, more}, steps: breaks("compute1")},
		{name: "one-fails", spec: []string{goldenExample, more}, steps: breaks("compute2")},
		{name: "too-many-fail", spec: []string{goldenExample, more}, steps: breaks("compute2", "compute3"), maxFailed: 1},
		{name: "two-clusters", spec: []string{goldenExample, more, goldenTwoClusters}, steps: breaks()},
		{name: "bare", spec: []string{goldenExample, goldenBare}, steps: []goldenStep{{world: bareHosts}}},
		{name: "cluster-is-down", spec: []string{goldenExample, more},
			steps: []goldenStep{{world: clusterFaults()["unreachable"]}}},
	}
}

// goldenDetections are clouds whose Spec leaves the release to the hosts.
func goldenDetections() []goldenCase {
	nobody := func(_ *testing.T, w *integratetest.World) {
		for _, m := range w.Machines {
			m.Fail = func(context.Context, remote.Op) error { return errBroken }
		}
	}
	return []goldenCase{
		{name: "debian", spec: []string{goldenExample}, steps: []goldenStep{{}}},
		{name: "upstart", spec: []string{goldenExample, "layout: upstart\nrelease: havana"}, steps: []goldenStep{{}}},
		{name: "kolla", spec: []string{goldenExample, goldenKolla}, steps: []goldenStep{{}}},
		{name: "mixed", spec: []string{goldenExample, goldenMixed}, steps: []goldenStep{{}}},
		{name: "another-release", spec: []string{goldenExample},
			steps: []goldenStep{{world: hostFaults()["another-release"]}}},
		{name: "one-is-silent", spec: []string{goldenExample}, steps: []goldenStep{{world: hostFaults()["unreachable"]}}},
		{name: "nobody-tells", spec: []string{goldenExample}, steps: []goldenStep{{world: nobody}}},
	}
}

// goldenJourneys are clouds that are verified whole. Their step comes after they were
// integrated.
func goldenJourneys(t *testing.T) []goldenCase {
	lab := specFile(t, "../examples/lab/cloud.yaml")
	fewerRights := func(t *testing.T, w *integratetest.World) {
		mon := ceph.New(w.Ceph["ceph"])
		user, err := mon.User(t.Context(), "client.cinder")
		require.NoError(t, err)
		fewer, err := ceph.ParseCaps(map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=backups"})
		require.NoError(t, err)
		require.NoError(t, mon.SetCaps(t.Context(), "client.cinder", user.Caps, fewer))
	}
	return []goldenCase{
		{name: "lab", spec: []string{lab}, steps: []goldenStep{{}}},
		{name: "lab-second-cluster", spec: []string{lab, goldenSecondCluster}, steps: []goldenStep{{}}},
		{name: "two-clusters", spec: []string{goldenExample, goldenTwoClusters}, steps: []goldenStep{{}}},
		{name: "erasure-coded", spec: []string{goldenExample, goldenErasure}, steps: []goldenStep{{}}},
		{name: "kolla", spec: []string{goldenExample, goldenKolla}, steps: []goldenStep{{}}},
		{name: "stein-zones", spec: []string{goldenExample, goldenTwoClusters, "release: stein"}, steps: []goldenStep{{}}},
		{name: "havana", spec: []string{goldenExample, "layout: upstart\nrelease: havana"}, steps: []goldenStep{{}}},
		{name: "fewer-rights", spec: []string{goldenExample}, steps: []goldenStep{{world: fewerRights}}},
		{name: "no-apis", spec: []string{goldenExample}, steps: []goldenStep{{world: cloudFaults()["none"]}}},
	}
}
