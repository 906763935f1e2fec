package host

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// keepsSpelling refuses the name of a backend or store that differs by case alone from an enabled one:
// both names would be served from one section, with what the Spec wants. The function set gives the
// advice that names the enabled one.
func keepsSpelling(name string, enabled []string, set func(string) string) error {
	at := slices.IndexFunc(enabled, func(other string) bool { return strings.EqualFold(other, name) })
	if at < 0 || slices.Contains(enabled, name) {
		return nil
	}
	return refuse("name-in-other-case", "[%s] is in use, and is enabled as %s: section names do not differ by case, so "+
		"what is known by that name would change with %s; %s", name, enabled[at], name, set(enabled[at]))
}

func setBackend(name string) string { return "call the backend " + name + " in the Spec" }

// setStore is the advice to give a store another name.
func (n *Node) setStore(st spec.Store) func(string) string {
	field := "name: "
	if st.Name == n.Site.Glance.Store {
		field = "store: "
	}
	return func(name string) string { return "set " + field + name + " for " + n.fieldOfStore(st) + " in the Spec" }
}

// enabledStores are the names of all enabled backends of Glance.
func enabledStores(cur openstack.Current) (names []string) {
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	for item := range strings.SplitSeq(enabled, ",") {
		name, _, _ := strings.Cut(item, ":")
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

// keepsOtherDriver refuses an enabled section that names no driver, and is shaped for the one that is
// Cinder's default: its volumes are in LVM.
func (u inUse) keepsOtherDriver() error {
	option, value := u.shapedByDefault()
	if option == "" || u.section == spec.SingleBackend || !slices.Contains(enabledBackends(u.Current), u.section) {
		return nil
	}
	return refuse("driver-in-use", "[%s] is in use with %s, as %s = %s there says, and nobody would serve its volumes "+
		"any more; name another backend in the Spec. If the section has no volumes, write volume_driver = "+
		"cinder.volume.drivers.rbd.RBDDriver into it", u.section, u.says("volume_driver"), option, value)
}

// shapedByDefault gives an option by which a section that names no driver is one of Cinder's default
// driver.
func (u inUse) shapedByDefault() (option, value string) {
	_, driver := u.Lookup(u.section, "volume_driver")
	_, pool := u.Lookup(u.section, "rbd_pool")
	for _, option := range []string{"volume_group", "lvm_type", "lvm_mirrors", "lvm_conf_file", "target_helper",
		"target_protocol", "target_ip_address", "iscsi_helper", "iscsi_protocol", "iscsi_ip_address", "volumes_dir",
		"volume_backend_name"} {
		if value, ok := u.Current.Lookup(u.section, option); ok && value != "" && !driver && !pool {
			return option, value
		}
	}
	return "", ""
}
