package audit

import (
	"fmt"
	"slices"
	"strings"
)

// enough is how many objects have to miss their RBD images, and none to have one, before that says more about the pool
// than about the objects.
const enough = 20

// A tally counts the objects of the APIs that should have an RBD image in a pool, and the images that are not there.
type tally struct {
	expected int
	missing  []suspect
	renamed  []string // RBD images of volumes by names that Cinder does not give by default
}

// missing are the suspects among the objects of the APIs: those whose RBD image is not there. What it cannot tell of a
// pool, it tells unable.
func (s *stock) missing(add func(suspect), unable func(what string, err error)) {
	all := map[*pool]map[string]*tally{}
	in := func(p *pool, what string) *tally {
		if all[p] == nil {
			all[p] = map[string]*tally{}
		}
		if all[p][what] == nil {
			all[p][what] = &tally{}
		}
		return all[p][what]
	}
	s.missingImages(in)
	s.missingVolumes(in)
	s.missingBackups(in)
	for _, p := range s.pools {
		for _, what := range []string{"images", "volumes", "backups"} {
			t := in(p, what)
			if len(t.missing) == t.expected && t.expected >= enough {
				unable(fmt.Sprintf("%s in pool %s of cluster %s", what, p.name, p.cluster), fmt.Errorf("the APIs tell of %d "+
					"%s, and the pool has none of them: the Spec names another pool than the service, or the service gives "+
					"its images other names", t.expected, what))
				continue
			}
			if len(t.renamed) > 0 {
				unable(fmt.Sprintf("%s in pool %s of cluster %s", what, p.name, p.cluster), fmt.Errorf("%d have RBD images by "+
					"other names than volume-ID, such as %s: volume_name_template in cinder.conf is not the default, and names "+
					"by the default only are known", len(t.renamed), t.renamed[0]))
			}
			for _, x := range t.missing {
				add(x)
			}
		}
	}
	s.missingDisks(add)
}

// gone makes a suspect of an RBD image that should be in a pool, and is not.
func (p *pool) gone(code, image string, asks ...ask) suspect {
	x := p.about(code, image, asks...)
	x.Severity = Danger
	next := "Look where it may be (rbd ls POOL; rbd trash ls --all POOL; the other pools) before anything is deleted. " +
		"Without it, the data is gone: restore it from a backup"
	if p.inTrash(image) {
		x.Code = "in-trash"
		x.Evidence = append(x.Evidence, "the trash of pool "+p.name+" has an image of this name")
		next = "Bring it back, by its ID in the list: rbd trash ls --all POOL; rbd trash restore POOL/ID"
	}
	x.Next = strings.ReplaceAll(next, "POOL", p.name)
	return x
}

func (s *stock) missingImages(in func(*pool, string) *tally) {
	if s.images.err != nil {
		return
	}
	s.images.all(func(i *imageFact) {
		if !i.whole() {
			return
		}
		places, sure := s.placesOf(i)
		for _, p := range places {
			if p.err != nil || !sure {
				continue
			}
			t, image := in(p, "images"), i.id.String()
			t.expected++
			if p.has(image) {
				continue
			}
			x := p.gone("missing-image", image, ask{anImage, i.id})
			x.Message = "Glance has the image in this pool, and its data is not there"
			if x.Code == "in-trash" {
				x.Message = "Glance has the image in this pool, and its data is in the trash"
			}
			x.Evidence = append(x.Evidence, i.evidence(s))
			t.missing = append(t.missing, x)
		}
	}, (*imageFact).key)
}

// present are the statuses of volumes whose data is there.
func present() []string {
	return []string{"available", "in-use", "attaching", "detaching", "reserved", "backing-up", "uploading", "maintenance",
		"extending", "error_extending", "awaiting-transfer", "retyping", "error_backing-up"}
}

