package kind_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/cephstack/cephstack/integrate/spec"
)

// Documents of which the Specs of the suite are made. Each document is added to the
// documents before it; a list replaces the list before it.
const (
	plainCloud = `
release: zed
packages: install
clusters: [{name: ceph, pools: [{name: images, pg_num: 16}]}]
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, services: [nova-compute]}
glance: {}
cinder: {backends: [{name: ceph, volume_type: ceph}]}
backup: {}
nova: {}
`
	twoClusters = `
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
	dataPools = `
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
	wayIn = `
ssh: {user: deploy, sudo: true, entry: {user: installer, password_file: password}}
prepare:
  authorize:
    keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operator@example]
  sudo: {narrow: true}
`
	byHelper = `
ssh: {user: deploy, sudo: true, entry: {user: installer, password_file: password}}
prepare: {sudo: {helper: true}}
`
	preparation = `
clusters: [{name: ceph, min_client: 16.2.10}]
prepare:
  repository:
    apt: https://mirror.example/ceph
    dnf: https://mirror.example/el$releasever
    key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
  guests: {options: {rbd cache: "", debug_rbd: "1"}}
`
	inContainers = `
release: "2023.1"
layout: kolla
packages: check
nova: {user: nova}
`
	mixedLayouts = `
release: "2025.1"
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: controller2, layout: rdo, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, layout: kolla, services: [nova-compute]}
  - {name: compute2, layout: rdo, disks: ceph, services: [nova-compute]}
  - {name: compute3, disks: keep, services: [nova-compute]}
nova: {user: nova, direct_snapshots: true}
cinder: {cluster: ha, coordination: "etcd3+http://203.0.113.5:2379"}
`
	oldCloud = `
release: queens
clusters: [{name: ceph, caps: classic, remove_foreign_caps: true, pools: [{name: images, pg_num: 8}]}]
`
	typedVolumes = `
cinder:
  backends:
    - {name: ceph, volume_type: ceph, availability_zone: az1, extra_specs: {multiattach: "<is> True"}}
`
	retiring = `
hosts:
  - {name: controller, services: [glance-api, cinder-volume, cinder-backup]}
  - {name: compute1, services: [nova-compute]}
  - {name: compute2, services: [nova-compute], retire: [nova-compute]}
backup: {retire: true}
cinder: {backends: [{name: ceph, volume_type: ceph}, {name: old, pool: old, user: old, volume_type: old, retire: true}]}
`
	withoutNova = "nova: null\nhosts: [{name: controller, services: [glance-api, cinder-volume, cinder-backup]}]\n"
	imagesAlone = "cinder: null\nbackup: null\nnova: null\nhosts: [{name: controller, services: [glance-api]}]\n"
)

// specs are the Specs of the suite, by name: each kind has resources in one of them.
func specs(t *testing.T) map[string]spec.Spec {
	t.Helper()
	all := map[string]spec.Spec{}
	for name, documents := range map[string][]string{
		"plain":          {plainCloud},
		"two clusters":   {plainCloud, twoClusters},
		"data pools":     {plainCloud, dataPools},
		"way in":         {plainCloud, wayIn},
		"preparation":    {plainCloud, preparation, wayIn},
		"helper":         {plainCloud, byHelper},
		"rdo":            {plainCloud, preparation, "layout: rdo"},
		"upstart":        {plainCloud, "layout: upstart\nrelease: juno"},
		"containers":     {plainCloud, inContainers},
		"mixed layouts":  {plainCloud, mixedLayouts},
		"classic rights": {plainCloud, oldCloud},
		"typed volumes":  {plainCloud, typedVolumes},
		"retiring":       {plainCloud, retiring},
		"without nova":   {plainCloud, withoutNova},
		"images alone":   {plainCloud, imagesAlone},
	} {
		all[name] = parse(t, documents...)
	}
	return all
}

// parse reads the documents of a Spec, which must be valid.
func parse(t *testing.T, documents ...string) spec.Spec {
	t.Helper()
	var s spec.Spec
	for _, text := range documents {
		d := yaml.NewDecoder(strings.NewReader(text))
		d.KnownFields(true)
		require.NoError(t, d.Decode(&s), "%s", text)
	}
	require.NoError(t, s.Validate())
	return s
}
