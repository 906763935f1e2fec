package integrate

import (
	"cmp"
	"slices"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack"
)

// A userUse is a user and what the layout gives it.
type userUse struct {
	spec.User
	caps ceph.Caps
}

// A site is a Spec with its defaults filled in and its cross-references
// drawn: what every part of the plan reads.
type site struct {
	spec    spec.Spec
	release openstack.Release
	glance  *spec.Glance
	stores  []spec.Store // of Glance, the default one first
	cinder  []spec.Backend
	backup  *spec.Backup
	nova    *spec.Nova
	users   []userUse              // sorted by cluster, then entity
	pools   map[string][]ceph.Pool // by cluster, sorted by name
	// services are the places of the services, by layout.
	services map[string]map[string]serviceLayout
	on       map[string][]spec.User // by service
	uses     []spec.Use
	secrets  []spec.User // whom QEMU logs in as on the computes
}

// resolve fills the defaults in; spec has passed Validate.
func resolve(given spec.Spec) *site {
	release, _ := openstack.ParseRelease(given.Release) // Validate reports it
	s := &site{spec: given, release: release, pools: map[string][]ceph.Pool{}, services: layouts(release)}
	full := given.WithDefaults()
	s.glance, s.backup, s.nova, s.uses = full.Glance, full.Backup, full.Nova, full.Uses()
	if s.glance != nil {
		s.stores = s.glance.All()
	}
	if full.Cinder != nil {
		s.cinder = full.Cinder.Backends
	}
	s.resolvePools()
	s.resolveUsers()
	s.secrets = s.resolveSecrets()
	s.on = map[string][]spec.User{}
	for _, name := range spec.ServiceNames() {
		s.on[name] = s.resolveUsersOn(name)
	}
	return s
}

func (s *site) resolvePools() {
	add := func(cluster, pool string) {
		have := func(p ceph.Pool) bool { return p.Name == pool }
		if pool == "" || slices.ContainsFunc(s.pools[cluster], have) {
			return
		}
		s.pools[cluster] = append(s.pools[cluster], s.poolDetails(cluster, pool))
	}
	for _, u := range s.uses {
		add(u.User.Cluster, u.Pool)
		add(u.User.Cluster, u.DataPool)
	}
	for _, pools := range s.pools {
		slices.SortFunc(pools, func(a, b ceph.Pool) int { return cmp.Compare(a.Name, b.Name) })
	}
}

// cluster is a cluster of the Spec.
func (s *site) cluster(name string) spec.Cluster {
	for _, c := range s.spec.Clusters {
		if c.Name == name {
			return c
		}
	}
	return spec.Cluster{Name: name}
}

func (s *site) poolDetails(cluster, pool string) ceph.Pool {
	p := ceph.Pool{Name: pool, Application: "rbd"}
	for _, c := range s.spec.Clusters {
		if c.Name != cluster {
			continue
		}
		for _, d := range c.Pools {
			if d.Name == pool {
				p.PGNum, p.Autoscale, p.Size, p.MinSize = d.PGNum, d.Autoscale, d.Size, d.MinSize
				p.CRUSHRule, p.MaxBytes, p.MaxObjects, p.ErasureProfile = d.CRUSHRule, d.MaxBytes, d.MaxObjects, d.ErasureProfile
			}
		}
	}
	return p
}

// layout is the view of one cluster that caps are computed from.
func (s *site) layout(cluster string) ceph.Layout {
	l := ceph.Layout{MgrCaps: true, Classic: s.cluster(cluster).Caps == "classic"}
	l.ImagePools, l.ImageDataPools = s.pick(func(u spec.Use) bool { return u.In(cluster, spec.ForImages) })
	l.VolumePools, l.DataPools = s.pick(func(u spec.Use) bool { return u.In(cluster, spec.ForVolumes) })
	if s.backup != nil && s.backup.Cluster == cluster {
		l.BackupPool, l.BackupDataPool = s.backup.Pool, s.backup.DataPool
	}
	if s.nova != nil && s.nova.Cluster == cluster {
		l.VMPool = s.nova.Pool
		l.ImagesWritable = s.nova.DirectSnapshots
	}
	return l
}

