package spec

import (
	"errors"
	"fmt"
	"slices"
)

// Retires reports whether the Spec takes a part of itself out of the cloud.
func (s Spec) Retires() bool {
	return s.RetiresParts() || slices.ContainsFunc(s.Hosts, func(h Host) bool { return len(h.Retire) > 0 })
}

// RetiresParts reports whether the Spec retires more than services of some hosts: a store, a backend, a service
// as a whole, or everything.
func (s Spec) RetiresParts() bool {
	stores := s.Glance != nil && slices.ContainsFunc(s.Glance.Stores, func(st Store) bool { return st.Retire })
	return s.Retire || s.Glance != nil && s.Glance.Retire || stores || s.Backup != nil && s.Backup.Retire ||
		s.Nova != nil && s.Nova.Retire || s.Cinder != nil && slices.ContainsFunc(s.Cinder.Backends,
		func(b Backend) bool { return b.Retire })
}

// Kept is the Spec without what retires: what the cloud is like afterwards. Hosts stay, without the services
// that retire. Kept may be a Spec that Validate refuses, as it may keep nothing in Ceph any more.
func (s Spec) Kept() Spec {
	s = s.Clone()
	for i := range s.Hosts {
		h := &s.Hosts[i]
		gone := func(name string) bool { return slices.Contains(h.Retire, name) }
		h.Services, h.Standby = slices.DeleteFunc(h.Services, gone), slices.DeleteFunc(h.Standby, gone)
		h.Retire = nil
	}
	if g := s.Glance; g != nil {
		g.Stores = slices.DeleteFunc(g.Stores, func(st Store) bool { return st.Retire })
	}
	if c := s.Cinder; c != nil {
		c.Backends = slices.DeleteFunc(c.Backends, func(b Backend) bool { return b.Retire })
	}
	if s.Retire || s.Glance != nil && s.Glance.Retire {
		s.Glance = nil
	}
	if s.Retire || s.Cinder != nil && len(s.Cinder.Backends) == 0 {
		s.Cinder = nil
	}
	if s.Retire || s.Backup != nil && s.Backup.Retire {
		s.Backup = nil
	}
	if s.Retire || s.Nova != nil && s.Nova.Retire {
		s.Nova = nil
	}
	s.Retire = false
	uses := s.Uses()
	for i := range s.Clusters {
		c := &s.Clusters[i]
		c.Pools = slices.DeleteFunc(c.Pools, func(p Pool) bool {
			return !slices.ContainsFunc(uses, func(u Use) bool {
				return u.User.Cluster == c.Name && (u.Pool == p.Name || u.DataPool == p.Name)
			})
		})
	}
	return s
}

// Unretired is the Spec as it was before something retired: without any of the words for that.
func (s Spec) Unretired() Spec {
	s = s.Clone()
	s.Retire = false
	for i := range s.Hosts {
		s.Hosts[i].Retire = nil
	}
	if g := s.Glance; g != nil {
		g.Retire = false
		for i := range g.Stores {
			g.Stores[i].Retire = false
		}
	}
	if c := s.Cinder; c != nil {
		for i := range c.Backends {
			c.Backends[i].Retire = false
		}
	}
	if s.Backup != nil {
		s.Backup.Retire = false
	}
	if s.Nova != nil {
		s.Nova.Retire = false
	}
	return s
}

// retire checks the services of a host that retire.
func (v *validation) retire(path string, h Host) {
	for j, name := range h.Retire {
		at := fmt.Sprintf("%s.retire[%d]", path, j)
		switch {
		case !slices.Contains(h.Services, name):
			v.fault(at, "%s is not among the services of this host", name)
		case slices.Contains(h.Retire[:j], name):
			v.fault(at, "%q is there twice", name)
		}
	}
}

// someStay checks that a service which stays in the Spec keeps a host.
func (v *validation) someStay(path, service string, leaves bool) {
	if leaves || v.spec.Retire {
		return
	}
	has, stays := false, false
	for _, h := range v.spec.Hosts {
		if slices.Contains(h.Services, service) {
			has = true
			stays = stays || !slices.Contains(h.Retire, service)
		}
	}
	if has && !stays {
		v.fault("hosts", "%s retires on each of its hosts, and %s stays in the Spec: leave a host of it, or retire %[2]s "+
			"as well", service, path)
	}
}

// allStay checks that whatever stays has hosts, and that the hosts that stay do not all stand by.
func (v *validation) allStay() {
	s := v.spec
	if !s.Retires() {
		return
	}
	if s.Glance != nil {
		v.someStay("glance", "glance-api", s.Glance.Retire)
	}
	if c := s.Cinder; c != nil {
		v.someStay("cinder", "cinder-volume", !slices.ContainsFunc(c.Backends, func(b Backend) bool { return !b.Retire }))
	}
	if s.Backup != nil {
		v.someStay("backup", "cinder-backup", s.Backup.Retire)
	}
	if s.Nova != nil {
		v.someStay("nova", "nova-compute", s.Nova.Retire)
	}
	kept := s.Kept()
	rest := validation{spec: kept}
	for _, name := range standbys() {
		if kept.Cinder != nil && name == "cinder-volume" || kept.Backup != nil && name == "cinder-backup" {
			rest.someServe(name)
		}
	}
	for _, err := range rest.faults {
		if f := (*FieldError)(nil); !errors.As(err, &f) || !v.faulty(f.Path) {
			v.faults = append(v.faults, err)
		}
	}
}
