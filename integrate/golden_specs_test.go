package integrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/cephtest"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/openstack/api"
)

// goldenControllers are two controllers whose services are the same.
const goldenControllers = `
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: controller2, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, services: [nova-compute]}
`

// goldenStandby are two controllers, of which the second one waits.
const goldenStandby = `
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: controller2, services: [glance-api, cinder-volume, cinder-backup], standby: [cinder-volume]}
  - {name: compute1, services: [nova-compute]}
`

// goldenCluster makes all of them serve at once.
const goldenCluster = `
cinder: {cluster: ha, coordination: "etcd3+http://:secret-word@203.0.113.5:2379"}
`

// waits stops the cinder-volume that stands by.
func waits(_ *testing.T, w *integratetest.World) {
	w.Machines["controller2"].StopUnit("cinder-volume.service")
}

// takenOver is a cloud whose second controller serves the backend, under the name of both.
func takenOver(_ *testing.T, w *integratetest.World) {
	w.Machines["controller"].StopUnit("cinder-volume.service")
	w.API.AddService(api.ServiceRecord{Binary: "cinder-volume", Host: "rbd:volumes@ceph", Enabled: true, Up: true})
}

// goldenNoAPIs leaves the APIs alone.
const goldenNoAPIs = "cloud: {apis: none}\ncinder: {backends: [{name: ceph}]}"

// specFindings are findings that a Spec of its own is needed for.
func specFindings() []goldenCase {
	const zone = "cinder: {backends: [{name: ceph, volume_type: ceph, availability_zone: az1}]}"
	return []goldenCase{
		withSpec("packages-are-missing", nil, "clusters: [{name: ceph, min_client: 16.2.16}]\npackages: check"),
		withSpec("packages-are-old", oldClientsEverywhere, goldenPrepared, "packages: check"),
		withSpec("shared-pool", nil, "nova: {pool: volumes}"),
		withSpec("unknown-option", nil, "cinder: {backends: [{name: ceph, options: {rdb_max_clone_depth: \"3\", "+
			"backend_host: all}}]}"),
		withSpec("classic-caps-on-pacific", nil, "clusters: [{name: ceph, caps: classic}]"),
		withSpec("foreign-rights-are-removed", clusterFaults()["foreign-rights"],
			"clusters: [{name: ceph, remove_foreign_caps: true}]"),
		withSpec("no-such-profile", nil, goldenErasure,
			"clusters: [{name: ceph, pools: [{name: images-data, erasure_profile: none}, "+
				"{name: volumes-data, size: 3}, {name: vms-data, size: 3}, {name: backups-data, size: 3}]}]"),
		withSpec("pool-of-no-such-rule", nil, "clusters: [{name: ceph, pools: [{name: images, crush_rule: fast}]}]"),
		withSpec("home-is-another", bareHosts, goldenBare, "prepare: {authorize: {home: /srv/deploy}}"),
		withSpec("repository-of-apt-alone", nil, "layout: rdo\nprepare: {repository: {apt: \"https://mirror.example/ceph\", "+
			"key: \"-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nAAAA\\n-----END PGP PUBLIC KEY BLOCK-----\"}}"),
		withSpec("repository-of-dnf-alone", nil, "prepare: {repository: {dnf: \"https://mirror.example/ceph\", "+
			"key: \"-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nAAAA\\n-----END PGP PUBLIC KEY BLOCK-----\"}}"),
		withSpec("apis-left-out", nil, goldenNoAPIs),
		withSpec("disks-are-kept", nil, "hosts: [{name: compute1, disks: keep, services: [nova-compute]}, "+
			"{name: controller, services: [cinder-volume]}]\n"+
			"clusters: [{name: ceph}]\nglance: null\nbackup: null"),
		withSpec("direct-snapshots", nil, "nova: {direct_snapshots: true}"),
		withSpec("one-zone-until-ocata", nil, "release: ocata", zone),
		withSpec("moves-backups-until-ocata", holding("controller", "/etc/cinder/cinder.conf", "[DEFAULT]\n"),
			"release: ocata", zone),
		withSpec("profiles-before-luminous", jewel, "release: queens"),
		withSpec("rule-before-luminous", jewel, "release: newton\nclusters: [{name: ceph, caps: classic, "+
			"pools: [{name: images, pg_num: 8, crush_rule: ssd}, {name: volumes, pg_num: 8}]}]"),
		withSpec("data-pool-before-luminous", jewel, goldenErasure),
		withSpec("cluster-asked-on-a-host", clusterFaults()["unreachable"],
			"clusters: [{name: ceph, host: controller, access: ceph}]"),
		withSpec("repository-of-a-suite", nil, goldenPrepared,
			"prepare: {repository: {suite: reef, components: [main, test]}, guests: {account: \"qemu:kvm\", "+
				"options: {admin_socket: /var/run/guests/$pid.asok, log_file: \"\"}}}"),
		withSpec("login-as-root", nil, goldenBare, "ssh: {user: root, sudo: false}\nprepare: {sudo: null}"),
		withSpec("secrets-by-name", nil, "cinder: {backends: [{name: ceph, "+
			"secret_uuid: 11111111-2222-4333-8444-555555555555}]}\n"+
			"nova: {secret_uuid: 11111111-2222-4333-8444-555555555555}"),
		withSpec("default-profile", nil, goldenErasure, "clusters: [{name: ceph, erasure_profiles: [], pools: ["+
			"{name: images-data, erasure_profile: default}, {name: volumes-data, erasure_profile: default}, "+
			"{name: vms-data, erasure_profile: default}, {name: backups-data, size: 2}]}]"),
	}
}

