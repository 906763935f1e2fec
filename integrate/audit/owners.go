package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A kind is a kind of object of the APIs.
type kind uint8

const (
	anImage kind = iota
	aVolume
	aServer
	aBackup
)

// An ask is an object of the APIs.
type ask struct {
	kind kind
	id   uuid
}

// A suspect is a finding that rests on something not being there, or being on its way. It is a finding only if a second
// look, after a pause, finds the same.
type suspect struct {
	Finding
	asks  []ask // the objects to read again
	pool  *pool // to list again
	image string
	// opened says that the RBD image has to be opened before anything can be told.
	opened bool
}

// key tells suspects apart.
func (s suspect) key() [3]string { return [3]string{s.Code, s.Cluster, s.Object} }

// about makes a suspect of an RBD image.
func (p *pool) about(code, image string, asks ...ask) suspect {
	return suspect{Finding: Finding{Code: code, Severity: Waste, Cluster: p.cluster,
		Object:   "RBD image " + p.path(image),
		Evidence: []string{"cluster " + p.cluster + ", pool " + p.name + ", image " + image}}, asks: asks, pool: p,
		image: image}
}

const lookBeforeRemoval = "Look at it (rbd info IMAGE; rbd snap ls IMAGE; rbd status IMAGE). " +
	"If nobody needs it, keep it in the trash for a while: rbd trash mv IMAGE"

func (s suspect) saying(message, next string) suspect {
	s.Message = message
	s.Next = strings.ReplaceAll(next, "IMAGE", s.pool.path(s.image))
	return s
}

// owners are the suspects among the RBD images of a pool: those that no object of the APIs has.
func (s *stock) owners(p *pool, add func(suspect)) {
	var foreign []string
	for _, image := range p.images {
		n := parseName(image)
		switch {
		case s.located[[2]string{p.cluster, p.path(image)}], s.unusual[image]:
		case n.form == ofNobody && s.ofVolumeByOtherName(image): // which the search for the volume's image tells
		case s.ignore(p.path(image)): // the path is only needed where there are patterns
		case n.form == ofNobody, n.form == ofImage && !p.holds(spec.ForImages) && s.images.of(n.id) == nil:
			foreign = append(foreign, image)
		default:
			s.owner(p, image, n, add)
		}
	}
	if len(foreign) > 0 {
		add(foreigners(p, foreign))
	}
}

// ofVolumeByOtherName reports whether an image is that of a volume, by a name that Cinder does not give by default.
func (s *stock) ofVolumeByOtherName(image string) bool {
	id, ok := idIn(image)
	return ok && s.volumes.err == nil && s.volumeStored(id) != nil
}

func (s *stock) owner(p *pool, image string, n name, add func(suspect)) {
	switch n.form {
	case ofImage:
		s.ownerOfImage(p, image, n, add)
	case ofVolume:
		s.ownerOfVolume(p, image, n, add)
	case ofDeleted:
		if s.volumes.err == nil {
			x := p.about("deleted-volume-left", image, ask{aVolume, n.id}).saying(
				"a volume that Cinder deleted, and that no clone needs any more, is still there", lookBeforeRemoval)
			x.opened = true
			add(x)
		}
	case ofBackup, ofBase:
		s.ownerOfBackup(p, image, n, add)
	case ofServer, ofConvert:
		s.ownerOfDisk(p, image, n, add)
	case ofHavana:
		if id, ok := s.instances[strings.TrimSuffix(image, n.rest)]; ok {
			n.id = id
			s.ownerOfDisk(p, image, n, add)
		} else if s.servers.err == nil && len(s.instances) > 0 {
			add(p.about("orphan-disk", image).saying("no server of Nova has this disk", lookBeforeRemoval))
		}
	}
}

func (s *stock) ownerOfImage(p *pool, image string, n name, add func(suspect)) {
	if s.images.err != nil {
		return
	}
	i := s.images.of(n.id)
	if i == nil {
		add(p.about("orphan-image", image, ask{anImage, n.id}).saying("Glance has no image of this ID; an image that waits "+
			"for Glance's scrubber (delayed_delete) is not shown either", lookBeforeRemoval))
		return
	}
	own, sure := s.placesOf(i)
	if i.status.Value() != "active" || !sure || len(own) == 0 || slices.Contains(own, p) || i.importing.Value() != "" {
		return
	}
	if slices.ContainsFunc(own, func(o *pool) bool { return o.err != nil || !o.has(image) }) {
		return // the image that Glance names is missing: that is another finding
	}
	x := p.about("copy-in-another-pool", image, ask{anImage, n.id}).saying("the image is in another pool, by Glance, and "+
		"this copy was left behind", lookBeforeRemoval)
	x.Evidence = append(x.Evidence, fmt.Sprintf("image %v: status active, stores %q, location %q", n.id, i.stores.Value(),
		i.at.Value()))
	add(x)
}