func (s *stock) missingVolumes(in func(*pool, string) *tally) {
	if s.volumes.err != nil {
		return
	}
	states, renamed := present(), map[*pool]map[uuid]string{}
	s.volumes.all(func(v *volumeFact) {
		p := s.poolOf(v.host.Value())
		if p == nil || p.err != nil || v.migrating() || !slices.Contains(states, v.status.Value()) {
			return
		}
		t, image := in(p, "volumes"), "volume-"+v.stored.String()
		t.expected++
		if p.has(image) {
			return
		}
		if renamed[p] == nil {
			renamed[p] = p.byOtherNames()
		}
		if other, there := renamed[p][v.stored]; there {
			t.renamed = append(t.renamed, other)
			return
		}
		x := p.gone("missing-volume", image, ask{aVolume, v.id})
		x.Message = "Cinder has the volume on this backend, and its data is not there"
		if x.Code == "in-trash" {
			x.Message = "Cinder has the volume on this backend, and its data is in the trash"
		}
		x.Evidence = append(x.Evidence, v.evidence(s))
		t.missing = append(t.missing, x)
	}, (*volumeFact).key)
}

// byOtherNames are images with the ID of something in a name that OpenStack does not give by default.
func (p *pool) byOtherNames() map[uuid]string {
	all := map[uuid]string{}
	for _, image := range p.images {
		if parseName(image).form != ofNobody {
			continue
		}
		if id, ok := idIn(image); ok && all[id] == "" {
			all[id] = image
		}
	}
	return all
}

func (s *stock) missingBackups(in func(*pool, string) *tally) {
	p := s.backup
	if s.backups.err != nil || p == nil || p.err != nil {
		return
	}
	s.backups.all(func(b *backupFact) {
		if b.container.Value() != p.name || b.status.Value() != "available" {
			return
		}
		t, of := in(p, "backups"), "volume-"+b.volume.String()+".backup."
		t.expected++
		image := of + b.id.String()
		if p.has(image) || p.has(of+"base") || b.incremental && p.hasPrefix(of) {
			return
		}
		x := p.gone("missing-backup", image, ask{aBackup, b.id})
		x.Message = "Cinder has the backup in this pool, and its data is not there"
		if x.Code == "in-trash" {
			x.Message = "Cinder has the backup in this pool, and its data is in the trash"
		} else {
			x.Next = "Make another backup of the volume now (openstack volume backup create " + b.volume.String() +
				"), and delete this one through Cinder"
		}
		x.Evidence = append(x.Evidence, fmt.Sprintf("backup %v of volume %v: status available, incremental %v, created %s",
			b.id, b.volume, b.incremental, s.since(b.created)))
		t.missing = append(t.missing, x)
	}, (*backupFact).key)
}

// hasPrefix reports whether the name of an image begins so.
func (p *pool) hasPrefix(prefix string) bool {
	i, found := slices.BinarySearch(p.images, prefix)
	return found || i < len(p.images) && strings.HasPrefix(p.images[i], prefix)
}

// settled are the statuses of servers whose disks are where their computes have them.
func settled() []string { return []string{"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"} }

// missingDisks looks only at computes of which another server has its disk in Ceph: the disks of others may be local.
func (s *stock) missingDisks(add func(suspect)) {
	p := s.disks
	if s.servers.err != nil || p == nil || p.err != nil {
		return
	}
	lacking, inCeph, states := map[word][]*serverFact{}, map[word]bool{}, settled()
	s.servers.all(func(v *serverFact) {
		if v.image == (uuid{}) || v.task.Value() != "" || !slices.Contains(states, v.status.Value()) {
			return
		}
		if p.has(s.rootDisk(v)) {
			inCeph[v.host] = true
		} else {
			lacking[v.host] = append(lacking[v.host], v)
		}
	}, (*serverFact).key)
	for host, servers := range lacking {
		for _, v := range servers {
			if !inCeph[host] {
				break
			}
			x := p.gone("missing-disk", s.rootDisk(v), ask{aServer, v.id})
			x.Message = "the root disk of a server is not there, though others on its compute have theirs in Ceph: it is " +
				"gone, or on a local disk, and the next hard reboot ends in ERROR"
			if x.Code != "in-trash" {
				x.Next = "Look where the server has its disk, on its compute: virsh domblklist " + v.id.String() +
					"; 'To bring a VM into Ceph' of the guide tells how to move a local disk"
			}
			x.Evidence = append(x.Evidence, v.evidence(s))
			add(x)
		}
	}
}

// rootDisk is the name of the RBD image of the root disk of a server.
func (s *stock) rootDisk(v *serverFact) string {
	if v.instance != "" {
		return v.instance + "_disk"
	}
	return v.id.String() + "_disk"
}
