package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate"
)

// An oddity is something that brownfield by-hand put into the cloud, and how a plan names it: by a
// finding with a code, or by a change whose kind is in code.
type oddity struct {
	what   string
	code   string
	target string
	words  []string
}

// oddities are those of files/brownfield-by-hand-*.
func oddities() []oddity {
	return []oddity{
		{"pools without an application", "pool", "ceph", []string{"pool/ceph/volumes", "application"}},
		{"rights of before there were profiles, and a foreign clause, which stays", "user", "ceph",
			[]string{"client.glance", "allow rwx pool=images", "allow r pool=operator-data"}},
		{"a right that no daemon can parse", "caps-unreadable", "ceph", []string{"client.cinder", "allow the whole rbd",
			"run `ceph auth caps client.cinder mon "}},
		{"Nova may write images", "rights-are-taken", "ceph", []string{"client.nova-compute", "pool images",
			"set direct_snapshots: true for nova"}},
		{"ceph.conf is a symlink", "file-is-symlink", "controller", []string{"/etc/ceph/ceph.conf", "/srv/storage/ceph.conf",
			"run `cp -p"}},
		{"a keyring whose last line does not end", "file", "controller", []string{"client.cinder-backup.keyring",
			"Ceph cannot read the file"}},
		{"one store of Glance in Ceph, by the old options", "settings", "controller", []string{"glance-api.conf",
			"enabled_backends", "file:file,http:http,rbd:rbd"}},
		{"a backend by another name than its section", "backend-name-in-use", "controller", []string{"[ceph]",
			"set volume_backend_name: RBD_SSD for backend ceph"}},
		{"a volume type that is bound to that name", "volume-type-of-another-backend", "cloud", []string{"volume type ceph",
			"RBD_SSD"}},
		{"a backend in Cinder's default pool", "pool-in-use", "controller", []string{"[slow]", "rbd_pool = rbd (the default)",
			"set pool: rbd for backend slow"}},
		{"a libvirt secret of another UUID, which Cinder names", "secret-in-use", "compute1", []string{"client.cinder secret",
			"set secret_uuid: 8f2c1f3e-0d5b-4c39-9a41-2f8f7f0b6a14 for backend ceph"}},
		{"VMs run with another user and another secret", "user-in-use", "compute1", []string{"rbd_user = nova-compute",
			"by-hand-vm", "set user: nova-compute and secret_uuid: 3f0b7e52-6c1a-4f0e-8d2b-5e9a4c7d1b60 for nova"}},
		{"a keyfile that is before the keyring", "conf-bypasses", "compute1", []string{"keyfile", "[client]"}},
		{"an option that a later file sets", "settings-overridden", "compute1", []string{"hw_disk_discard",
			"/etc/nova/nova-compute.conf"}},
		{"a ceph.conf that Ceph cannot read", "file", "compute2", []string{"ceph.conf", "Ceph cannot read the file"}},
		{"the words of a command that failed, in place of a keyring", "not-a-keyring", "compute2", []string{
			"client.nova-compute.keyring", "run `mv -- /etc/ceph/ceph.client.nova-compute.keyring "}},
		{"a monitor in [client] that went away", "file", "compute2", []string{"[client] mon_host", "10.221.0.99"}},
		{"a unit that systemd gave up", "unit", "controller", []string{"cinder-backup.service", "restart"}},
	}
}

// named reports whether a plan names the oddity.
func (o oddity) named(p *integrate.Plan) bool {
	has := func(text string) bool {
		return !slices.ContainsFunc(o.words, func(word string) bool { return !strings.Contains(text, word) })
	}
	return slices.ContainsFunc(p.Findings, func(f integrate.Finding) bool {
		return f.Code == o.code && f.Target == o.target && has(f.Object+" "+f.Message)
	}) || slices.ContainsFunc(p.Changes, func(c integrate.Change) bool {
		text := fmt.Sprint(c.ID, " ", c.Action, " ", c.Reason)
		for _, d := range c.Diffs {
			text += fmt.Sprint(" ", d.Field, " ", d.Observed, " ", d.Desired)
		}
		return c.Kind == o.code && c.Target == o.target && has(text)
	})
}
