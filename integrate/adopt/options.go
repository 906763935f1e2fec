package adopt

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
)

// options are the options of a service that tell where its data goes. Passwords are not among them.
type options struct {
	values   map[openstack.OptionName]string
	open     map[openstack.OptionName]bool // whose value refers to what no file sets
	sections []string
}

// telling reports whether an option tells where data goes, or as whom.
func telling(name string) bool {
	for _, prefix := range []string{"rbd_", "rados_", "images_", "libvirt_images_", "backup_ceph_", "backend_"} {
		if strings.HasPrefix(name, prefix) {
			return name != "backend_url"
		}
	}
	switch name {
	case "enabled_backends", "default_store", "stores", "known_stores", "default_backend", "show_multiple_locations",
		"volume_driver", "volume_backend_name", "host", "cluster", "backup_driver", "storage_availability_zone",
		"glance_api_version":
		return true
	}
	return false
}

// optionsOf takes these options of a service's files.
func optionsOf(values osloconf.Values) *options {
	o := &options{values: map[openstack.OptionName]string{}, open: map[openstack.OptionName]bool{}}
	for _, f := range values.Files {
		for _, section := range f.Sections() {
			if !slices.Contains(o.sections, section) {
				o.sections = append(o.sections, section)
			}
			for _, name := range f.Options(section) {
				name = strings.ReplaceAll(name, "-", "_")
				if !telling(name) {
					continue
				}
				at := openstack.OptionName{Section: section, Option: name}
				o.values[at], _ = values.Lookup(section, name)
				o.open[at] = values.Open(section, name)
			}
		}
	}
	if url, ok := values.Lookup("coordination", "backend_url"); ok && url != "" {
		o.values[openstack.OptionName{Section: "coordination", Option: "backend_url"}] = "(not kept)"
	}
	return o
}

// Lookup implements openstack.Current.
func (o *options) Lookup(section, option string) (string, bool) {
	v, ok := o.values[openstack.OptionName{Section: o.spelled(section), Option: option}]
	return v, ok
}

// spelled is a section as a file has it: upper and lower case do not matter there.
func (o *options) spelled(section string) string {
	for _, s := range o.sections {
		if strings.EqualFold(s, section) && (s == section || section != "DEFAULT" && s != "DEFAULT") {
			return s
		}
	}
	return section
}

// confs are the paths of ceph.conf files that the options name, and the usual path.
func (o *options) confs() []string {
	all := []string{"/etc/ceph/ceph.conf"}
	for at, v := range o.values {
		if strings.HasSuffix(at.Option, "ceph_conf") && !slices.Contains(all, v) && v != "" {
			all = append(all, v)
		}
		if p := "/etc/ceph/" + v + ".conf"; at.Option == "rbd_cluster_name" && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

// list splits a list of oslo.config.
func list(text string) (all []string) {
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(all, item) {
			all = append(all, item)
		}
	}
	return all
}
