package host

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// A reading is what the running process of a service has read of the host's files. Where
// the host noted what the process found at its start, that counts. Where it did not, the
// times of the files and of the start do.
type reading struct {
	host  *step.Host
	place place.Service
	unit  remote.Unit // as of place.State
}

// behindClock is how far a start may be ahead of the host's clock: a start may be known to the
// second only.
const behindClock = 2 * time.Second

// unknown reports whether the times tell nothing: the start lies in the future, so that the
// clock was set back since.
func (r reading) unknown() bool {
	u := r.unit
	return u.Read == nil && !u.Now.IsZero() && u.Since.After(u.Now.Add(behindClock))
}

// outdated lists those of some files, and of the folders that the service reads, that are
// not as the process found them.
func (r reading) outdated(paths []string) (changed []string) {
	for _, p := range paths {
		if r.changed(p) && !slices.Contains(changed, p) {
			changed = append(changed, p)
		}
	}
	var gone []string
	for p, was := range r.unit.Read {
		if _, there := r.host.Files[p]; !there && was != remote.Absent && r.lists(p) {
			gone = append(gone, p)
		}
	}
	slices.Sort(gone)
	return append(changed, slices.DeleteFunc(gone, func(p string) bool { return slices.Contains(changed, p) })...)
}

// lists reports whether a file would have been seen in a folder that was read as a whole.
func (r reading) lists(p string) bool {
	folders := r.place.ConfDirs
	if r.place.Kolla != nil {
		folders = []string{r.place.Kolla.Folder}
	}
	return slices.Contains(folders, path.Dir(p)) && strings.HasSuffix(p, confSuffix)
}

// changed reports whether a file is not as the process found it.
func (r reading) changed(p string) bool {
	f := r.host.Files[p]
	now := f.SHA256
	if f.Missing {
		now = remote.Absent
	}
	if was, noted := r.unit.Read[p]; noted && now != "" {
		return was != now
	}
	return !f.Missing && !r.unit.Since.IsZero() && f.Changed.After(r.unit.Since)
}