func (s *stock) ownerOfVolume(p *pool, image string, n name, add func(suspect)) {
	if s.volumes.err != nil {
		return
	}
	v, stored := s.volumes.of(n.id), s.volumeStored(n.id)
	if v == nil && stored == nil {
		add(p.about("orphan-volume", image, ask{aVolume, n.id}).saying("Cinder has no volume whose data this is",
			lookBeforeRemoval))
		return
	}
	if stored != nil {
		v = stored
	}
	own := s.poolOf(v.host.Value())
	if own == nil || own.err != nil || own == p && stored != nil || !slices.Contains(present(), v.status.Value()) ||
		v.migrating() || !own.has("volume-"+v.stored.String()) {
		return
	}
	x := p.about("copy-in-another-pool", image, ask{aVolume, v.id}).saying("the volume's data is "+
		own.path("volume-"+v.stored.String())+", and this copy was left behind by a migration", lookBeforeRemoval)
	x.Evidence = append(x.Evidence, v.evidence(s))
	x.opened = true // a mirror of another pool is no copy that was left behind
	add(x)
}

func (s *stock) ownerOfBackup(p *pool, image string, n name, add func(suspect)) {
	if s.backups.err != nil {
		return
	}
	if n.form == ofBackup && s.backups.of(n.backup) != nil {
		return
	}
	if n.form == ofBase {
		if s.backedUp[n.id] {
			return
		}
		add(p.about("orphan-backup", image).saying("Cinder has no backup of the volume of this base", lookBeforeRemoval))
		return
	}
	add(p.about("orphan-backup", image, ask{aBackup, n.backup}).saying("Cinder has no backup of this ID",
		lookBeforeRemoval))
}

func (s *stock) ownerOfDisk(p *pool, image string, n name, add func(suspect)) {
	if s.servers.err != nil {
		return
	}
	v := s.servers.of(n.id)
	if v == nil {
		add(p.about("orphan-disk", image, ask{aServer, n.id}).saying("Nova has no server whose disk this is; a compute "+
			"that was down while its server was deleted removes the disk when it is back", lookBeforeRemoval))
		return
	}
	status, idle := v.status.Value(), v.task.Value() == ""
	evidence := fmt.Sprintf("server %v: status %s on %s, created %s", v.id, status, v.host.Value(), s.since(v.created))
	switch {
	case !idle:
	case strings.HasSuffix(n.rest, ".rescue") && (status == "ACTIVE" || status == "SHUTOFF"):
		x := p.about("rescue-disk-left", image, ask{aServer, n.id}).saying("a disk of a rescue that is over is still there",
			lookBeforeRemoval)
		x.Evidence = append(x.Evidence, evidence)
		add(x)
	case n.form == ofConvert && status == "ACTIVE":
		x := p.about("converted-disk-left", image, ask{aServer, n.id}).saying("a disk that was converted for a server is "+
			"still there under its temporary name, and the server runs without it", lookBeforeRemoval)
		x.Evidence = append(x.Evidence, evidence)
		add(x)
	}
}

// shared says of the orphans of a pool that they may be another cloud's, where they are many, and at least half of the
// pool. Two clouds or regions on one pool see each other's data as such orphans.
func shared(p *pool, suspects []suspect) {
	orphan := func(s suspect) bool { return strings.HasPrefix(s.Code, "orphan-") }
	n := 0
	for _, s := range suspects {
		if orphan(s) {
			n++
		}
	}
	if n < enough || 2*n < len(p.images) {
		return
	}
	for i := range suspects {
		if s := &suspects[i]; orphan(*s) {
			s.Next = fmt.Sprintf("Remove nothing before you know that no other cloud or region keeps its data in this pool: "+
				"%d of its %d RBD images have no owner here. ", n, len(p.images)) + s.Next
		}
	}
}

// foreigners tell of the images of a pool whose names are no form of OpenStack's.
func foreigners(p *pool, names []string) suspect {
	x := suspect{Finding: Finding{Code: "foreign-images", Severity: Waste, Cluster: p.cluster, Object: "pool " + p.name,
		Message: fmt.Sprintf("RBD images whose names OpenStack gives to no image of this pool (%s): %d; they are somebody "+
			"else's", strings.Join(p.uses, ", "), len(names)),
		Next: "Ask whose they are, and let audit leave them out (--ignore); a pool of their own would keep OpenStack's " +
			"users away from them"}, pool: p}
	x.Evidence = firstFew(names, 10)
	return x
}

// firstFew are some names, and how many more there are.
func firstFew(names []string, n int) []string {
	if len(names) <= n {
		return slices.Clone(names)
	}
	return append(slices.Clone(names[:n]), fmt.Sprintf("and %d more", len(names)-n))
}
