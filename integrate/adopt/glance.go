package adopt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// at is the path of an entry of a list.
func at(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

// inForce are the options of a service of a host, as they take effect.
func (a *adopting) inForce(name openstack.Service, s *service) openstack.InForce {
	return openstack.InForce{Release: a.release, Service: name, Current: s.options}
}

// shared are options of a service that most of its hosts have. Hosts that differ are remarked.
func (a *adopting) shared(name, field string, key func(*service) string) *service {
	hosts := a.having(name)
	if len(hosts) == 0 {
		return nil
	}
	most, others := vote(hosts, func(h host) string { return key(h.services[name]) })
	if len(others) > 0 {
		a.remark(field, "%s has other options for %s than the other hosts; the Spec has those of most hosts. %s has: %s.",
			namesOf(others), name, others[0].Name, key(others[0].services[name]))
	}
	i := slices.IndexFunc(hosts, func(h host) bool { return key(h.services[name]) == most })
	return hosts[i].services[name]
}

// mapGlance finds the stores of Glance.
func (a *adopting) mapGlance() {
	s := a.shared("glance-api", "glance", func(s *service) string {
		all, first, _ := a.storesOf(s)
		return fmt.Sprint(first, " ", all)
	})
	if s == nil {
		return
	}
	all, first, why := a.storesOf(s)
	if why != "" {
		a.remark("glance", "%s", why)
		return
	}
	var g spec.Glance
	for _, st := range all {
		cluster, reason := a.clusterOf(s, st.conf)
		if reason != "" {
			a.remark("glance", "Store %s has pool %s. %s", st.name, st.pool, reason)
		}
		if cluster == "" {
			if st.name == first {
				return
			}
			continue
		}
		if st.user == "" {
			a.remark("glance", "Store %s names no user, so that Glance logs in as client.admin. A Spec has a user for Glance.",
				st.name)
		}
		data := s.dataPool(st.conf, st.user)
		if st.name == first {
			g.Cluster, g.Pool, g.User, g.Store, g.DataPool = cluster, st.pool, st.user, st.name, data
		} else {
			g.Stores = append(g.Stores, spec.Store{Name: st.name, Cluster: cluster, Pool: st.pool, User: st.user,
				DataPool: data})
		}
	}
	a.spec.Glance = &g
}

// A store is a store of Glance in Ceph.
type store struct{ name, pool, user, conf string }

// storesOf are the stores in Ceph that glance-api serves, and the default store. The reason says why Glance is not in
// the Spec.
func (a *adopting) storesOf(s *service) (all []store, first, reason string) {
	f := a.inForce(openstack.GlanceAPI, s)
	storeIn := func(section, name string) store {
		value := func(option string) string {
			v, _ := f.Lookup(section, option)
			return v
		}
		return store{name, value("rbd_store_pool"), value("rbd_store_user"), value("rbd_store_ceph_conf")}
	}
	enabled, _ := s.options.Lookup("DEFAULT", "enabled_backends")
	if enabled != "" && !a.release.Before("rocky") {
		first, _ = s.options.Lookup("glance_store", "default_backend")
		for _, item := range list(enabled) {
			name, kind, _ := strings.Cut(item, ":")
			if name, kind = strings.TrimSpace(name), strings.TrimSpace(kind); kind == "rbd" {
				all = append(all, storeIn(name, name))
			}
		}
		if !slices.ContainsFunc(all, func(st store) bool { return st.name == first }) {
			return all, first, fmt.Sprintf("Glance's default store is %s, which is not in Ceph, so Glance is left out: "+
				"with glance in the Spec, new images would go to Ceph. Its stores in Ceph: %s.", first, storeNames(all))
		}
		return all, first, ""
	}
	section := "glance_store"
	if a.release.Before("juno") {
		section = "DEFAULT"
	}
	kind, _ := f.Lookup(section, "default_store")
	if kind != "rbd" {
		return nil, "", fmt.Sprintf("Glance's default store is %s, which is not in Ceph, so Glance is left out.", kind)
	}
	return []store{storeIn(section, "rbd")}, "rbd", ""
}

func storeNames(all []store) string {
	var names []string
	for _, st := range all {
		names = append(names, st.name+" (pool "+st.pool+")")
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// mapBackup finds where cinder-backup keeps backups.
func (a *adopting) mapBackup() {
	find := func(s *service) store {
		f := a.inForce(openstack.CinderBackup, s)
		value := func(option string) string {
			v, _ := f.Lookup("DEFAULT", option)
			return v
		}
		return store{value("backup_driver"), value("backup_ceph_pool"), value("backup_ceph_user"), value("backup_ceph_conf")}
	}
	s := a.shared("cinder-backup", "backup", func(s *service) string { return fmt.Sprint(find(s)) })
	if s == nil {
		return
	}
	b := find(s)
	if !strings.HasPrefix(b.name, "cinder.backup.") || !strings.Contains(b.name, ".ceph") {
		a.remark("backup", "cinder-backup has the driver %s, which does not keep backups in Ceph, so backup is left out.",
			b.name)
		return
	}
	cluster, reason := a.clusterOf(s, b.conf)
	if reason != "" {
		a.remark("backup", "Backups are in pool %s. %s", b.pool, reason)
	}
	if cluster == "" {
		return
	}
	a.spec.Backup = &spec.Backup{Cluster: cluster, Pool: b.pool, User: b.user, DataPool: s.dataPool(b.conf, b.user)}
}
