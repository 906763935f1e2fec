package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/ceph/bulk"
)

const (
	// mostOpened is how many RBD images are opened if Options.Open does not say otherwise.
	mostOpened = 2000
	// mostSuspects is how many suspects are opened, beside these.
	mostSuspects = 5000
	// openAtOnce is how many images are opened in one exchange.
	openAtOnce = 500
)

// A spot is an RBD image.
type spot struct {
	pool  *pool
	image string
}

// A candidate is an RBD image that is worth opening, and why.
type candidate struct {
	spot
	created int64
	of      ask
	image   uuid // the image of Glance that a disk or a volume is a copy of
}

// judgeAll is judge, with what the opened images tell.
func (r *reader) judgeAll(tell bool) []suspect {
	suspects := r.judge(tell)
	out := suspects[:0]
	for _, s := range suspects {
		if r.seen(&s) {
			out = append(out, s)
		}
	}
	add := func(s suspect) { out = append(out, s) }
	for _, c := range r.chosen {
		r.fromOpened(c, add)
	}
	r.lostClones(add)
	return out
}

// seen adds to a suspect what its opened RBD image tells. It is false if the image tells that all is well.
func (r *reader) seen(s *suspect) bool {
	if s.pool == nil {
		return true
	}
	found, opened := r.opened[spot{s.pool, s.image}]
	if !opened || found.Err != nil {
		return !s.opened
	}
	img := found.Image
	has := func(feature string) bool { return slices.Contains(img.Features, feature) }
	switch {
	case s.Code == "deleted-volume-left" && len(img.Snapshots) > 0, // its clones need it
		s.Code == "copy-in-another-pool" && (has("journaling") || has("non-primary")): // a mirror
		return false
	}
	text := fmt.Sprintf("%d bytes, %d snapshots", img.Size, len(img.Snapshots))
	if img.Parent != nil {
		text += ", a clone of " + img.Parent.Pool + "/" + img.Parent.Image + "@" + img.Parent.Snapshot
	}
	s.Evidence = append(s.Evidence, text)
	return true
}

// choose says which RBD images are opened beside those of suspects: the newest, a third of each kind.
func (r *reader) choose() {
	budget := r.options.Open
	if budget == 0 {
		budget = mostOpened
	}
	if budget < 0 {
		return
	}
	for _, all := range [][]candidate{r.imagesToOpen(), r.volumesToOpen(), r.disksToOpen()} {
		slices.SortFunc(all, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.created, a.created), cmp.Compare(a.spot.image, b.spot.image))
		})
		r.chosen = append(r.chosen, all[:min(len(all), (budget+2)/3)]...)
	}
}

// imagesToOpen are the images of Glance that Nova and Cinder clone.
func (r *reader) imagesToOpen() (all []candidate) {
	r.images.all(func(i *imageFact) {
		places, _ := r.placesOf(i)
		for _, p := range places {
			if r.cloneable(i, p) {
				all = append(all, candidate{spot: spot{p, i.id.String()}, created: i.created, of: ask{anImage, i.id}})
			}
		}
	}, (*imageFact).key)
	return all
}

// volumesToOpen are the volumes that could be clones of an image.
func (r *reader) volumesToOpen() (all []candidate) {
	r.volumes.all(func(v *volumeFact) {
		p := r.poolOf(v.host.Value())
		if p == nil || p.err != nil || v.encrypted || v.restored || v.stored != v.id || v.migration.Value() != "" ||
			v.status.Value() != "available" && v.status.Value() != "in-use" || !r.couldClone(v.image, p) {
			return
		}
		if image := "volume-" + v.id.String(); p.has(image) {
			all = append(all, candidate{spot{p, image}, v.created, ask{aVolume, v.id}, v.image})
		}
	}, (*volumeFact).key)
	return all
}

// disksToOpen are the root disks of servers.
func (r *reader) disksToOpen() (all []candidate) {
	p := r.disks
	if p == nil || p.err != nil {
		return nil
	}
	r.servers.all(func(v *serverFact) {
		if image := r.rootDisk(v); v.image != (uuid{}) && p.has(image) {
			of := v.image
			if !r.couldClone(of, p) {
				of = uuid{}
			}
			all = append(all, candidate{spot{p, image}, v.created, ask{aServer, v.id}, of})
		}
	}, (*serverFact).key)
	return all
}

// couldClone reports whether there is an image of which clones could be made in a pool.
func (r *reader) couldClone(image uuid, into *pool) bool {
	i := r.images.of(image)
	if i == nil || r.images.err != nil {
		return false
	}
	places, _ := r.placesOf(i)
	return slices.ContainsFunc(places, func(p *pool) bool { return p.cluster == into.cluster && r.cloneable(i, p) })
}

// open opens the RBD images of suspects, and those that were chosen.
func (r *reader) open(ctx context.Context, suspects []suspect) {
	r.opened = map[spot]bulk.Inspection{}
	var spots []spot
	for _, s := range suspects {
		if s.pool != nil && s.image != "" && s.Severity == Waste && len(spots) < mostSuspects {
			spots = append(spots, spot{s.pool, s.image})
		}
	}
	for _, c := range r.chosen {
		spots = append(spots, c.spot)
	}
	r.inspect(ctx, spots)
	r.looked("RBD images that were opened", len(r.opened))
}

