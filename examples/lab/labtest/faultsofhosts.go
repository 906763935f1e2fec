package main

import (
	"context"
	"fmt"
	"strings"
)

// faultsOfHosts are faults of hosts, of credentials and of what runs.
func (d *dayTwo) faultsOfHosts() []fault {
	first, second := d.ws.all[0], d.ws.all[1]
	const cinder, glance, nova = "/etc/cinder/cinder.conf", "/etc/glance/glance-api.conf", "/etc/nova/nova.conf"
	caps := func(what, user, mgr, osd, want string) fault {
		save := "/run/labtest." + user
		return fault{what: what, host: "ceph01", plant: "set -e; ceph auth get " + user + " >" + save + " 2>/dev/null; " +
			"ceph auth caps " + user + " mon 'profile rbd' mgr " + quote(mgr) + " osd " + quote(osd) + " 2>&1",
			back: "set -e; ceph auth import -i " + save + " 2>&1; rm " + save, want: []string{want}}
	}
	return []fault{
		caps("a user may write a pool of another", "client.glance", "profile rbd pool=images",
			"profile rbd pool=images, profile rbd pool=vms", "rights-wider user client.glance"),
		caps("a user lacks a right", "client.cinder-backup", "profile rbd pool=backups",
			"profile rbd-read-only pool=backups", "rights-narrower user client.cinder-backup"),
		{what: "a user that the Spec does not know", host: "ceph01",
			plant: "ceph auth get-or-create client.intern mon 'profile rbd' osd 'profile rbd pool=volumes' >/dev/null 2>&1",
			back:  "ceph auth rm client.intern 2>&1", want: []string{"user-unknown-writes user client.intern"}},
		{what: "clients may take over what others are", host: "ceph01",
			plant: "ceph config set mon auth_allow_insecure_global_id_reclaim true; " + healthSoon("grep -q"),
			back:  "ceph config set mon auth_allow_insecure_global_id_reclaim false; " + healthSoon("! grep -q"),
			want:  []string{"insecure-global-id auth_allow_insecure_global_id_reclaim"}},
		{what: "a keyring for everybody", host: "controller", plant: "set -e; stat -c %a " + backupKeyring +
			" >/run/labtest.mode; chmod 0644 " + backupKeyring, back: "set -e; chmod $(cat /run/labtest.mode) " + backupKeyring,
			want: []string{"keyring-for-everybody controller " + backupKeyring}},
		edited("tokens of services are not looked at", cinder, "/^service_token_roles_required/s/true/false/",
			"unchecked-tokens controller [keystone_authtoken] service_token_roles_required of cinder-volume"),
		edited("users may change where images are", glance, "/^\\[DEFAULT\\]/a show_multiple_locations = True",
			"exposed-locations controller [DEFAULT] show_multiple_locations of glance-api"),
		edited("Nova sends no token of its own", nova, "/^send_service_user_token/s/true/false/",
			"no-service-token compute1 [service_user] send_service_user_token of nova-compute"),
		{what: "a secret of a guide", host: "compute1", plant: "set -e; cat >/run/s.xml <<'X'\n" +
			"<secret ephemeral='no' private='no'><uuid>" + guideUUID + "</uuid><usage type='ceph'>" +
			"<name>client.cinder secret</name></usage></secret>\nX\nvirsh -q secret-define /run/s.xml; rm /run/s.xml",
			back: "virsh -q secret-undefine " + guideUUID,
			want: []string{"example-uuid libvirt secret " + guideUUID}},
		{what: "a secret has another value on one compute", host: "compute2", plant: "set -e; " + uuidOfSecret +
			`virsh -q secret-get-value "$uuid" >/run/labtest.secret; ` + setWrongValue, back: "set -e; " + uuidOfSecret +
			`virsh -q secret-set-value "$uuid" --file /run/labtest.secret; rm /run/labtest.secret`,
			want: []string{"secrets-differ libvirt secret *", "domain-secret-wrong compute2 domain " + second.id + " *"}},
		{what: "a guest names a monitor that is gone", host: "compute1",
			plant: monitorOfGuest(first.id, monitor, goneMonitor), back: monitorOfGuest(first.id, goneMonitor, monitor),
			want: []string{"domain-monitors-gone compute1 domain " + first.id + " *"}},
		{what: "a guest keeps an old librados in memory", host: "compute2", plant: "set -e; for f in $(find /usr/lib " +
			"-type f -name 'librados.so.2*' -o -type f -name 'libceph-common.so.2*'); do cp -p $f $f.new; mv $f.new $f; done",
			back: "true",
			want: []string{"process-keeps-old-librados compute2 librados *"}, mend: d.renewCompute2},
	}
}

