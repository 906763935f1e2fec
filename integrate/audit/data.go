package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph/bulk"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/openstack/api"
)

// pause is how long after the first look the second look is made at what the first look suspects. A service that is
// about to make or to delete an object is done with its other half by then.
const pause = 30 * time.Second

// lookAtData is the part Data.
func lookAtData(ctx context.Context, l *look) {
	r := &reader{look: l, stock: newStock(l.site.Uses)}
	r.ignore = l.options.ignored
	if l.cfg.World.Cloud == nil {
		l.unable("the data of the cloud", cmp.Or(l.cfg.World.CloudErr, errors.New("the World has no APIs")))
		return
	}
	r.resolve(l.site)
	r.first(ctx)
	if ctx.Err() != nil {
		l.unable("the data of the cloud", context.Cause(ctx))
		return
	}
	if errors.Is(r.images.err, errOneProject) {
		return
	}
	r.count()
	r.choose()
	r.open(ctx, r.judge(true))
	suspects := r.judgeAll(false)
	if slices.ContainsFunc(suspects, suspect.doubtful) {
		suspects = r.again(ctx, suspects)
	}
	for _, s := range suspects {
		l.found(s.Finding)
	}
}

// A reader reads the stock of a look.
type reader struct {
	*look
	*stock
	chosen []candidate
	opened map[spot]bulk.Inspection
}

// resolve draws the Spec's references.
func (r *reader) resolve(site *want.Site) {
	for _, st := range site.Stores {
		r.stores[st.Name] = r.pool(st.Cluster, st.Pool)
	}
	for _, b := range site.Cinder {
		r.backends[b.Name] = r.pool(b.Cluster, b.Pool)
	}
	r.patience = cmp.Or(r.options.Patience, 2*time.Hour)
}

// doubtful reports whether a suspect needs a second look: whether it rests on something that was not there, or not
// done.
func (s suspect) doubtful() bool { return s.pool != nil && s.image != "" || len(s.asks) > 0 }

// judge gives what the stock tells. With tell, it also tells what cannot be told.
func (r *reader) judge(tell bool) (all []suspect) {
	r.now = r.clock()
	r.backedUp = map[uuid]bool{}
	r.backups.all(func(b *backupFact) { r.backedUp[b.volume] = true }, (*backupFact).key)
	add := func(s suspect) { all = append(all, s) }
	for _, p := range r.pools {
		if p.err == nil {
			from := len(all)
			r.owners(p, add)
			shared(p, all[from:])
		}
	}
	r.missing(add, func(what string, err error) {
		if tell {
			r.unable(what, err)
		}
	})
	r.clones(add)
	r.use(add)
	return all
}

// clock is the time of the services, by which objects tell their times.
func (r *reader) clock() time.Time {
	if now, ok := r.cfg.World.Cloud.Clock(); ok {
		return now
	}
	return time.Now()
}

// ignored reports whether a pattern of Options.Ignore fits an RBD image.
func (o Options) ignored(image string) bool {
	return slices.ContainsFunc(o.Ignore, func(pattern string) bool {
		ok, _ := path.Match(pattern, image) // Run has checked the patterns
		return ok
	})
}

// count tells how much was looked at.
func (r *reader) count() {
	for _, p := range r.pools {
		if p.err == nil {
			r.looked("RBD images", len(p.images))
			r.looked("RBD images in the trash", len(p.trash))
		}
	}
	for what, n := range map[string]int{"images": len(r.images.rows), "volumes": len(r.volumes.rows),
		"servers": len(r.servers.rows), "backups": len(r.backups.rows)} {
		r.looked(what, n)
	}
}

