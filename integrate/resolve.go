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
	cinder  []BackendSpec
	backup  *BackupSpec
	nova    *NovaSpec
	users   []userUse              // sorted by cluster, then entity
	pools   map[string][]ceph.Pool // by cluster, sorted by name
	// services are the places of the services, by layout.
	services map[string]map[string]serviceLayout
	on       map[string][]userID // by service
	secrets  []userID            // whom QEMU logs in as on the computes
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
			User: cmp.Or(g.User, "glance"), Store: cmp.Or(g.Store, "rbd")}
	}
	if c := spec.Cinder; c != nil {
		for _, b := range c.Backends {
			b.Cluster, b.Pool, b.User = cmp.Or(b.Cluster, first), cmp.Or(b.Pool, "volumes"), cmp.Or(b.User, "cinder")
			s.cinder = append(s.cinder, b)
		}
	}
	if b := spec.Backup; b != nil {
		s.backup = &BackupSpec{Cluster: cmp.Or(b.Cluster, first), Pool: cmp.Or(b.Pool, "backups"), User: cmp.Or(b.User, "cinder-backup")}
	}
	if n := spec.Nova; n != nil {
		r := *n
		r.Cluster, r.Pool, r.User = cmp.Or(n.Cluster, first), cmp.Or(n.Pool, "vms"), cmp.Or(n.User, "cinder")
		s.nova = &r
	}
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
	if s.glance != nil {
		add(s.glance.Cluster, s.glance.Pool)
	}
	for _, b := range s.cinder {
		add(b.Cluster, b.Pool)
	}
	if s.backup != nil {
		add(s.backup.Cluster, s.backup.Pool)
	}
	if s.nova != nil {
		add(s.nova.Cluster, s.nova.Pool)
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

// usesOf lists what a pool is for, by the services.
func (s *site) usesOf(cluster, pool string) []string {
	var uses []string
	if g := s.glance; g != nil && g.Cluster == cluster && g.Pool == pool {
		uses = append(uses, "images")
	}
	if slices.ContainsFunc(s.cinder, func(b BackendSpec) bool { return b.Cluster == cluster && b.Pool == pool }) {
		uses = append(uses, "volumes")
	}
	if b := s.backup; b != nil && b.Cluster == cluster && b.Pool == pool {
		uses = append(uses, "backups")
	}
	if n := s.nova; n != nil && n.Cluster == cluster && n.Pool == pool {
		uses = append(uses, "VM disks")
	}
	return uses
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
				p.CRUSHRule, p.MaxBytes, p.MaxObjects = d.CRUSHRule, d.MaxBytes, d.MaxObjects
			}
		}
	}
	return p
}

// layout is the view of one cluster that caps are computed from.
func (s *site) layout(cluster string) ceph.Layout {
	l := ceph.Layout{MgrCaps: true, Classic: s.cluster(cluster).Caps == "classic"}
	if s.glance != nil && s.glance.Cluster == cluster {
		l.ImagePool = s.glance.Pool
	}
	for _, b := range s.cinder {
		if b.Cluster == cluster && !slices.Contains(l.VolumePools, b.Pool) {
			l.VolumePools = append(l.VolumePools, b.Pool)
		}
	}
	if s.backup != nil && s.backup.Cluster == cluster {
		l.BackupPool = s.backup.Pool
	}
	if s.nova != nil && s.nova.Cluster == cluster {
		l.VMPool = s.nova.Pool
		l.ImagesWritable = s.nova.DirectSnapshots
	}
	return l
}

func (s *site) resolveUsers() {
	need := map[userID]ceph.Caps{}
	grant := func(id userID, caps ceph.Caps) { need[id] = caps }
	if g := s.glance; g != nil {
		grant(userID{g.Cluster, "client." + g.User}, s.layout(g.Cluster).GlanceCaps())
	}
	for _, b := range s.cinder {
		id := userID{b.Cluster, "client." + b.User}
		l := s.layout(b.Cluster)
		l.VolumePools = s.poolsOf(id)
		if !s.sharedWithNova(id) {
			l.VMPool, l.ImagesWritable = "", false
		}
		grant(id, l.CinderCaps())
	}
	if b := s.backup; b != nil {
		grant(userID{b.Cluster, "client." + b.User}, s.layout(b.Cluster).BackupCaps())
	}
	if n := s.nova; n != nil {
		if id := (userID{n.Cluster, "client." + n.User}); len(s.poolsOf(id)) == 0 {
			grant(id, s.layout(n.Cluster).NovaCaps())
		}
	}
	for id, caps := range need {
		s.users = append(s.users, userUse{id, caps.Normal()})
	}
	slices.SortFunc(s.users, func(a, b userUse) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.entity, b.entity))
	})
}

// poolsOf lists the volume pools of the backends that use a user.
func (s *site) poolsOf(id userID) []string {
	var pools []string
	for _, b := range s.cinder {
		if b.Cluster == id.cluster && "client."+b.User == id.entity && !slices.Contains(pools, b.Pool) {
			pools = append(pools, b.Pool)
		}
	}
	return pools
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
		if s.glance != nil {
			add(s.glance.Cluster, s.glance.User)
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
