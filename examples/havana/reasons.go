package main

// A difference is why lines of the plan, or of the guide, have no counterpart:
// those that begin with the mark and the step, and have a text in them.
type difference struct{ begins, has, why string }

// differences are looked through in order; the first that fits counts.
func differences() []difference {
	const (
		rule   = "a file of cephstack's own, checked by visudo before it counts"
		apt    = "prepare.repository needs apt 1.4, and 12.04 has an older one: the repository is made known by hand"
		modes  = "root owns a keyring, and the service's group reads it: the service cannot change it, nobody else reads it"
		stdin  = "the key goes to virsh on its standard input, never into a file"
		usage  = "two clusters may both have a client.cinder, and libvirt has each usage once"
		backup = "the guide's author left cinder-backup on Ceph out, as it did not work for him; in Havana the driver " +
			"is named by its module"
	)
	return []difference{
		{"- 3", "sudoers.d", rule},
		{"+ 3", "sudoers.d", rule},
		{"- 4", "apt-key", apt},
		{"- 4", "ceph.list", apt},
		{"+ 7 compute", "tee", "programs on a compute log in to Ceph by a keyring, as QEMU does by libvirt's secret"},
		{"- 7", "chown", modes},
		{"+ 7", "chown", modes},
		{"+ 7", "chmod", modes},
		{"- 8", "client.cinder.key", stdin},
		{"- 9", "client.cinder.key", stdin},
		{"- 9", "usage name", usage},
		{"+ 9", "usage name", usage},
		{"+ 10", "rbd_store_ceph_conf", "the default by then, written down"},
		{"+ 10", "rbd_store_chunk_size", "the default by then, written down"},
		{"+ 10", "show_image_direct_url", "without it Cinder copies whole images in place of cloning them"},
		{"+ 11", "backup", backup},
		{"+ 11", "restore_discard_excess_bytes", backup},
		{"+ 12", "[client.keyring]", "one ceph.conf for all hosts"},
		{"+ 12", "[client.", "a section for each user, which is how Ceph finds a keyring"},
		{"- 13", "glance-control", "the init system restarts it, so that its state can be read afterwards"},
		{"+ 13", "glance-api", "the init system restarts it, so that its state can be read afterwards"},
	}
}
