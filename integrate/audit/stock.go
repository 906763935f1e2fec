package audit

import (
	"slices"
	"time"
	"unique"

	"github.com/cephstack/cephstack/integrate/spec"
)

// A word is one of the few texts that many objects share, such as a status: equal words are kept once.
type word = unique.Handle[string]

func asWord(s string) word { return unique.Make(s) }

// An imageFact is what is kept of an image of Glance.
type imageFact struct {
	id             uuid
	status, format word
	stores         word // separated by commas; empty where Glance does not tell
	importing      word // stores to which it is still copied, or could not be copied
	at             word // where the first location is: an origin; empty where Glance hides it
	size, created  int64
}

// A volumeFact is what is kept of a volume of Cinder.
type volumeFact struct {
	id, stored       uuid // stored is the ID in the name of its RBD image
	image            uuid // that it is a copy of; zero if it is not a copy of an image
	status, host     word
	migration        word
	created, changed int64
	servers          []uuid
	attachments      int
	sizeGiB          int32
	encrypted        bool
	restored         bool // of a backup, by its name
}

// A serverFact is what is kept of a server of Nova.
type serverFact struct {
	id, image    uuid // image is zero where it boots from a volume
	status, host word
	task         word
	instance     string // only where names of disks have it
	created      int64
	volumes      []uuid
}

// A backupFact is what is kept of a backup of Cinder.
type backupFact struct {
	id, volume        uuid
	status, container word
	created           int64
	incremental       bool
}

// A table has the objects of a list of the APIs.
type table[T any] struct {
	err  error // why the list could not be read as a whole; then an object that is not there may exist
	rows []T
	at   map[uuid]int32
}

func (t *table[T]) put(id uuid, row T) {
	if t.at == nil {
		t.at = map[uuid]int32{}
	}
	if i, ok := t.at[id]; ok {
		t.rows[i] = row
		return
	}
	t.at[id] = int32(len(t.rows)) //nolint:gosec // a list has far fewer objects
	t.rows = append(t.rows, row)
}

// of is the object of an ID; nil if it is not there.
func (t *table[T]) of(id uuid) *T {
	if i, ok := t.at[id]; ok {
		return &t.rows[i]
	}
	return nil
}

// drop forgets an object that is gone. Its row stays, and is passed over by all.
func (t *table[T]) drop(id uuid) { delete(t.at, id) }

// all calls f for each object.
func (t *table[T]) all(f func(*T), id func(*T) uuid) {
	for i := range t.rows {
		if at, ok := t.at[id(&t.rows[i])]; ok && int(at) == i {
			f(&t.rows[i])
		}
	}
}

// A pool is a pool of the Spec, and the RBD images in it.
type pool struct {
	cluster, name string
	fsid          string   // of the cluster; empty where it could not be read
	uses          []string // spec.ForImages, …
	err           error    // why the images could not be listed
	images        []string // sorted
	trash         []string // sorted
}

func (p *pool) has(image string) bool {
	_, found := slices.BinarySearch(p.images, image)
	return found
}

func (p *pool) inTrash(image string) bool {
	_, found := slices.BinarySearch(p.trash, image)
	return found
}

func (p *pool) holds(what string) bool { return slices.Contains(p.uses, what) }

// path is an image of the pool, as the programs of Ceph name it.
func (p *pool) path(image string) string { return p.name + "/" + image }

// origin is the pool in the form of imageFact.at.
func (p *pool) origin() string { return "rbd://" + p.fsid + "/" + p.name }

// A stock is all that was read, without what was opened. What follows from it is found without any further reading.
type stock struct {
	images  table[imageFact]
	volumes table[volumeFact]
	servers table[serverFact]
	backups table[backupFact]
	// byStored are volumes by the ID in the name of their RBD image, where that is not their own ID.
	byStored map[uuid]uuid
	// instances are the servers by their name in libvirt, where names of disks have it.
	instances map[string]uuid

	backedUp map[uuid]bool // volumes that have backups

	pools    []*pool
	backends map[string]*pool // of Cinder, by name
	stores   map[string]*pool // of Glance, by name
	backup   *pool
	disks    *pool
	// located are RBD images, as cluster and path, that Glance names by their location and that have not the image's ID.
	located map[[2]string]bool
	// unusual are the IDs of images that are not in the form of all others. Nothing is found about them.
	unusual  map[string]bool
	ignore   func(path string) bool // whose RBD images are somebody else's
	now      time.Time
	patience time.Duration
}

// newStock has the pools of a Spec, and nothing in them.
func newStock(uses []spec.Use) *stock {
	s := &stock{byStored: map[uuid]uuid{}, instances: map[string]uuid{}, backends: map[string]*pool{},
		stores: map[string]*pool{}, located: map[[2]string]bool{}, unusual: map[string]bool{}}
	for _, u := range uses {
		p := s.pool(u.User.Cluster, u.Pool)
		if p == nil {
			p = &pool{cluster: u.User.Cluster, name: u.Pool}
			s.pools = append(s.pools, p)
		}
		p.uses = append(p.uses, u.What)
		switch u.What {
		case spec.ForBackups:
			s.backup = p
		case spec.ForDisks:
			s.disks = p
		}
	}
	return s
}

func (s *stock) pool(cluster, name string) *pool {
	for _, p := range s.pools {
		if p.cluster == cluster && p.name == name {
			return p
		}
	}
	return nil
}

// volumeStored is the volume whose data is in the RBD image volume-ID; nil if there is none.
func (s *stock) volumeStored(id uuid) *volumeFact {
	if of, ok := s.byStored[id]; ok {
		if v := s.volumes.of(of); v != nil && v.stored == id {
			return v
		}
	}
	if v := s.volumes.of(id); v != nil && v.stored == id {
		return v
	}
	return nil
}

// since is how long ago something was, in words.
func (s *stock) since(at int64) string {
	if at <= 0 {
		return "at a time that is not known"
	}
	t := time.Unix(at, 0).UTC()
	ago := s.now.Sub(t).Truncate(time.Minute)
	return t.Format("2006-01-02 15:04 MST") + ", " + ago.String() + " ago"
}

// late reports whether something that takes a while takes too long: more than some times the patience.
func (s *stock) late(at int64, times int) bool {
	return at > 0 && s.now.Sub(time.Unix(at, 0)) > time.Duration(times)*s.patience
}
