package spec

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Guests lets the librbd of guests write sockets and logs on computes. It sets
// options in the [client] section of every ceph.conf there, and makes the folders that
// they name, and a tmpfiles.d file that makes the folders again after a reboot.
// Other Ceph clients on a compute read that section, too. The options count for
// guests that start afterwards. Where AppArmor confines QEMU, it is let into the
// folders by lines in the file that AppArmor's rules for QEMU include for that.
type Guests struct {
	// Account is the account that QEMU runs as.
	// Default: that of the host's distribution: libvirt-qemu:kvm, or qemu:qemu.
	// Limits: user:group, each at most 64 letters, digits, '_', '-' and '.', a letter or '_' first.
	Account string `json:"account,omitempty" yaml:"account,omitempty"`
	// Options replace or add to the usual options: rbd_cache,
	// rbd_cache_writethrough_until_flush, rbd_concurrent_management_ops,
	// admin_socket and log_file. An empty value leaves an option alone. The folders of
	// admin_socket and log_file are given to the account. They have to be folders for guests
	// alone, and not where other programs have theirs.
	// Default: the usual options: a cache of writeback after the first flush, 20 operations at once, and
	// sockets and logs below /run/ceph/guests and /var/log/qemu.
	// Limits: not keyring, key and keyfile; folders below /run, /var/log, /srv, /mnt or /data.
	Options map[string]string `json:"options,omitempty" yaml:"options,omitempty"`
}

// cephRun is the folder of the sockets of Ceph's clients on a host.
const cephRun = "/run/ceph"

// usualGuestOptions are the options of [client] for hypervisors.
func usualGuestOptions() map[string]string {
	return map[string]string{
		"rbd_cache":                          "true",
		"rbd_cache_writethrough_until_flush": "true",
		"rbd_concurrent_management_ops":      "20",
		"admin_socket":                       cephRun + "/guests/$cluster-$type.$id.$pid.$cctid.asok",
		"log_file":                           "/var/log/qemu/qemu-guest-$pid.log",
	}
}

// AllOptions are the options to set, with the usual options, by their names with
// underscores.
func (g Guests) AllOptions() map[string]string {
	all := usualGuestOptions()
	for name, value := range g.Options {
		all[optionName(name)] = value
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// optionName is the one form of all spellings of an option's name.
func optionName(name string) string {
	separates := func(r rune) bool { return r == ' ' || r == '_' || r == '-' }
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), separates), "_")
}

func (v *validation) guests(g Guests) {
	if g.Account != "" {
		owner, group, ok := strings.Cut(g.Account, ":")
		if !ok || !accountForm.MatchString(owner) || !accountForm.MatchString(group) {
			v.fault("prepare.guests.account", "%q is not user:group", g.Account)
		}
	}
	spelled := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(g.Options)) {
		value, plain := g.Options[name], optionName(name)
		at := "prepare.guests.options." + name
		switch {
		case !nameForm.MatchString(plain):
			v.fault(at, "is not the name of an option")
		case spelled[plain] != "":
			v.fault(at, "is %s spelled another way; keep one of the two", spelled[plain])
		case plain == "keyring" || plain == "key" || plain == "keyfile":
			v.fault(at, "would be the key of every client on the host; each user's keyring has a section of its own")
		case plain == "admin_socket" || plain == "log_file":
			v.guestPath(at, value)
			v.confValue(at, "client", plain, value)
		default:
			v.confValue(at, "client", plain, value)
		}
		spelled[plain] = name
	}
}

var folderForm = regexp.MustCompile(`^/[A-Za-z0-9/._+:-]*$`)

// guestPath checks the path of a file whose folder is made for guests.
func (v *validation) guestPath(at, value string) {
	switch dir := path.Dir(value); {
	case value == "":
	case !path.IsAbs(value) || path.Clean(value) != value:
		v.fault(at, "%q is not an absolute, clean path", value)
	case strings.Contains(dir, "$"):
		v.fault(at, "the folder of %q must be the same for all guests", value)
	case !folderForm.MatchString(dir):
		v.fault(at, "the folder of %q may hold only letters, digits and / . _ + : -, as systemd-tmpfiles and AppArmor "+
			"read other characters as something else", value)
	case !guestPlace.MatchString(dir):
		v.fault(at, "the folder %s would be given to QEMU, and only folders below /run, /var/log, /srv, /mnt or /data "+
			"are; name a folder there for guests alone, such as /var/log/qemu", dir)
	case ofOthers(dir):
		v.fault(at, "%s is a folder of others; name a folder for guests alone", dir)
	}
}

// guestPlace is where folders for guests may be. /var/lib, /opt and /home have what root or
// other services read, and in /tmp anybody can make a folder first.
var guestPlace = regexp.MustCompile(`^(/var/run|/run|/var/log|/srv|/mnt|/data)/`)

// othersRun and othersLog are the folders of /run and /var/log that belong to the system and
// to other services, with all that is in them: root takes orders from some of these.
var (
	othersRun = regexp.MustCompile(`^/run/(NetworkManager|agetty.*|apparmor|avahi-daemon|blkid|chrony|cinder|` +
		`credentials|cryptsetup|dbus|docker|containerd|faillock|glance|haproxy|httpd|apache2|initctl|initramfs|keepalived|` +
		`libvirt|lock|log|lvm|lxc.*|mariadb|mdadm|memcached|mount|multipathd?|mysqld|network|neutron|nova|nscd|` +
		`openvswitch|ovn|podman|crun|runc|polkit.*|rabbitmq|screen|sendsigs.*|setrans|shm|sshd|sssd|sudo|systemd|tmux|udev|` +
		`udisks2|user|uuidd|virtlockd|virtlogd|xtables.*)(/|$)`)
	othersLog = regexp.MustCompile(`^/var/log/(anaconda|apache2|apt|audit|cephadm|chrony|cinder|cloud-init|containers|` +
		`dist-upgrade|dnf|glance|haproxy|httpd|installer|journal|keystone|kolla|libvirt|mariadb|mysql|neutron|nova|` +
		`openvswitch|ovn|placement|pods|private|rabbitmq|rhsm|samba|sssd|sudo-io|sysstat|tuned|` +
		`unattended-upgrades)(/|$)`)
)

// ofOthers reports whether a folder is one of the system or of other services. What is in a
// folder x.d is read by some program as its configuration.
func ofOthers(dir string) bool {
	if rest, ok := strings.CutPrefix(dir, "/var/run/"); ok {
		dir = "/run/" + rest
	}
	return dir == cephRun || dir == "/var/log/ceph" || othersRun.MatchString(dir) || othersLog.MatchString(dir) ||
		strings.Contains(dir+"/", ".d/")
}