func (s *site) resolveUsers() {
	need := map[spec.User]ceph.Caps{}
	for _, u := range s.uses {
		l := s.layout(u.User.Cluster)
		switch u.What {
		case spec.ForImages:
			l.ImagePools, l.ImageDataPools = s.poolsOf(u.User, spec.ForImages)
			need[u.User] = l.GlanceCaps()
		case spec.ForVolumes:
			l.VolumePools, _ = s.poolsOf(u.User, spec.ForVolumes)
			_, l.DataPools = s.poolsOf(u.User, spec.ForVolumes, spec.ForDisks)
			if !s.sharedWithNova(u.User) {
				l.VMPool, l.ImagesWritable = "", false
			}
			need[u.User] = l.CinderCaps()
		case spec.ForBackups:
			need[u.User] = l.BackupCaps()
		case spec.ForDisks:
			if pools, _ := s.poolsOf(u.User, spec.ForVolumes); len(pools) == 0 {
				_, l.DataPools = s.poolsOf(u.User, spec.ForDisks)
				need[u.User] = l.NovaCaps()
			}
		}
	}
	for id, caps := range need {
		s.users = append(s.users, userUse{id, caps.Normal()})
	}
	slices.SortFunc(s.users, func(a, b userUse) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Entity, b.Entity))
	})
}

func (s *site) sharedWithNova(id spec.User) bool {
	return s.nova != nil && s.nova.Cluster == id.Cluster && "client."+s.nova.User == id.Entity
}

// usersOn lists the Ceph users whose keyring a service needs on its host.
func (s *site) usersOn(service string) []spec.User { return s.on[service] }

func (s *site) resolveUsersOn(service string) []spec.User {
	var ids []spec.User
	add := func(cluster, user string) {
		id := spec.User{Cluster: cluster, Entity: "client." + user}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch service {
	case "glance-api":
		for _, st := range s.stores {
			add(st.Cluster, st.User)
		}
	case "cinder-volume":
		for _, b := range s.cinder {
			add(b.Cluster, b.User)
		}
	case "cinder-backup":
		if s.backup != nil {
			add(s.backup.Cluster, s.backup.User)
			// The driver exports the source volume as that volume's user.
			for _, b := range s.cinder {
				add(b.Cluster, b.User)
			}
		}
	case "nova-compute":
		for _, id := range s.secrets {
			add(id.Cluster, id.Name())
		}
	}
	return ids
}

// usersOf lists the Ceph users whose keyrings a host with these services needs.
func (s *site) usersOf(services []string) []spec.User {
	var ids []spec.User
	for _, name := range services {
		for _, id := range s.usersOn(name) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// clustersOf lists the clusters of users, each once.
func clustersOf(users []spec.User) []string {
	var names []string
	for _, id := range users {
		if !slices.Contains(names, id.Cluster) {
			names = append(names, id.Cluster)
		}
	}
	return names
}

func (s *site) resolveSecrets() []spec.User {
	var ids []spec.User
	if s.nova != nil {
		ids = append(ids, spec.User{Cluster: s.nova.Cluster, Entity: "client." + s.nova.User})
	}
	for _, b := range s.cinder {
		if id := (spec.User{Cluster: b.Cluster, Entity: "client." + b.User}); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// givenUUID is the secret UUID that the Spec gives for a user, if any.
func (s *site) givenUUID(id spec.User) string {
	if s.nova != nil && s.sharedWithNova(id) && s.nova.SecretUUID != "" {
		return s.nova.SecretUUID
	}
	for _, b := range s.cinder {
		if b.Cluster == id.Cluster && "client."+b.User == id.Entity && b.SecretUUID != "" {
			return b.SecretUUID
		}
	}
	return ""
}

// wants reports whether the Spec configures a service at all.
func (s *site) wants(service string) bool {
	switch service {
	case "glance-api":
		return s.glance != nil
	case "cinder-volume":
		return len(s.cinder) > 0
	case "cinder-backup":
		return s.backup != nil
	case "nova-compute":
		return s.nova != nil || len(s.cinder) > 0
	}
	return false
}

// servicesOf lists the services of a host that the Spec configures.
func (s *site) servicesOf(h spec.Host) []string {
	var out []string
	for _, name := range h.Services {
		if s.wants(name) {
			out = append(out, name)
		}
	}
	return out
}

// stageOf puts a host into the computes' or the controllers' stage.
func stageOf(h spec.Host) Stage {
	if slices.Contains(h.Services, "nova-compute") {
		return StageComputes
	}
	return StageControllers
}