// inspect opens RBD images, of all pools at the same time.
func (r *reader) inspect(ctx context.Context, spots []spot) {
	byPool := map[*pool][]string{}
	for _, s := range spots {
		byPool[s.pool] = append(byPool[s.pool], s.image)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for p, names := range byPool {
		slices.Sort(names)
		names = slices.Compact(names)
		wg.Go(func() {
			failed := map[string]int{}
			for some := range slices.Chunk(names, openAtOnce) {
				all := bulk.Inspect(ctx, r.cfg.World.Clusters[p.cluster].Images, p.name, some)
				mu.Lock()
				for i, found := range all {
					r.opened[spot{p, some[i]}] = found
					if found.Err != nil && !errors.Is(found.Err, ceph.ErrNotFound) {
						failed[strings.ReplaceAll(found.Err.Error(), some[i], "IMAGE")]++
					}
				}
				mu.Unlock()
			}
			for text, n := range failed {
				r.unable(fmt.Sprintf("%d RBD images of pool %s of cluster %s", n, p.name, p.cluster), errors.New(text))
			}
		})
	}
	wg.Wait()
}

// fromOpened finds what an RBD image that was chosen tells by itself.
func (r *reader) fromOpened(c candidate, add func(suspect)) {
	found, ok := r.opened[c.spot]
	if !ok || found.Err != nil {
		return
	}
	at := func(name string) int {
		return slices.IndexFunc(found.Image.Snapshots, func(s ceph.Snapshot) bool { return s.Name == name })
	}
	switch c.of.kind {
	case anImage:
		i := r.images.of(c.of.id)
		snap := at("snap")
		if i == nil || i.status.Value() != "active" || snap >= 0 && found.Image.Snapshots[snap].Protected {
			return
		}
		path := c.pool.path(c.spot.image)
		x := c.pool.about("image-snap-missing", c.spot.image, c.of).saying("the image has no snapshot named snap, so each "+
			"server and volume of it fails, or is a whole copy", "Make it as Glance does: rbd snap create "+path+
			"@snap; rbd snap protect "+path+"@snap")
		x.Severity = Broken
		if snap >= 0 {
			x = c.pool.about("image-snap-unprotected", c.spot.image, c.of).saying("the image's snapshot snap is not protected: "+
				"unless the cluster makes clones of format 2, no clone can be made of it", "rbd snap protect "+path+"@snap")
		}
		x.Evidence = append(x.Evidence, i.evidence(r.stock), fmt.Sprintf("snapshots: %v", names(found.Image.Snapshots)))
		add(x)
	case aServer:
		v := r.servers.of(c.of.id)
		if v == nil || at("nova-resize") < 0 || v.task.Value() != "" || !slices.Contains(settled(), v.status.Value()) {
			return
		}
		path := c.pool.path(c.spot.image)
		x := c.pool.about("resize-snapshot-left", c.spot.image, c.of).saying("a snapshot of a resize that is over is still "+
			"there: the next resize or migration of the server ends in ERROR", "Remove it: rbd snap rm "+path+
			"@nova-resize")
		x.Severity = Broken
		x.Evidence = append(x.Evidence, v.evidence(r.stock))
		add(x)
	}
}

func names(snapshots []ceph.Snapshot) (all []string) {
	for _, s := range snapshots {
		all = append(all, s.Name)
	}
	return all
}

// A group is the copies of an image in a pool.
type group struct {
	image uuid
	pool  *pool
}

// lostClones finds images of which whole copies are made where clones could be. The newest copy tells: an older one may
// be of a time before that, or was restored, flattened or unshelved.
func (r *reader) lostClones(add func(suspect)) {
	flat, newest := map[group][]string{}, map[group]candidate{}
	for _, c := range r.chosen {
		found, ok := r.opened[c.spot]
		if c.image == (uuid{}) || !ok || found.Err != nil {
			continue
		}
		g := group{c.image, c.pool}
		if n, ok := newest[g]; !ok || c.created > n.created || c.created == n.created && found.Image.Parent != nil {
			newest[g] = c
		}
		if found.Image.Parent == nil {
			flat[g] = append(flat[g], c.pool.path(c.spot.image))
		}
	}
	for g, all := range flat {
		n := newest[g]
		if r.opened[n.spot].Image.Parent != nil {
			continue
		}
		slices.Sort(all)
		add(suspect{Finding: Finding{Code: "lost-copy-on-write", Severity: Waste, Cluster: g.pool.cluster,
			Object: fmt.Sprintf("image %v in pool %s", g.image, g.pool.name),
			Message: fmt.Sprintf("%d of the copies of this image are whole copies, the newest one, too, though clones could be "+
				"made of it", len(all)),
			Evidence: append(firstFew(all, 10), "newest: "+n.of.String()+", created "+r.since(n.created)),
			Next: "Look at the log of the service that made the newest (nova-compute or cinder-volume) for the ID and for " +
				"'clone'; a copy of the image in _base on the compute, or an encrypted volume type, also keeps it from cloning"},
			asks: []ask{n.of}})
	}
}
