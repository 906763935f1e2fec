package main

// A deviation is what somebody changes by hand.
type deviation struct {
	what, host, script string
	items              []string // the IDs of what drift has to find because of it, and of nothing else
}

// deviations are changes that somebody makes to an integrated lab, one for each sort of thing that cephstack keeps.
// Services with a new configuration owe a restart anyway, and do not tell of another reason for it: hence the rounds.
func deviations() [][]deviation {
	return [][]deviation{firstRound(), secondRound()}
}

func firstRound() []deviation {
	return []deviation{
		{"a pool has other placement groups", "ceph01", "ceph osd pool set backups pg_num 32", []string{"pool/ceph/backups"}},
		{"a pool is of no application", "ceph01", "ceph osd pool application disable images rbd --yes-i-really-mean-it",
			[]string{"pool/ceph/images"}},
		{"a user has no rights in pools", "ceph01",
			"ceph auth caps client.glance mon 'profile rbd'",
			[]string{"user/ceph/client.glance"}},
		{"a user has fewer rights", "ceph01", "ceph auth caps client.cinder-backup mon 'profile rbd'",
			[]string{"user/ceph/client.cinder-backup"}},
		{"a keyring can be read by all", "controller", "chmod 0644 /etc/ceph/ceph.client.glance.keyring",
			[]string{"file/controller//etc/ceph/ceph.client.glance.keyring"}},
		{"a keyring has another key", "controller",
			"printf '[client.cinder-backup]\\n\\tkey = AQBUo2NmAAAAABAAq8RvDH5xkV4LmHNNbGDZrw==\\n' >" + backupKeyring,
			[]string{"file/controller/" + backupKeyring}},
		{"a keyring is gone", "compute2", "rm /etc/ceph/ceph.client.cinder.keyring",
			[]string{"file/compute2//etc/ceph/ceph.client.cinder.keyring"}},
		{"a keyring belongs to somebody else", "compute1", "chgrp root /etc/ceph/ceph.client.cinder.keyring",
			[]string{"file/compute1//etc/ceph/ceph.client.cinder.keyring"}},
		{"ceph.conf names another monitor", "compute1", "sed -i 's/^mon_host.*/mon_host = 10.221.0.99/' /etc/ceph/ceph.conf",
			[]string{"file/compute1//etc/ceph/ceph.conf"}},
		{"ceph.conf cannot be read by all", "controller", "chmod 0600 /etc/ceph/ceph.conf",
			[]string{"file/controller//etc/ceph/ceph.conf"}},
		{"a secret has another value", "compute1", uuidOfSecret + setWrongValue,
			[]string{"secret/compute1/ceph.client.cinder"}},
		{"a secret is gone", "compute2", uuidOfSecret + `virsh -q secret-undefine "$uuid"`,
			[]string{"secret/compute2/ceph.client.cinder"}},
		{"an option has another value", "compute1", "sed -i 's/^images_type *=.*/images_type = qcow2/' /etc/nova/nova.conf",
			[]string{"settings/compute1//etc/nova/nova.conf"}},
		{"an option is gone", "compute1", "sed -i '/^rbd_secret_uuid *=/d' /etc/nova/nova.conf",
			[]string{"settings/compute1//etc/nova/nova.conf"}},
		{"an option of a store is gone", "controller", "sed -i '/^rbd_store_user *=/d' /etc/glance/glance-api.conf",
			[]string{"settings/controller//etc/glance/glance-api.conf"}},
		{"a volume type is gone", "", "", []string{"volume-type/cloud/ceph"}},
		{"a package is gone", "compute1", "DEBIAN_FRONTEND=noninteractive dpkg --force-depends -r ceph-common",
			[]string{"packages/compute1/ceph-clients"}},
	}
}

func secondRound() []deviation {
	return []deviation{
		{"services have not read their file", "controller", "echo '# read me' >>/etc/cinder/cinder.conf",
			[]string{"unit/controller/cinder-backup.service", "unit/controller/cinder-volume.service"}},
		{"a service does not run", "compute2", "systemctl stop nova-compute", []string{"unit/compute2/nova-compute.service"}},
		{"a user may no longer write a pool", "ceph01",
			"ceph auth caps client.cinder mon 'profile rbd' osd 'profile rbd pool=volumes'",
			[]string{"user/ceph/client.cinder"}},
		{"another pool is of no application", "ceph01",
			"ceph osd pool application disable vms rbd --yes-i-really-mean-it", []string{"pool/ceph/vms"}},
	}
}
