package adopt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// disks are the options of the disks of VMs on a compute.
type disks struct {
	store
	kind, uuid string
}

func (a *adopting) disksOf(s *service) disks {
	section, prefix := "libvirt", ""
	if a.release.Before("icehouse") {
		section, prefix = "DEFAULT", "libvirt_"
	}
	f := a.inForce(openstack.NovaCompute, s)
	value := func(option string) string {
		v, _ := f.Lookup(section, option)
		return v
	}
	return disks{store{"", value(prefix + "images_rbd_pool"), value("rbd_user"), value(prefix + "images_rbd_ceph_conf")},
		value(prefix + "images_type"), value("rbd_secret_uuid")}
}

// mapNova finds where the disks of VMs are. Computes with disks in other places keep them.
func (a *adopting) mapNova() {
	computes := a.having("nova-compute")
	inCeph := slices.DeleteFunc(slices.Clone(computes), func(h host) bool {
		return a.disksOf(h.services["nova-compute"]).kind != "rbd"
	})
	if len(inCeph) == 0 {
		if len(computes) > 0 {
			a.remark("nova", "No compute keeps the disks of VMs in Ceph, so nova is left out.")
		}
		return
	}
	most, others := vote(inCeph, func(h host) string { return fmt.Sprint(a.disksOf(h.services["nova-compute"])) })
	i := slices.IndexFunc(inCeph, func(h host) bool { return fmt.Sprint(a.disksOf(h.services["nova-compute"])) == most })
	s := inCeph[i].services["nova-compute"]
	d := a.disksOf(s)
	cluster, reason := a.clusterOf(s, d.conf)
	if reason != "" {
		a.remark("nova", "The disks of VMs are in pool %s. %s", d.pool, reason)
	}
	if cluster == "" {
		return
	}
	if d.user == "" {
		a.remark("nova", "No option names the user of Nova, so that it logs in as client.admin. "+
			"A Spec has a user for Nova.")
	}
	a.spec.Nova = &spec.Nova{Cluster: cluster, Pool: d.pool, User: d.user, SecretUUID: d.uuid,
		DataPool: s.dataPool(d.conf, cmp.Or(d.user, "cinder"))}
	a.tellOthers(others)
	a.mapDirectSnapshots()
}

// tellOthers names the computes that are not as most, those that are alike together.
func (a *adopting) tellOthers(others []host) {
	for len(others) > 0 {
		o := a.disksOf(others[0].services["nova-compute"])
		differs := func(h host) bool { return a.disksOf(h.services["nova-compute"]) != o }
		alike := slices.DeleteFunc(slices.Clone(others), differs)
		others = slices.DeleteFunc(slices.Clone(others), func(h host) bool { return !differs(h) })
		a.remark("nova", "%s has other options than most computes: pool %s, user %s, secret %s, ceph.conf %s. With another "+
			"pool or cluster, it has disks: keep.", namesOf(alike), o.pool, cmp.Or(o.user, "none"), cmp.Or(o.uuid, "none"),
			o.conf)
	}
}

// mapDirectSnapshots finds whether Nova makes snapshots of VMs by clones inside Ceph: Glance takes multiple locations,
// for which there is an option from Mitaka on. The rights of Nova's user decide it later.
func (a *adopting) mapDirectSnapshots() {
	glance := a.having("glance-api")
	shows := len(glance) > 0 && a.spec.Glance != nil
	for _, h := range glance {
		text, _ := h.services["glance-api"].options.Lookup("DEFAULT", "show_multiple_locations")
		shows = shows && (a.release.Before("mitaka") || strings.EqualFold(text, "true"))
	}
	a.spec.Nova.DirectSnapshots = shows && a.spec.Glance.DataPool == a.spec.Nova.DataPool
}

// keepsRights takes direct snapshots back if the rights of Nova's user are more like those without.
func (a *adopting) keepsRights(i int, known *cluster) {
	n := a.spec.Nova
	if n == nil || !n.DirectSnapshots || cmp.Or(n.Cluster, a.spec.Clusters[0].Name) != a.spec.Clusters[i].Name {
		return
	}
	with := a.changedRights(i, known, func(*spec.Spec) {})
	without := a.changedRights(i, known, func(s *spec.Spec) { s.Nova.DirectSnapshots = false })
	if with <= without {
		return
	}
	if n.DirectSnapshots = false; !a.release.Before("mitaka") {
		a.remark("nova", "Glance shows multiple locations of images, but Nova's user cannot write the pool of images: a "+
			"snapshot of a VM is a copy.")
	}
}

