package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// neededBy are the options that a service needs.
func (x *editing) neededBy(service string, cur openstack.Current) ([]openstack.Setting, error) {
	release := x.Site.Release
	switch service {
	case "glance-api":
		return x.Site.GlanceStore().Settings(release, cur)
	case "cinder-volume":
		return x.ofVolumes(cur)
	case "cinder-backup":
		return x.ofBackups(cur)
	}
	return x.ofComputes(cur)
}

// ofBackups are the options of cinder-backup, which has the coordinator of cinder-volume, but is in no cluster.
func (x *editing) ofBackups(cur openstack.Current) ([]openstack.Setting, error) {
	b := x.Site.Backup
	needed, err := openstack.BackupDriver{Pool: b.Pool, User: b.User, Conf: spec.ConfPath(b.Cluster)}.Settings(
		x.Site.Release, cur)
	if err != nil {
		return nil, err
	}
	locks, err := openstack.VolumeCluster{Coordinator: x.Site.VolumeCluster().Coordinator}.Settings(x.Site.Release)
	return append(needed, locks...), err
}

// uuid is the UUID of a user's libvirt secret.
func (x *editing) uuid(u spec.User) string {
	return x.Site.SecretUUID(u, x.v.Clusters[u.Cluster].Status.FSID)
}

func (x *editing) ofVolumes(cur openstack.Current) ([]openstack.Setting, error) {
	var all []openstack.Setting
	enabled := ""
	for _, b := range x.Site.Cinder {
		backend := openstack.VolumeBackend{Name: b.Name, BackendName: b.BackendName, Cluster: b.Cluster,
			Pool: b.Pool, User: b.User, Conf: spec.ConfPath(b.Cluster), SecretUUID: x.uuid(b.Use().User),
			AvailabilityZone: b.AvailabilityZone, Extra: b.Options}
		needed, err := backend.Settings(x.Site.Release, overlay{cur, enabled})
		if err != nil {
			return nil, err
		}
		for _, s := range needed {
			if s.Section == "DEFAULT" && s.Option == "enabled_backends" {
				enabled = s.Value
				all = slices.DeleteFunc(all, func(o openstack.Setting) bool { return field(o) == field(s) })
			}
			all = append(all, s)
		}
	}
	together, err := x.Site.VolumeCluster().Settings(x.Site.Release)
	if err != nil {
		return nil, err
	}
	return once(append(all, together...)), x.zones(cur)
}

// once drops settings that are there before: backends share some of them.
func once(all []openstack.Setting) []openstack.Setting {
	var out []openstack.Setting
	for _, s := range all {
		same := func(o openstack.Setting) bool { return field(o) == field(s) }
		if !slices.ContainsFunc(out, same) {
			out = append(out, s)
		}
	}
	return out
}

// An overlay shows each backend the list that the backend before it extended.
type overlay struct {
	openstack.Current
	enabled string
}

// Lookup implements openstack.Current.
func (o overlay) Lookup(section, option string) (string, bool) {
	if o.enabled != "" && section == "DEFAULT" && option == "enabled_backends" {
		return o.enabled, true
	}
	return o.Current.Lookup(section, option)
}

// ofComputes are the options of a compute. It leaves the place of VM disks alone where VMs
// with local disks would not survive the switch. Without Nova in the Spec, computes need
// only the secrets of Cinder's users, and no options.
func (x *editing) ofComputes(cur openstack.Current) ([]openstack.Setting, error) {
	if x.Site.Nova == nil {
		return nil, nil
	}
	u := x.Site.Nova.Use().User
	disks := openstack.ComputeDisks{User: u.Name(), SecretUUID: x.uuid(u), Conf: spec.ConfPath(u.Cluster)}
	if x.disksToCeph(cur) {
		disks.Pool, x.disks.After = x.Site.Nova.Pool, x.Site.Nova.Pool
	}
	return disks.Settings(x.Site.Release, cur)
}

// effective lists the options that tell where the data of a service goes, with the values
// that take effect.
func (x *editing) effective(service string, cur openstack.Current) []string {
	var out []string
	for _, o := range x.telling(service) {
		if value, ok := cur.Lookup(o.Section, o.Option); ok {
			out = append(out, field(o)+"="+value)
		}
	}
	return out
}

func (x *editing) telling(service string) []openstack.Setting {
	option := func(section, name string) openstack.Setting { return openstack.Setting{Section: section, Option: name} }
	switch service {
	case "glance-api":
		out := []openstack.Setting{option("DEFAULT", "enabled_backends"), option("glance_store", "default_backend")}
		for _, st := range x.Site.Stores {
			out = append(out, option(st.Name, "rbd_store_pool"))
		}
		return out
	case "cinder-volume":
		out := []openstack.Setting{option("DEFAULT", "enabled_backends")}
		for _, b := range x.Site.Cinder {
			out = append(out, option(b.Name, "rbd_pool"), option(b.Name, "rbd_secret_uuid"))
		}
		return out
	case "cinder-backup":
		return []openstack.Setting{option("DEFAULT", "backup_driver"), option("DEFAULT", "backup_ceph_pool")}
	}
	section, prefix := x.Site.DiskOptions()
	return []openstack.Setting{option(section, prefix+"images_type"), option(section, prefix+"images_rbd_pool"),
		option(section, "rbd_secret_uuid")}
}
