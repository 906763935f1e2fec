package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/rotation"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/openstack/api"
)

// tryMoves finds the guests that are to be moved, and cannot be: the account may not migrate guests of their project,
// or no compute has room. What cannot be told is left to Nova, which says it then.
func (r *run) tryMoves(ctx context.Context, l *look) {
	l.immobile = map[spec.User][]Bar{}
	if l.cloudErr != nil {
		return
	}
	t := trial{run: r, look: l, may: map[string]error{}, fits: map[class]bool{}}
	for _, rot := range r.rotations() {
		moving := map[string]bool{}
		for _, st := range rotation.Decide(r.situation(l.applied(), rot)).Steps {
			if st.Wants == rotation.LiveMigrate || st.Wants == rotation.Renew {
				moving[st.Guest.ID] = true
			}
		}
		for _, s := range l.servers {
			if moving[s.ID] {
				l.immobile[rot.Old()] = append(l.immobile[rot.Old()], t.of(ctx, s)...)
			}
		}
	}
}

// A trial asks for guests whether they can be moved, and nothing twice.
type trial struct {
	*run
	*look
	may   map[string]error // by project
	fits  map[class]bool
	rooms []room // nil: not asked yet
}

// A class is guests of one size on one compute.
type class struct {
	host            string
	cpus, ram, disk int
	kind            string // of the CPUs
	other           bool
}

// A room is what Placement still gives of a compute.
type room struct {
	api.Hypervisor
	asked, unknown bool
	api.Room
}

// of are the reasons why a guest cannot be moved.
func (t *trial) of(ctx context.Context, s api.Server) []Bar {
	var all []Bar
	who := rotation.Guest{ID: s.ID, Name: s.Name}.String()
	if _, asked := t.may[s.Project]; !asked {
		err := t.cfg.World.Cloud.MayLiveMigrate(ctx, s.ID)
		if !errors.Is(err, api.ErrDenied) {
			err = nil
		}
		t.may[s.Project] = err
		if err != nil {
			all = append(all, Bar{"may-not-migrate", "project " + s.Project, "the account may not migrate guests live, which " +
				"rotate.guests allows: " + err.Error()})
		}
	}
	f := s.Flavor
	if s.ImageID == "" {
		f.DiskGiB = 0 // its root disk is a volume, which takes no room of a compute
	}
	key := class{s.Host, f.VCPUs, f.RAMMiB, f.DiskGiB + f.EphemeralGiB + (f.SwapMiB+1023)/1024, f.CPUs, f.Other}
	fits, asked := t.fits[key]
	if !asked {
		fits = t.room(ctx, s.Host, f)
		t.fits[key] = fits
	}
	if cpus := "VCPUs"; !fits {
		if f.CPUs == "dedicated" {
			cpus = "dedicated CPUs"
		}
		all = append(all, Bar{"no-room", who, fmt.Sprintf("no other compute has room for it, so it cannot be migrated: it "+
			"needs %d %s, %d MiB of memory and %d GiB of disk; make room, or take live-migration and hybrid from its rule",
			key.cpus, cpus, key.ram, key.disk)})
	}
	return all
}

// room reports whether some compute other than host that takes guests has room for a guest of a size, or whether that
// cannot be told.
func (t *trial) room(ctx context.Context, host string, f api.Flavor) bool {
	if t.rooms == nil {
		if len(t.hypervisors) == 0 {
			return true
		}
		t.rooms = []room{}
		for _, h := range t.hypervisors {
			if t.takes[h.Host] {
				t.rooms = append(t.rooms, room{Hypervisor: h})
			}
		}
	}
	if !slices.ContainsFunc(t.rooms, func(h room) bool { return h.Host != host }) {
		return true // which is what the guest waits for
	}
	for i := range t.rooms {
		h := &t.rooms[i]
		if h.Host == host {
			continue
		}
		if !h.asked {
			has, err := t.cfg.World.Cloud.Room(ctx, h.ID)
			h.asked, h.unknown, h.Room = true, err != nil, has
		}
		if h.unknown || h.Takes(f) {
			return true
		}
	}
	return false
}