// mapHosts puts the services that were found into the Spec.
func (a *adopting) mapHosts() {
	a.spec.Hosts = nil
	layouts, _ := vote(slices.DeleteFunc(slices.Clone(a.hosts), func(h host) bool { return h.Layout == "" }),
		func(h host) string { return h.Layout })
	a.spec.Layout = cmp.Or(layouts, a.cfg.Spec.Layout)
	var none, unknown []host
	for _, h := range a.hosts {
		out := h.Host
		if out.Layout == a.spec.Layout {
			out.Layout = ""
		}
		out.Services = nil
		for _, name := range spec.ServiceNames() {
			s := h.services[name]
			switch {
			case s == nil:
			case s.options == nil:
				unknown = append(unknown, h)
				a.remark("hosts", "%s of %s is left out, as its configuration cannot be read: %v", name, h.Name, s.err)
			case !s.active && !s.enabled && !a.standsBy(h, name):
				a.remark("hosts", "%s of %s is left out: it does not run, and is disabled.", name, h.Name)
			default:
				out.Services = append(out.Services, name)
			}
		}
		for _, name := range []string{"cinder-volume", "cinder-backup"} {
			if slices.Contains(out.Services, name) && a.standsBy(h, name) {
				out.Standby = append(out.Standby, name)
			}
		}
		if a.spec.Nova == nil || !slices.Contains(out.Services, "nova-compute") {
			out.Disks = ""
		} else if a.elsewhere(h) {
			out.Disks = "keep"
		}
		reaches := slices.ContainsFunc(a.spec.Clusters, func(c spec.Cluster) bool { return c.Host == h.Name })
		if len(out.Services) == 0 && !reaches {
			none = append(none, h)
			continue
		}
		a.spec.Hosts = append(a.spec.Hosts, out)
	}
	if len(none) > len(unknown) {
		a.remark("hosts", "No service that keeps data in Ceph was found on %s, which is left out.", namesOf(none))
	}
}

// trimHosts takes services off the hosts that no section of the Spec is about, and hosts without services that no
// cluster is reached through.
func (a *adopting) trimHosts() {
	there := map[string]bool{"glance-api": a.spec.Glance != nil, "cinder-volume": a.spec.Cinder != nil,
		"cinder-backup": a.spec.Backup != nil, "nova-compute": a.spec.Nova != nil || a.spec.Cinder != nil}
	gone := func(name string) bool { return !there[name] }
	var none []host
	a.spec.Hosts = slices.DeleteFunc(a.spec.Hosts, func(h spec.Host) bool {
		reaches := slices.ContainsFunc(a.spec.Clusters, func(c spec.Cluster) bool { return c.Host == h.Name })
		if len(h.Services) == 0 || reaches || slices.ContainsFunc(h.Services, func(name string) bool { return there[name] }) {
			return false
		}
		none = append(none, host{Host: h})
		return true
	})
	for i := range a.spec.Hosts {
		h := &a.spec.Hosts[i]
		h.Services, h.Standby = slices.DeleteFunc(h.Services, gone), slices.DeleteFunc(h.Standby, gone)
	}
	if len(none) > 0 {
		a.remark("hosts", "No service of %s is in the Spec, so that the host is left out.", namesOf(none))
	}
}

// elsewhere reports whether the disks of the VMs of a compute are not where the Spec has them.
func (a *adopting) elsewhere(h host) bool {
	s := h.services["nova-compute"]
	d := a.disksOf(s)
	cluster, _ := a.clusterOf(s, d.conf)
	return d.kind != "rbd" || d.pool != a.spec.Nova.Pool || cluster != a.spec.Nova.Cluster
}

// standsBy reports whether a service of a host stands by: another host serves under the same name, and this one does
// not run.
func (a *adopting) standsBy(h host, name string) bool {
	if name != "cinder-volume" && name != "cinder-backup" || h.services[name] == nil || h.services[name].active {
		return false
	}
	own := serviceName(h, name)
	return own != "" && slices.ContainsFunc(a.having(name), func(o host) bool {
		return o.Name != h.Name && o.services[name].active && serviceName(o, name) == own
	})
}

// serviceName is the name under which a service of Cinder serves on several hosts; empty if it has the host's own name.
func serviceName(h host, name string) string {
	o := h.services[name].options
	if o == nil {
		return ""
	}
	if name == "cinder-volume" {
		enabled, _ := o.Lookup("DEFAULT", "enabled_backends")
		for _, b := range list(enabled) {
			if v, ok := o.Lookup(b, "backend_host"); ok && v != "" {
				return v
			}
		}
	}
	v, _ := o.Lookup("DEFAULT", "host")
	return v
}