// laterFindings come up when a cloud was integrated, and its Spec or the world
// changes.
func laterFindings() []goldenCase {
	const (
		specs = "cinder: {backends: [{name: ceph, volume_type: ceph, extra_specs: {multiattach: \"<is> True\"}}]}"
		zone  = "cinder: {backends: [{name: ceph, volume_type: ceph, availability_zone: az1}]}"
	)
	return []goldenCase{
		{name: "cloud-host-by-another-name", spec: []string{goldenExample},
			steps: []goldenStep{{world: anotherName, look: true}}},
		{name: "cloud-service-is-down", spec: []string{goldenExample},
			steps: []goldenStep{{}, {world: serviceIsDown, look: true}}},
		{name: "spec-type-with-volumes", spec: []string{goldenExample},
			steps: []goldenStep{{}, {spec: specs, world: withVolume}}},
		{name: "spec-type-without-volumes", spec: []string{goldenExample}, steps: []goldenStep{{}, {spec: specs}}},
		{name: "spec-zone-with-volumes", spec: []string{goldenExample},
			steps: []goldenStep{{}, {spec: zone, world: withVolume}}},
		{name: "spec-zone-without-apis", spec: []string{goldenExample},
			steps: []goldenStep{{}, {spec: zone, world: cloudFaults()["none"]}}},
		{name: "spec-zone-is-new", spec: []string{goldenExample}, steps: []goldenStep{{}, {spec: zone}}},
		{name: "spec-osds-are-lost", spec: []string{goldenExample, goldenErasure},
			steps: []goldenStep{{}, {world: erasureFaults()["too-few-osds"]}}},
		{name: "spec-secret-is-private", spec: []string{goldenExample}, steps: []goldenStep{{}, {world: privateSecret}}},
		{name: "spec-one-cluster-is-down", spec: []string{goldenExample, goldenTwoClusters},
			steps: []goldenStep{{world: secondIsDown}}},
	}
}

// withVolume makes a volume of the type of the backend.
func withVolume(t *testing.T, w *integratetest.World) {
	_, err := w.Cloud.CreateVolume(t.Context(), api.VolumeRequest{Name: "v", SizeGiB: 1, Type: "ceph"})
	require.NoError(t, err)
}

// privateSecret makes libvirt keep the value of a secret to itself.
func privateSecret(t *testing.T, w *integratetest.World) {
	all, err := w.Secrets["compute1"].List(t.Context())
	require.NoError(t, err)
	all[0].Private = true
	w.Libvirt["compute1"].Put(all[0])
}

