package spec

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Guests lets the librbd of guests write sockets and logs on computes:
// options in the [client] section of every ceph.conf there, the folders that
// they name, and a tmpfiles.d file that makes the folders again after a reboot.
// Other Ceph clients on a compute read that section, too. The options count for
// guests that start afterwards. Where AppArmor confines QEMU, it is let into the
// folders by lines in the file that AppArmor's rules for QEMU include for that.
type Guests struct {
	// Account is the account that QEMU runs as, user:group. When empty, it is that of
	// the host's distribution: libvirt-qemu:kvm, or qemu:qemu.
	Account string `json:"account,omitempty" yaml:"account,omitempty"`
	// Options replace or add to the usual options: rbd_cache,
	// rbd_cache_writethrough_until_flush, rbd_concurrent_management_ops,
	// admin_socket and log_file. An empty value leaves an option alone.
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
			v.fault(at, "is %s spelled another way", spelled[plain])
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
	for _, file := range []string{"admin_socket", "log_file"} {
		value := g.AllOptions()[file]
		if value != "" && slices.Contains([]string{"/run", "/var/log", "/tmp", cephRun, CephDir}, path.Dir(value)) {
			v.fault("prepare.guests.options."+file, "%s is a folder of others; name a folder for guests alone", path.Dir(value))
		}
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
	case strings.Count(dir, "/") < 2:
		v.fault(at, "%s is a folder of others; name a folder for guests alone", dir)
	}
}