const (
	guideUUID     = "457eb676-33da-42ec-9a8c-9293d545c337"
	monitor       = "10.221.0.11"
	setWrongValue = `printf %s QVFCemNtbDBJR2x6SUc1dmRDQmhJR3RsZVNCdlppQmg= >/run/v; ` +
		`virsh -q secret-set-value "$uuid" --file /run/v; rm /run/v`
	goneMonitor   = "10.221.0.99"
	uuidOfSecret  = `uuid=$(virsh -q secret-list | awk '/[0-9a-f] client.cinder secret/{print $1}'); [ -n "$uuid" ]; `
	backupKeyring = "/etc/ceph/ceph.client.cinder-backup.keyring"
)

// healthSoon waits until the health of the cluster has, or has not, what tells of clients that prove nothing.
func healthSoon(grep string) string {
	return "for i in $(seq 60); do ceph health detail | { " + grep + " AUTH_INSECURE_GLOBAL_ID_RECLAIM; } && exit 0; " +
		"sleep 1; done; exit 1"
}

// edited is a fault in the file of a service, of which a copy is kept.
func edited(what, file, sed, want string) fault {
	host := strings.Fields(want)[1]
	kept := "/run/labtest." + file[strings.LastIndex(file, "/")+1:]
	const back = "set -e; cat %[2]s >%[1]s; rm %[2]s"
	const plant = "set -e; cp -p %[1]s %[2]s; sed -i %[3]s %[1]s; ! cmp -s %[1]s %[2]s"
	return fault{what: what, host: host, plant: fmt.Sprintf(plant, file, kept, quote(sed)),
		back: fmt.Sprintf(back, file, kept), want: []string{want}}
}

func monitorInRow(volume, from, to string) string {
	return fmt.Sprintf("UPDATE cinder.volume_attachment SET connection_info = REPLACE(connection_info, '%s', '%s') "+
		"WHERE volume_id = '%s' AND deleted = 0", from, to, volume)
}

// monitorOfGuest changes what libvirt believes of a guest that runs: libvirt reads the file when it starts.
func monitorOfGuest(guest, from, to string) string {
	const units = "libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket"
	return fmt.Sprintf("set -e; f=$(grep -l %[1]s /run/libvirt/qemu/*.xml); grep -q \"'%[2]s'\" $f; "+
		"systemctl stop %[4]s 2>&1; sed -i \"s/'%[2]s'/'%[3]s'/\" $f; systemctl start libvirtd.socket libvirtd-ro.socket "+
		"libvirtd-admin.socket libvirtd 2>&1; for i in $(seq 60); do "+
		"virsh -q dumpxml %[1]s | grep -q \"'%[3]s'\" && exit 0; sleep 1; done; exit 1",
		guest, from, to, units)
}

// renewCompute2 does what the audit says: the service is restarted, and the guest is rebooted hard.
func (d *dayTwo) renewCompute2(ctx context.Context) error {
	if _, err := d.sh(ctx, "compute2", "systemctl restart nova-compute"); err != nil {
		return err
	}
	return d.world.Cloud.RebootServer(ctx, d.ws.all[1].id)
}
