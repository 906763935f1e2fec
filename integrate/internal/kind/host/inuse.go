package host

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// keeps refuses to send what a service has in use to another place, or to cut off those
// who read it. What counts is what takes effect now: the options of all files of the service in
// their order, and the service's own default where no file sets an option.
func (x *editing) keeps(service string, cur openstack.Current) error {
	switch service {
	case "glance-api":
		return x.keepsStores(cur)
	case "cinder-volume":
		return x.keepsBackends(cur)
	case "cinder-backup":
		return x.keepsBackups(cur)
	}
	return x.keepsDisks(cur)
}

// An inUse is a section of options by which a service keeps data in Ceph now.
type inUse struct {
	openstack.InForce
	section string
	noun    string // what the section is in the Spec
	field   string // where the Spec has it, as advice names that
}

// references are what is known of the references that values have.
type references interface {
	Expand(section, text string) string
	Open(section, option string) bool
}

// expanded is what a service gets if the Spec gives an option of a section that text.
func expanded(cur openstack.Current, section, text string) string {
	if r, is := cur.(references); is {
		return r.Expand(section, text)
	}
	return text
}

// closed refuses a section that is in use, if its files do not tell what the values of options
// refer to.
func (u inUse) closed(options ...string) error {
	r, is := u.Current.(references)
	for _, option := range options {
		if is && slices.ContainsFunc(u.Names(u.section, option), func(n openstack.OptionName) bool {
			return r.Open(n.Section, n.Option)
		}) {
			return refuse("reference-not-known", "[%s] is in use with %s, which refers to an option that no file sets, so "+
				"what it stands for cannot be told: write the value itself into the file", u.section, u.says(option))
		}
	}
	return nil
}

func (x *editing) inForce(service openstack.Service, cur openstack.Current) openstack.InForce {
	return openstack.InForce{Release: x.Site.Release, Service: service, Current: cur}
}

// now is the value of an option that takes effect; empty where there is none.
func (u inUse) now(option string) string {
	value, _ := u.Lookup(u.section, option)
	return value
}

// says is an option with the value that takes effect, for a message.
func (u inUse) says(option string) string {
	value, set := u.Lookup(u.section, option)
	if !set {
		return option + " = " + value + " (the default)"
	}
	return option + " = " + value
}

// conf is the path of the ceph.conf that takes effect, without what does not count in a path. Where ".."
// leads depends on the host.
func (u inUse) conf(option string) string {
	file := u.now(option)
	if !path.IsAbs(file) || strings.Contains(file, "..") {
		return file
	}
	return path.Clean(file)
}

// A destination is where the Spec wants data of a section: the options that name the pool
// and the ceph.conf, with their values.
type destination struct{ option, pool, confOption, conf string }

// keeps refuses another pool and another cluster: what is there would be out of reach.
func (u inUse) keeps(to destination) error {
	if u.now(to.option) != to.pool {
		return refuse("pool-in-use", "[%s] is in use with %s, and what is there would be out of reach in %s; "+
			"set pool: %s for %s in the Spec, or take another %s", u.section, u.says(to.option), to.pool,
			u.now(to.option), u.field, u.noun)
	}
	if file := u.conf(to.confOption); file != to.conf {
		return refuse("cluster-in-use", "[%s] is in use with the cluster of %s, and what is there would be out of "+
			"reach with %s; call the cluster in the Spec as that file is called, or name another %s",
			u.section, file, to.conf, u.noun)
	}
	return nil
}

// keepsStores looks after the stores of Glance. Until Stein, Glance has one store in Ceph,
// whose options are in [glance_store], or in [DEFAULT] until Icehouse. What is in use in that way
// from Train on is carried over by openstack.GlanceStore.
func (x *editing) keepsStores(cur openstack.Current) error {
	for _, st := range x.Site.Stores {
		u := inUse{x.inForce(openstack.GlanceAPI, cur), st.Name, "store", x.fieldOfStore(st)}
		if err := keepsSpelling(st.Name, enabledStores(cur), x.setStore(st)); err != nil {
			return err
		}
		served := slices.Contains(rbdStores(cur), st.Name)
		if section, single := x.singleStore(cur); single {
			u.section, served = section, true
		}
		if !served {
			continue
		}
		to := destination{"rbd_store_pool", st.Pool, "rbd_store_ceph_conf", spec.ConfPath(st.Cluster)}
		if err := cmp.Or(u.closed("rbd_store_pool", "rbd_store_ceph_conf", "rbd_store_user"), u.keeps(to)); err != nil {
			return err
		}
		if user, set := u.Lookup(u.section, "rbd_store_user"); set && user != st.User {
			x.notesUser(u, "rbd_store_user", st.User)
		}
	}
	return x.keepsOtherStores(cur)
}

