package integrate_test

// goldenFaults are Specs that cannot be meant. The last document of each has the
// faults.
func goldenFaults() [][]string {
	all := [][]string{{"{}"}, {"clusters: [{name: ceph}]\nrelease: zed\nhosts: [{name: a}]\ncinder: {backends: []}"}}
	for _, text := range append(serviceFaults(), prepareFaults()...) {
		all = append(all, []string{goldenExample, text})
	}
	return all
}

// serviceFaults are of releases, hosts, clusters and services.
func serviceFaults() []string {
	return []string{
		"release: atlantis\npackages: maybe\nlayout: gentoo",
		"hosts: [{name: a b}, {name: a, services: [nova-computer, nova-compute, nova-compute]}, {name: a, " +
			"disks: floppy, address: \"10.0.0.1:x\"}]",
		"ssh: {jump: \"ops@bastion:99999999\", timeouts: {connect: \"10\", handshake: 1ns, authenticate: 24h, " +
			"retry: 0s, idle: 9s}}",
		"ssh: {jump: \"@bastion\", user: a b, entry: {user: a b}}",
		"clusters: [{name: ceph, host: nowhere, access: rados, caps: modern, min_client: reef}, {name: ceph, " +
			"access: ceph}, {name: a/b}]",
		"clusters: [{name: ceph, pools: [{name: im ages}, {name: images, size: 1, min_size: 2, " +
			"pg_autoscale_mode: maybe, pg_num: -1}, {name: images}, {name: volumez}]}]",
		"clusters: [{name: ceph, conf: {global: {fsid: x, mon host: x, \"a=b\": c}, client.cinder: {keyring: /x}, " +
			"client: {key: AQ, a: \"b\\nc\", rbd_default_data_pool: x}, \"cli]ent\": {a: b}}}]",
		"glance: {cluster: none, user: client.glance}\nbackup: {user: cinder}",
		"glance: {user: admin, store: http, stores: [{name: \"\"}, {name: HTTP}, {name: b, cluster: none}, {name: c, " +
			"user: cinder}]}",
		"release: queens\nglance: {stores: [{name: b, pool: other}]}",
		"cinder: {backends: [{name: ceph}, {name: CEPH}, {name: database}, {name: DEFAULT}, {name: \"a b\"}]}",
		"cinder: {backends: [{name: ceph, options: {rbd_pool: other}}]}",
		"cinder: {backends: [{name: ceph, options: {k: \"x\\ny\"}}]}",
		"cinder: {backends: [{name: ceph, options: {rbd_max_clone_depth: many}}]}",
		"cinder: {backends: [{name: ceph, options: {rbd_exclusive_cinder_pool: maybe}}]}",
		"cinder: {backends: [{name: ceph, secret_uuid: 457EB676}]}\n" +
			"nova: {user: nova, secret_uuid: 457eb676-33da-42ec-9a8c-9293d545c337}",
		"cinder: {backends: [{name: ceph, secret_uuid: 11111111-2222-4333-8444-555555555555}]}\n" +
			"nova: {user: nova, secret_uuid: 11111111-2222-4333-8444-555555555555}",
		"cinder: {backends: [{name: ceph, secret_uuid: 11111111-2222-4333-8444-555555555555}]}\n" +
			"nova: {secret_uuid: 11111111-2222-4333-8444-666666666666}",
		"cinder: {backends: [{name: a, volume_type: t}, {name: b, volume_type: t}, {name: c, extra_specs: {a: b}}, " +
			"{name: d, volume_type: d, extra_specs: {volume_backend_name: x, \"a=b\": c, d: \"\"}}]}",
		"release: newton\ncinder: {backends: [{name: DEFAULT, volume_type: t}]}",
		"release: ocata\ncinder: {backends: [{name: a, availability_zone: az1}, {name: b, availability_zone: az2}]}",
		"cinder: {backends: [{name: a, availability_zone: \"a z\"}, {name: b, " +
			"options: {backend_availability_zone: az3}, availability_zone: az1}]}",
		"clusters: [{name: ceph, erasure_profiles: [{name: \"\", k: 1, m: 0}, {name: a, k: 2, m: 1}, {name: a, k: 2, " +
			"m: 1}], " +
			"pools: [{name: images, erasure_profile: a}, {name: volumes-data, erasure_profile: a, size: 3, min_size: 9}]}]\n" +
			"cinder: {backends: [{name: ceph, data_pool: volumes-data}]}\nglance: {data_pool: vms}\n" +
			"backup: {data_pool: unknown}\n" +
			"nova: {data_pool: images-data, direct_snapshots: true}",
		"clusters: [{name: ceph, caps: classic, pools: [{name: images-data, size: 3}]}]\nglance: {data_pool: images-data}",
	}
}

// prepareFaults are of layouts, and of hosts that are to be prepared.
func prepareFaults() []string {
	const key = `"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"`
	return []string{
		"ssh: {user: root}\nprepare: {authorize: {home: home/x, keys: []}, sudo: {}}",
		"ssh: {user: deploy, entry: {user: x, key_files: [k]}}\n" +
			"prepare: {authorize: {keys: [ssh-dss AAAA x, \"-----BEGIN OPENSSH PRIVATE KEY-----\", " +
			"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAg==]}, sudo: {}}",
		"prepare: {sudo: {}}",
		"ssh: {user: a b}\nprepare: {sudo: {}, " +
			"authorize: {keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f, " +
			"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f]}}",
		"prepare: {guests: {options: {admin socket: /run/$pid/x.asok, log_file: /var/log/x.log}}}",
		"prepare: {guests: {options: {admin socket: /run/x.asok, log_file: /etc/x.log}}}",
		"prepare: {repository: {key: " + key + "}}",
		// One fault of apt and dnf at a time, as their order is not fixed.
		"prepare: {repository: {apt: mirror.example, suite: a b, components: [\"a\\nb\"], key: AAAA}}",
		"prepare: {repository: {dnf: \"https://a b\", key: " + key + "}}",
		"prepare: {repository: {apt: \"https://ops:pass-word@mirror.example/ceph\", key: " + key + "}}",
		"prepare: {guests: {account: qemu, options: {admin socket: run/x.asok, log_file: /var/log/x.log, " +
			"keyring: /etc/x, rbd cache: \"true\", " +
			"rbd_cache: \"false\", \"a\\nb\": \"1\", debug rbd: \"1\\n[global]\"}}}",
		"layout: kolla\nrelease: zed",
		"layout: kolla\nrelease: \"2023.1\"\nclusters: [{name: ceph, min_client: 18.2.0}]\n" +
			"prepare: {guests: {}, repository: {apt: \"https://download.ceph.com/debian-reef\", key: " + key + "}}",
		"layout: rdo\nrelease: havana",
		"layout: debian\nrelease: havana",
		"layout: upstart\nrelease: newton",
		"layout: upstart\nrelease: mitaka\nprepare: {guests: {}, " +
			"repository: {apt: \"https://download.ceph.com/debian-hammer\", key: " + key + "}}",
	}
}