// secondIsDown takes the second cluster away.
func secondIsDown(_ *testing.T, w *integratetest.World) {
	w.Ceph["ssd"].Fail = func(cephtest.Op) error { return ceph.ErrUnreachable }
}

// anotherName makes the APIs know a compute by another name than the Spec.
func anotherName(_ *testing.T, w *integratetest.World) {
	w.API.RemoveService("nova-compute", "compute1")
	w.API.AddService(api.ServiceRecord{Binary: "nova-compute", Host: "compute1.example.org", Enabled: true,
		Up: true})
}

func serviceIsDown(_ *testing.T, w *integratetest.World) {
	w.API.SetUp("nova-compute", "compute1", false)
}

// withSpec is a scenario of a Spec of its own.
func withSpec(name string, change spoil, spec ...string) goldenCase {
	return goldenCase{name: "spec-" + name, spec: append([]string{goldenExample}, spec...),
		steps: []goldenStep{{world: change}}}
}

// controllerFindings are about services that run on two controllers.
func controllerFindings() []goldenCase {
	const (
		ha    = "[DEFAULT]\ncluster = ha\n"
		locks = "[coordination]\nbackend_url = etcd3+http://203.0.113.5:2379\n"
		all   = "cinder: {backends: [{name: ceph, options: {backend_host: \"rbd:volumes\"}}]}"
		inUse = "enabled_backends = ceph\n[ceph]\nvolume_driver = cinder.volume.drivers.rbd.RBDDriver\n" +
			"volume_backend_name = ceph\nrbd_pool = volumes\nrbd_ceph_conf = /etc/ceph/ceph.conf\nrbd_user = cinder\n"
		ap = "backend_host = rbd:volumes\n"
	)
	cinderConf := func(first, second string) spoil {
		return both(holding("controller", "/etc/cinder/cinder.conf", first),
			holding("controller2", "/etc/cinder/cinder.conf", second))
	}
	return []goldenCase{
		withSpec("two-controllers", nil, goldenControllers),
		withSpec("two-controllers-old", cinderConf(ha, ha), goldenControllers, "release: queens"),
		withSpec("two-controllers-as-one", nil, goldenControllers, all),
		withSpec("two-controllers-one-locks", cinderConf(locks, "[DEFAULT]\n"), goldenControllers, all),
		withSpec("two-controllers-in-a-cluster", cinderConf(ha+locks, ha+locks), goldenControllers),
		withSpec("controllers-active-active", nil, goldenControllers, goldenCluster),
		withSpec("controllers-active-passive", waits, goldenStandby, all),
		withSpec("controllers-join-a-cluster", cinderConf("[DEFAULT]\n"+inUse, "[DEFAULT]\n"+inUse),
			goldenControllers, goldenCluster),
		withSpec("controllers-of-another-cluster", cinderConf(ha+inUse, ha+inUse), goldenControllers, goldenCluster,
			"cinder: {cluster: other}"),
		withSpec("controllers-of-one-name-join-a-cluster", cinderConf("[DEFAULT]\n"+inUse+ap, "[DEFAULT]\n"+inUse+ap),
			goldenControllers, goldenCluster),
		withSpec("controllers-of-a-cluster-get-one-name", cinderConf(ha+inUse, ha+inUse), goldenStandby, all),
		withSpec("standby-runs", nil, goldenStandby, all),
		withSpec("service-runs-elsewhere", takenOver, goldenStandby, all),
		withSpec("two-controllers-in-a-cluster-without-locks", cinderConf(ha, ha), goldenControllers),
		withSpec("two-controllers-in-a-cluster-under-one-name", cinderConf(ha+locks, ha+locks), goldenControllers, all),
	}
}

// jewel is a cluster from before Luminous.
func jewel(_ *testing.T, w *integratetest.World) {
	w.Ceph["ceph"].Release, w.Ceph["ceph"].Version = "jewel", "10.2.11"
}