// keepsOtherStores refuses a second name for a pool that a store has already: each image would be
// known by one of the names alone. It notes where new images no longer go to a store in Ceph.
func (x *editing) keepsOtherStores(cur openstack.Current) error {
	first, _ := cur.Lookup("glance_store", "default_backend")
	for _, name := range rbdStores(cur) {
		if slices.ContainsFunc(x.Site.Stores, func(st spec.Store) bool { return st.Name == name }) {
			continue
		}
		u := inUse{x.inForce(openstack.GlanceAPI, cur), name, "store", ""}
		for _, st := range x.Site.Stores {
			same := u.now("rbd_store_pool") == st.Pool && u.conf("rbd_store_ceph_conf") == spec.ConfPath(st.Cluster)
			if same && !slices.Contains(rbdStores(cur), st.Name) {
				return refuse("store-of-the-same-pool", "[%s] is in use with %s, and images there are known as those of store %s; "+
					"%s", name, u.says("rbd_store_pool"), name, x.setStore(st)(name))
			}
		}
		if name == first {
			x.d.Note("default-store-changes", x.path+" [glance_store] default_backend", "new images no longer go to store %s "+
				"(%s), but to %s. Images that are there stay, and stay served", name, u.says("rbd_store_pool"),
				x.Site.Stores[0].Name)
		}
	}
	return nil
}

