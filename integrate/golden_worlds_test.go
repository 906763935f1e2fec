package integrate_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/integratetest"
	"github.com/cephstack/cephstack/remote"
)

// Specs of the scenarios. Each document is added to the ones before it.
const (
	goldenExample = `
release: zed
packages: install
clusters: [{name: ceph, pools: [{name: images, pg_num: 16}]}]
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, services: [nova-compute]}
  - {name: compute2, services: [nova-compute]}
glance: {}
cinder: {backends: [{name: ceph, volume_type: ceph}]}
backup: {}
nova: {}
`
	goldenSecondCluster = `
clusters:
  - name: ceph
    host: ceph01
    access: ceph
    pools:
      - {name: images, pg_num: 16}
      - {name: volumes, pg_num: 16}
      - {name: backups, pg_num: 16}
      - {name: vms, pg_num: 16}
  - name: west
    host: ceph01
    erasure_profiles: [{name: k2m1, k: 2, m: 1, failure_domain: osd}]
    pools:
      - {name: images, pg_num: 16}
      - {name: volumes, pg_num: 16}
      - {name: images-data, pg_num: 16, erasure_profile: k2m1}
      - {name: volumes-data, pg_num: 16, erasure_profile: k2m1}
glance:
  stores: [{name: west, cluster: west, pool: images, user: glance, data_pool: images-data}]
cinder:
  backends:
    - {name: ceph, pool: volumes, user: cinder, volume_type: ceph}
    - name: west
      cluster: west
      pool: volumes
      user: cinder-west
      data_pool: volumes-data
      volume_type: west
      availability_zone: west
      extra_specs: {"RESKEY:availability_zones": west}
`
	goldenTwoClusters = `
clusters: [{name: hdd}, {name: ssd}]
cinder:
  backends:
    - {name: slow, volume_type: slow, availability_zone: az1}
    - {name: fast, cluster: ssd, volume_type: fast, availability_zone: az2}
    - {name: safe, pool: safe, user: safe, volume_type: safe, availability_zone: az1}
glance:
  store: slow
  stores: [{name: fast, cluster: ssd}, {name: safe, pool: safe-images, user: glance-safe}]
backup: {cluster: ssd}
nova: {user: nova}
`
	goldenErasure = `
clusters:
  - name: ceph
    erasure_profiles: [{name: k4m2, k: 4, m: 2, failure_domain: osd, device_class: hdd}]
    pools:
      - {name: images-data, erasure_profile: k4m2}
      - {name: volumes-data, erasure_profile: k4m2, min_size: 5}
      - {name: vms-data, erasure_profile: k4m2, max_bytes: 1099511627776, max_objects: 1000000}
      - {name: backups-data, size: 2, pg_autoscale_mode: warn}
    conf: {client: {"rbd cache": "true"}, global: {debug_rbd: "0"}}
glance: {data_pool: images-data}
cinder: {backends: [{name: ceph, volume_type: ceph, data_pool: volumes-data, options: {rbd_max_clone_depth: "3"}}]}
backup: {data_pool: backups-data}
nova: {user: nova, data_pool: vms-data}
`
	goldenBare = `
ssh: {user: deploy, sudo: true, entry: {user: installer, password_file: password}}
prepare:
  authorize:
    keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operator@example]
  sudo: {}
`
	goldenPrepared = `
clusters: [{name: ceph, min_client: 16.2.10}]
prepare:
  repository:
    apt: https://mirror.example/ceph
    dnf: https://mirror.example/el$releasever
    key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
  guests: {options: {rbd cache: "", debug_rbd: "1"}}
`
	goldenKolla = `
release: "2023.1"
layout: kolla
packages: check
nova: {user: nova}
`
	goldenMixed = `
release: "2025.1"
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: controller2, layout: rdo, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, layout: kolla, services: [nova-compute]}
  - {name: compute2, layout: rdo, disks: ceph, services: [nova-compute]}
  - {name: compute3, disks: keep, services: [nova-compute]}
nova: {user: nova, direct_snapshots: true}
` + goldenCluster
)

