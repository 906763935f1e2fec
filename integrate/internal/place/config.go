package place

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/osloconf"
	"github.com/cephstack/cephstack/remote"
)

var errNotLooked = errors.New("it is copied into the container's configuration from a place that is not known; " +
	"put it beside the service's other files")

// Parsed is a service's configuration as oslo.config would see it. first is the
// file that is edited, a copy for the caller alone.
func (s Service) Parsed(h *step.Host, c Containers) (first *osloconf.File, all osloconf.Values, err error) {
	first, files, err := s.files(h, c)
	return first, osloconf.Values{Files: files, Own: openstack.OwnOption}, err
}

func (s Service) files(h *step.Host, c Containers) (first *osloconf.File, all osloconf.Files, err error) {
	for _, path := range s.Inputs(h, c) {
		f, ok := h.Files[path]
		if !ok {
			return nil, nil, &fs.PathError{Op: "look into", Path: path, Err: errNotLooked}
		}
		if f.Err != nil {
			return nil, nil, f.Err
		}
		if f.Missing && path != s.Config[0] {
			continue
		}
		if f.Missing {
			return nil, nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
		}
		parsed, err := osloconf.Parse(f.Data)
		if err != nil {
			return nil, nil, &fs.PathError{Op: "parse", Path: path, Err: err}
		}
		if path == s.Config[0] {
			first = parsed
		}
		all = append(all, parsed)
	}
	return first, all, nil
}

// Inputs lists the files that a service reads, in its order: what comes later
// wins.
func (s Service) Inputs(h *step.Host, c Containers) []string {
	return slices.Concat(s.Dist, s.Config, s.DropIns(h, c))
}

// DropIns lists the files of a service's conf.d folders that were found, or that
// a container will find there.
func (s Service) DropIns(h *step.Host, c Containers) []string {
	if s.Kolla != nil {
		return c.ByName[s.Kolla.Container].into(s.ConfDirs)
	}
	var out []string
	for _, dir := range s.ConfDirs {
		var here []string
		for p := range h.Files {
			if path.Dir(p) == dir {
				here = append(here, p)
			}
		}
		slices.Sort(here)
		out = append(out, here...)
	}
	return out
}

// withUnit is how long after its unit a container may start, to be the container that the
// unit started.
const withUnit = time.Minute

// State is the state of a service's unit. For a service in a container, Since is the start
// of the container and not of its unit: it tells with which files the service runs. What
// the unit has read counts only if it is the container that the unit started.
func (s Service) State(h *step.Host, c Containers) remote.Unit {
	u := h.Units[s.Unit]
	if s.Kolla == nil {
		return u
	}
	box := c.ByName[s.Kolla.Container]
	if box.Started.Before(u.Since) || box.Started.After(u.Since.Add(withUnit)) {
		u.Read = nil
	}
	if u.Since = box.Started; !box.Running && u.Active == "active" {
		u.Active, u.Since = "inactive", time.Time{}
	}
	return u
}

// ReleasedAs is the package, or the container, whose version tells a service's
// release.
func (s Service) ReleasedAs() string {
	if s.Kolla != nil {
		return s.Kolla.Container
	}
	return s.Program
}

// Version is what tells a service's release; empty when it is not known.
func (s Service) Version(h *step.Host, c Containers) string {
	if s.Kolla != nil {
		return c.ByName[s.Kolla.Container].Version
	}
	return h.Packages[s.Program]
}

// ReleaseOf is the release that such a version is of.
func (s Service) ReleaseOf(version string) (openstack.Release, error) {
	if s.Kolla != nil {
		return openstack.ReleaseOfKolla(version)
	}
	return openstack.ReleaseOf(s.Service, version)
}