// originOf is where a location is, in the form of imageFact.at: the pool, if the RBD image has the ID of the Glance
// image; else with the RBD image; without what may be a secret if it is not in RBD.
func originOf(location, id string) (at string) {
	rest, ok := strings.CutPrefix(location, "rbd://")
	if !ok {
		scheme, _, _ := strings.Cut(location, ":")
		if location == "" {
			return ""
		}
		return scheme + ":"
	}
	parts := strings.Split(rest, "/") // of names that the limits of a Spec allow, nothing is escaped
	switch {
	case len(parts) != 4:
		return "rbd://"
	case parts[2] == id:
		return "rbd://" + parts[0] + "/" + parts[1]
	}
	return "rbd://" + strings.Join(parts[:3], "/")
}

// putImage keeps what counts of an image.
func (r *reader) putImage(i api.Image) {
	id, ok := parseUUID(i.ID)
	if !ok {
		r.unusual[i.ID] = true // Glance takes IDs in capital letters, too
		return
	}
	locations := i.Locations
	if len(locations) == 0 && i.DirectURL != "" {
		locations = []string{i.DirectURL}
	}
	at := ""
	for _, l := range locations {
		origin := originOf(l, i.ID)
		for _, p := range r.pools {
			if image, ok := strings.CutPrefix(origin, p.origin()+"/"); ok && p.fsid != "" {
				r.located[[2]string{p.cluster, p.path(image)}] = true
			}
		}
		if at == "" || !r.known(at) && r.known(origin) {
			at = origin
		}
	}
	r.images.put(id, imageFact{id: id, status: asWord(i.Status), format: asWord(i.DiskFormat),
		stores: asWord(strings.Join(i.Stores, ",")), importing: asWord(strings.Join(slices.Concat(i.Importing), ",")),
		at: asWord(at), size: i.Size, created: unix(i.Created)})
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// putVolume keeps what counts of a volume.
func (r *reader) putVolume(v api.Volume) {
	id, ok := parseUUID(v.ID)
	if !ok {
		return
	}
	f := volumeFact{id: id, stored: id, status: asWord(v.Status), host: asWord(v.Host), migration: asWord(v.Migration),
		created: unix(v.Created), changed: unix(v.Updated), attachments: max(len(v.Attachments), len(v.Servers)),
		sizeGiB: int32(min(v.SizeGiB, 1<<30)), encrypted: v.Encrypted, //nolint:gosec // it is bounded
		restored: strings.HasPrefix(v.Name, "restore_backup_")}
	if stored, ok := parseUUID(v.NameID); ok {
		f.stored = stored
		r.byStored[stored] = id
	}
	f.image, _ = parseUUID(v.ImageID)
	for _, s := range v.Servers {
		if server, ok := parseUUID(s); ok {
			f.servers = append(f.servers, server)
		}
	}
	r.volumes.put(id, f)
}

// putServer keeps what counts of a server.
func (r *reader) putServer(v api.Server) {
	id, ok := parseUUID(v.ID)
	if !ok {
		return
	}
	f := serverFact{id: id, status: asWord(v.Status), host: asWord(v.Host), task: asWord(v.Task), created: unix(v.Created)}
	f.image, _ = parseUUID(v.ImageID)
	if r.byInstance() {
		f.instance = cmp.Or(v.Instance, "instance-"+v.ID)
		r.instances[f.instance] = id
	}
	for _, s := range v.Volumes {
		if volume, ok := parseUUID(s); ok {
			f.volumes = append(f.volumes, volume)
		}
	}
	r.servers.put(id, f)
}

// byInstance reports whether disks of VMs have the name of the instance, and not the ID of the server.
func (r *reader) byInstance() bool { return r.site.Release.Before("icehouse") }

// putBackup keeps what counts of a backup.
func (r *reader) putBackup(b api.Backup) {
	id, ok := parseUUID(b.ID)
	volume, also := parseUUID(b.VolumeID)
	if ok && also {
		r.backups.put(id, backupFact{id: id, volume: volume, status: asWord(b.Status), container: asWord(b.Container),
			created: unix(b.Created), incremental: b.Incremental})
	}
}

// unreadable words why a list cannot be read.
func unreadable(what string, err error) error {
	return fmt.Errorf("%s cannot be listed: %w", what, err)
}