// specFile reads a Spec file of the examples. The paths in it are left as they are.
func specFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// goldenScenarios are those that are recorded whole.
func goldenScenarios(t *testing.T) []goldenCase {
	lab := specFile(t, "../examples/lab/cloud.yaml")
	once := []goldenStep{{}}
	all := []goldenCase{
		{name: "lab", spec: []string{lab}, steps: once},
		{name: "lab-second-cluster", spec: []string{lab, goldenSecondCluster}, steps: once},
		{name: "two-clusters", spec: []string{goldenExample, goldenTwoClusters}, steps: once},
		{name: "erasure-coded", spec: []string{goldenExample, goldenErasure}, steps: once},
		{name: "bare-hosts", spec: []string{goldenExample, goldenBare}, steps: []goldenStep{{world: bareHosts}}},
		{name: "bare-hosts-narrow", spec: []string{goldenExample, goldenBare, "prepare: {sudo: {narrow: true}}"},
			steps: []goldenStep{{world: bareHosts}}},
		{name: "bare-hosts-prepared", spec: []string{goldenExample, goldenPrepared, goldenBare},
			steps: []goldenStep{{world: both(bareHosts, oldClientsEverywhere)}}},
		{name: "prepared-hosts", spec: []string{goldenExample, goldenPrepared},
			steps: []goldenStep{{world: oldClientsEverywhere}}},
		{name: "prepared-hosts-rdo", spec: []string{goldenExample, goldenPrepared, "layout: rdo"},
			steps: []goldenStep{{world: oldClientsEverywhere}}},
		{name: "havana", spec: []string{specFile(t, "../examples/havana/cloud.yaml")}, steps: []goldenStep{{world: havana}}},
		{name: "mixed-layouts", spec: []string{goldenExample, goldenMixed}, steps: once},
		{name: "classic-caps", spec: []string{goldenExample,
			"release: queens\nclusters: [{name: ceph, caps: classic, pools: [{name: images, pg_num: 8}]}]"}, steps: once},
		{name: "drift", spec: []string{goldenExample}, steps: []goldenStep{{}, {world: drifted}}},
		{name: "drift-kolla", spec: []string{goldenExample, goldenKolla},
			steps: []goldenStep{{}, {world: driftedContainers}}},
		{name: "drift-prepared", spec: []string{goldenExample, goldenPrepared, goldenBare},
			steps: []goldenStep{{world: bareHosts}, {world: driftedPreparation}}},
		{name: "retired", spec: []string{lab}, steps: []goldenStep{{}, {spec: "retire: true"}}},
		{name: "brownfield-cluster", spec: []string{goldenExample, goldenErasure},
			steps: []goldenStep{{world: brownfieldCluster}}},
		{name: "brownfield-hosts", spec: []string{goldenExample}, steps: []goldenStep{{world: brownfieldHosts}}},
		{name: "brownfield-kolla", spec: []string{goldenExample, goldenKolla},
			steps: []goldenStep{{world: brownfieldContainers}}},
	}
	for layout, releases := range map[string][]string{
		"debian":  {"icehouse", "queens", "2026.2"},
		"rdo":     {"icehouse", "train", "2026.2"},
		"upstart": {"havana", "juno", "mitaka"},
		"kolla":   {"2023.1", "2024.2", "2026.2"},
	} {
		for _, release := range releases {
			spec := []string{goldenExample, "layout: " + layout + "\nrelease: \"" + release + "\""}
			all = append(all, goldenCase{name: "layout-" + layout + "-" + release, spec: spec, steps: once})
		}
	}
	return all
}

// both makes two changes of a world into one.
func both(a, b func(*testing.T, *integratetest.World)) func(*testing.T, *integratetest.World) {
	return func(t *testing.T, w *integratetest.World) { a(t, w); b(t, w) }
}

// do runs operations on a host of the world.
func do(t *testing.T, w *integratetest.World, host string, ops ...remote.Op) {
	t.Helper()
	results, err := w.Machines[host].Do(t.Context(), ops...)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
	}
}

// addFile puts a file on a host of the world.
func addFile(w *integratetest.World, host, path, text string) {
	w.Machines[host].AddFile(path, []byte(text), 0o640)
}

// bareHosts makes all hosts let nobody in but by their entry.
func bareHosts(_ *testing.T, w *integratetest.World) {
	for name := range w.Machines {
		w.Bare(name)
	}
}

// oldClientsEverywhere gives each host an old client of Ceph, and its repositories
// a newer one.
func oldClientsEverywhere(_ *testing.T, w *integratetest.World) {
	for _, m := range w.Machines {
		for _, name := range []string{"ceph-common", "librbd1"} {
			m.AddPackage(name, "2:16.2.9-1", true)
			m.AddPackage(name, "2:17.2.6-1", false)
		}
	}
}

// havana is the cloud as the guide of examples/havana found it.
func havana(_ *testing.T, w *integratetest.World) {
	addFile(w, "controller", "/etc/glance/glance-api.conf", "[DEFAULT]\ndefault_store = file\n")
	for _, m := range w.Machines {
		m.RemoveDir("/etc/ceph")
	}
	w.Ceph["ceph"].Release, w.Ceph["ceph"].Version = "firefly", "0.80.11"
	w.Bare("controller")
	w.Bare("compute")
}

// fixedKey is a key of type aes that is the same in each run.
func fixedKey(t *testing.T) ceph.Key {
	t.Helper()
	key, err := ceph.ParseKey("AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==")
	require.NoError(t, err)
	return key
}