// rbdStores are the stores in Ceph among the enabled backends of Glance.
func rbdStores(cur openstack.Current) (names []string) {
	enabled, _ := cur.Lookup("DEFAULT", "enabled_backends")
	for item := range strings.SplitSeq(enabled, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(item), ":")
		if strings.TrimSpace(kind) == "rbd" {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// singleStore is the section of Glance's only store in Ceph, where that is in use.
func (x *editing) singleStore(cur openstack.Current) (section string, inUse bool) {
	if enabled, _ := cur.Lookup("DEFAULT", "enabled_backends"); enabled != "" || !x.Site.Release.Before("train") {
		return "", false
	}
	if x.Site.Release.Before("juno") {
		kind, _ := x.inForce(openstack.GlanceAPI, cur).Lookup("DEFAULT", "default_store")
		return "DEFAULT", kind == "rbd"
	}
	stores, _ := x.inForce(openstack.GlanceAPI, cur).Lookup("glance_store", "stores")
	return "glance_store", slices.ContainsFunc(strings.Split(stores, ","), func(item string) bool {
		item = strings.TrimSpace(item)
		return item == "rbd" || item == "glance.store.rbd.Store"
	})
}

// keepsBackends looks after the backends of cinder-volume.
func (x *editing) keepsBackends(cur openstack.Current) error {
	if err := x.keepsDefaultBackend(cur); err != nil {
		return err
	}
	for _, b := range x.Site.Cinder {
		u := inUse{x.inForce(openstack.CinderVolume, cur), b.Name, "backend name", fieldOfBackend(b)}
		if err := cmp.Or(keepsSpelling(b.Name, enabledBackends(cur), setBackend), u.keepsOtherDriver()); err != nil {
			return err
		}
		if !u.backend() {
			continue
		}
		to := destination{"rbd_pool", b.Pool, "rbd_ceph_conf", spec.ConfPath(b.Cluster)}
		for _, keeps := range []func() error{
			func() error {
				return u.closed("rbd_pool", "rbd_ceph_conf", "rbd_user", "rbd_secret_uuid", "rbd_cluster_name",
					"volume_backend_name")
			},
			func() error { return u.keeps(to) },
			func() error { return u.keepsNames(b) },
			func() error { return x.keepsAttached(u, b) },
			func() error { return x.keepsCluster(b, cur) },
		} {
			if err := keeps(); err != nil {
				return err
			}
		}
		name := cmp.Or(b.Options["rbd_cluster_name"], b.Cluster)
		if _, set := u.Lookup(u.section, "rbd_cluster_name"); !set && name != "ceph" && !x.Site.Release.Before("liberty") {
			x.d.Note("cluster-name-is-told", x.path+" ["+b.Name+"] rbd_cluster_name", "volumes that are attached now have been "+
				"told the name ceph, and keep it until they are attached anew: leave the files /etc/ceph/ceph.* on computes")
		}
		own, have := expanded(cur, b.Name, b.Options[nameOption(b)]), cinderName(b.Name, cur, x.Spec.Name)
		if own != "" && own != have {
			x.d.Note("backend-host-changes", x.path+" ["+b.Name+"] "+nameOption(b), "the volumes of %s@%s belong to that name, "+
				"and nobody serves it any more: cinder-manage volume update_host gives them to %s@%s", have, b.Name, own, b.Name)
		}
	}
	x.notesOtherBackends(cur)
	return x.keepsOutOfCluster(cur)
}

// notesOtherBackends says where a backend that is not in the Spec has the pool of a backend that is
// new: it stays, with its volumes and its volume types.
func (x *editing) notesOtherBackends(cur openstack.Current) {
	for _, name := range enabledBackends(cur) {
		u := inUse{x.inForce(openstack.CinderVolume, cur), name, "backend name", ""}
		if slices.ContainsFunc(x.Site.Cinder, func(b spec.Backend) bool { return b.Name == name }) || !u.backend() {
			continue
		}
		for _, b := range x.Site.Cinder {
			same := u.now("rbd_pool") == b.Pool && u.conf("rbd_ceph_conf") == spec.ConfPath(b.Cluster)
			if same && !slices.Contains(enabledBackends(cur), b.Name) {
				x.d.Note("backend-of-the-same-pool", x.path+" ["+name+"]", "is in use with %s, and stays beside %s, which is new: "+
					"its volumes and volume types stay with it, and both count the space of the pool. If %s shall take its "+
					"place, call the backend %s in the Spec", u.says("rbd_pool"), b.Name, b.Name, name)
			}
		}
	}
}

// keepsNames refuses another name of a backend, by which volume types and volumes know it,
// and another name of its cluster, by which hosts find the keyring of an attached volume.
func (u inUse) keepsNames(b spec.Backend) error {
	if have := u.now("volume_backend_name"); have != b.Bound() && b.Name != spec.SingleBackend {
		return refuse("backend-name-in-use", "[%s] is in use with %s: volume types that are bound to this name, and volumes "+
			"of it, would find no backend called %s; set volume_backend_name: %s for %s in the Spec",
			u.section, u.says("volume_backend_name"), b.Bound(), have, u.field)
	}
	have, set := u.Lookup(u.section, "rbd_cluster_name")
	wanted := cmp.Or(expanded(u.Current, b.Name, b.Options["rbd_cluster_name"]), b.Cluster)
	if set && have != wanted {
		return refuse("cluster-in-use", "[%s] is in use with rbd_cluster_name = %s: attached volumes name that cluster, and "+
			"hosts look for keyrings by that name; set options: {rbd_cluster_name: %s} for %s in the Spec",
			u.section, have, have, u.field)
	}
	return nil
}

// backend reports whether cinder-volume serves the section as a backend in Ceph.
func (u inUse) backend() bool {
	if !slices.Contains(enabledBackends(u.Current), u.section) {
		return false
	}
	_, pool := u.Lookup(u.section, "rbd_pool")
	return pool || strings.HasSuffix(u.now("volume_driver"), ".RBDDriver")
}

// keepsBackups looks after what cinder-backup keeps in Ceph.
func (x *editing) keepsBackups(cur openstack.Current) error {
	b := x.Site.Backup
	u := inUse{x.inForce(openstack.CinderBackup, cur), "DEFAULT", "", "backup"}
	if !keepsInCeph(u.now("backup_driver")) {
		x.notesOtherBackups(u)
		return nil
	}
	to := destination{"backup_ceph_pool", b.Pool, "backup_ceph_conf", spec.ConfPath(b.Cluster)}
	if err := u.closed("backup_ceph_pool", "backup_ceph_conf", "backup_ceph_user"); err != nil {
		return err
	}
	if u.now(to.option) != to.pool {
		return refuse("pool-in-use", "cinder-backup is in use with %s, and the backups there could be neither restored "+
			"nor deleted with %s; set pool: %s for %s in the Spec", u.says(to.option), to.pool, u.now(to.option), u.field)
	}
	if file := u.conf(to.confOption); file != to.conf {
		return refuse("cluster-in-use", "cinder-backup is in use with the cluster of %s, and the backups there could be "+
			"neither restored nor deleted with %s; call the cluster in the Spec as that file is called", file, to.conf)
	}
	if have := u.now("backup_ceph_user"); have != b.User {
		x.notesUser(u, "backup_ceph_user", b.User)
	}
	return nil
}

// notesOtherBackups says what becomes of backups that are not in Ceph. The default driver is not a
// choice: it counts only if there are backups, or if that cannot be told and the service runs.
func (x *editing) notesOtherBackups(u inUse) {
	const option = "backup_driver"
	_, set := u.Lookup(u.section, option)
	unknown := cloudErr(x.v.Cloud, false)
	if unknown == nil {
		unknown = x.v.Cloud.BackupsErr
	}
	runs := x.Service("cinder-backup").State(x.v.Host, x.in).Active == "active"
	if !set && (unknown != nil && !runs || unknown == nil && !x.v.Cloud.HasBackups) {
		return
	}
	driver, which := words.Shown(words.Value("["+u.section+"] "+option, u.now(option))), ""
	if !set {
		driver += " (the default)"
	}
	if !set && unknown != nil {
		which = fmt.Sprintf(" (whether there are any cannot be told: %v)", unknown)
	}
	x.d.Note("backup-driver-changes", option, "backups made with %s stay where they are, "+
		"but Cinder can neither restore nor delete them while another driver is set%s", driver, which)
}

// keepsInCeph reports whether a driver of cinder-backup is that of Ceph, by one of its names: the
// releases had three.
func keepsInCeph(driver string) bool {
	return strings.HasPrefix(driver, "cinder.backup.") && strings.Contains(driver, ".ceph")
}

// notesUser says that a service logs in as another user, where nothing but the service knows
// the user: all that is in the pool stays in reach.
func (x *editing) notesUser(u inUse, option, user string) {
	x.d.Note("user-changes", fmt.Sprintf("%s [%s] %s", x.path, u.section, option), "%s is replaced by %s, which gets the "+
		"same pool: nothing moves. The old user, its rights and its keyrings stay until somebody removes them",
		u.says(option), user)
}
