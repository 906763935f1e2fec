package integrate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/openstack"
)

// A userID names a Ceph user of one of the Spec's clusters.
type userID struct{ cluster, entity string }

func (u userID) short() string { return strings.TrimPrefix(u.entity, "client.") }

// A userUse is a user and what the layout gives it.
type userUse struct {
	userID
	caps ceph.Caps
}

// A site is a Spec with its defaults filled in and its cross-references
// drawn: what every part of the plan reads.
type site struct {
	spec    Spec
	release openstack.Release
	glance  *GlanceSpec
	stores  []StoreSpec // of Glance, the default one first
	cinder  []BackendSpec
	backup  *BackupSpec
	nova    *NovaSpec
	users   []userUse              // sorted by cluster, then entity
	pools   map[string][]ceph.Pool // by cluster, sorted by name
	// services are the places of the services, by layout.
	services map[string]map[string]serviceLayout
	on       map[string][]userID // by service
	uses     []poolUse
	secrets  []userID // whom QEMU logs in as on the computes
}

// resolve fills the defaults in; spec has passed Validate.
func resolve(spec Spec) *site {
	release, _ := openstack.ParseRelease(spec.Release) // Validate reports it
	s := &site{spec: spec, release: release, pools: map[string][]ceph.Pool{}, services: layouts(release)}
	first := ""
	if len(spec.Clusters) > 0 {
		first = spec.Clusters[0].Name
	}
	if g := spec.Glance; g != nil {
		s.glance = &GlanceSpec{Cluster: cmp.Or(g.Cluster, first), Pool: cmp.Or(g.Pool, "images"),
			User: cmp.Or(g.User, "glance"), Store: cmp.Or(g.Store, "rbd"), DataPool: g.DataPool}
		s.stores = []StoreSpec{{Name: s.glance.Store, Cluster: s.glance.Cluster, Pool: s.glance.Pool, User: s.glance.User, DataPool: g.DataPool}}
		for _, st := range g.Stores {
			st.Cluster, st.Pool, st.User = cmp.Or(st.Cluster, first), cmp.Or(st.Pool, "images"), cmp.Or(st.User, "glance")
			s.stores = append(s.stores, st)
		}
	}
	if c := spec.Cinder; c != nil {
		for _, b := range c.Backends {
			b.Cluster, b.Pool, b.User = cmp.Or(b.Cluster, first), cmp.Or(b.Pool, "volumes"), cmp.Or(b.User, "cinder")
			s.cinder = append(s.cinder, b)
		}
	}
	if b := spec.Backup; b != nil {
		r := *b
		r.Cluster, r.Pool, r.User = cmp.Or(b.Cluster, first), cmp.Or(b.Pool, "backups"), cmp.Or(b.User, "cinder-backup")
		s.backup = &r
	}
	if n := spec.Nova; n != nil {
		r := *n
		r.Cluster, r.Pool, r.User = cmp.Or(n.Cluster, first), cmp.Or(n.Pool, "vms"), cmp.Or(n.User, "cinder")
		s.nova = &r
	}
	s.resolveUses()
	s.resolvePools()
	s.resolveUsers()
	s.secrets = s.resolveSecrets()
	s.on = map[string][]userID{}
	for _, name := range serviceNames() {
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
		add(u.id.cluster, u.pool)
		add(u.id.cluster, u.data)
	}
	for _, pools := range s.pools {
		slices.SortFunc(pools, func(a, b ceph.Pool) int { return cmp.Compare(a.Name, b.Name) })
	}
}

// cluster is a cluster of the Spec.
func (s *site) cluster(name string) ClusterSpec {
	for _, c := range s.spec.Clusters {
		if c.Name == name {
			return c
		}
	}
	return ClusterSpec{Name: name}
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
	l.ImagePools, l.ImageDataPools = s.pick(func(u poolUse) bool { return u.in(cluster, usedForImages) })
	l.VolumePools, l.DataPools = s.pick(func(u poolUse) bool { return u.in(cluster, usedForVolumes) })
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
	need := map[userID]ceph.Caps{}
	for _, u := range s.uses {
		l := s.layout(u.id.cluster)
		switch u.what {
		case usedForImages:
			l.ImagePools, l.ImageDataPools = s.poolsOf(u.id, usedForImages)
			need[u.id] = l.GlanceCaps()
		case usedForVolumes:
			l.VolumePools, _ = s.poolsOf(u.id, usedForVolumes)
			_, l.DataPools = s.poolsOf(u.id, usedForVolumes, usedForDisks)
			if !s.sharedWithNova(u.id) {
				l.VMPool, l.ImagesWritable = "", false
			}
			need[u.id] = l.CinderCaps()
		case usedForBackups:
			need[u.id] = l.BackupCaps()
		case usedForDisks:
			if pools, _ := s.poolsOf(u.id, usedForVolumes); len(pools) == 0 {
				_, l.DataPools = s.poolsOf(u.id, usedForDisks)
				need[u.id] = l.NovaCaps()
			}
		}
	}
	for id, caps := range need {
		s.users = append(s.users, userUse{id, caps.Normal()})
	}
	slices.SortFunc(s.users, func(a, b userUse) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.entity, b.entity))
	})
}

func (s *site) sharedWithNova(id userID) bool {
	return s.nova != nil && s.nova.Cluster == id.cluster && "client."+s.nova.User == id.entity
}

// usersOn lists the Ceph users whose keyring a service needs on its host.
func (s *site) usersOn(service string) []userID { return s.on[service] }

func (s *site) resolveUsersOn(service string) []userID {
	var ids []userID
	add := func(cluster, user string) {
		id := userID{cluster, "client." + user}
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
			add(id.cluster, id.short())
		}
	}
	return ids
}

// usersOf lists the Ceph users whose keyrings a host with these services needs.
func (s *site) usersOf(services []string) []userID {
	var ids []userID
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
func clustersOf(users []userID) []string {
	var names []string
	for _, id := range users {
		if !slices.Contains(names, id.cluster) {
			names = append(names, id.cluster)
		}
	}
	return names
}

func (s *site) resolveSecrets() []userID {
	var ids []userID
	if s.nova != nil {
		ids = append(ids, userID{s.nova.Cluster, "client." + s.nova.User})
	}
	for _, b := range s.cinder {
		if id := (userID{b.Cluster, "client." + b.User}); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// givenUUID is the secret UUID that the Spec gives for a user, if any.
func (s *site) givenUUID(id userID) string {
	if s.nova != nil && s.sharedWithNova(id) && s.nova.SecretUUID != "" {
		return s.nova.SecretUUID
	}
	for _, b := range s.cinder {
		if b.Cluster == id.cluster && "client."+b.User == id.entity && b.SecretUUID != "" {
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
func (s *site) servicesOf(h HostSpec) []string {
	var out []string
	for _, name := range h.Services {
		if s.wants(name) {
			out = append(out, name)
		}
	}
	return out
}

// stageOf puts a host into the computes' or the controllers' stage.
func stageOf(h HostSpec) Stage {
	if slices.Contains(h.Services, "nova-compute") {
		return StageComputes
	}
	return StageControllers
}
