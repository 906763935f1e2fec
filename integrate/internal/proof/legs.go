package proof

import (
	"context"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Names of the journey's checks, many of which are other checks' inputs.
const (
	checkJourney   = "journey"
	checkImage     = "image in ceph"
	checkCopy      = "volume from image is a copy-on-write child"
	checkVolumes   = "volumes in ceph"
	checkComputes  = "computes for guests"
	checkWrite     = "guest writes to an attached volume"
	checkRead      = "guest on another compute reads the same"
	checkSnapshot  = "snapshot of an in-use volume"
	checkFull      = "full backup of an in-use volume"
	checkPartial   = "incremental backup of an in-use volume"
	checkRestored  = "restored backup holds the same bytes"
	checkSparse    = "restored sparse backup is the same byte by byte"
	checkMigration = "live migration of a running vm"
	checkVMImage   = "image of a vm in ceph"
	checkLeft      = "nothing is left behind"
)

// A leg is a check of the journey.
type leg struct {
	name  string
	next  string   // what to do where the check does not pass
	needs []string // names of checks that must have passed
}

func vmOn(compute string) string { return "vm on " + compute }

// imageCheck is the name of the check that puts an image into a store.
func imageCheck(s *want.Site, st spec.Store) string {
	if st.Name == s.Glance.Store {
		return checkImage
	}
	return checkImage + " on store " + st.Name
}

// storeFor is the store whose images volumes of a backend are made of: one in the backend's own cluster, where such a
// store is there, as only those images can be cloned.
func storeFor(s *want.Site, b spec.Backend) (st spec.Store, near bool) {
	if st, near = s.StoreIn(b.Cluster); !near {
		st = s.Stores[0]
	}
	return st, near
}

// legsOf lists the checks of a journey with guests on some computes, in their order, and what each needs.
func legsOf(s *want.Site, computes []string) []leg {
	if s.Glance == nil {
		return []leg{{name: checkJourney}}
	}
	legs := []leg{{name: checkOlder}}
	add := func(name string, needs ...string) { legs = append(legs, leg{name: name, needs: needs}) }
	for _, st := range s.Stores {
		add(imageCheck(s, st))
	}
	for i, b := range s.Cinder {
		st, _ := storeFor(s, b)
		if i == 0 {
			add(checkCopy, imageCheck(s, st))
			add(checkVolumes)
			continue
		}
		add("volume in ceph on backend " + b.Name)
		add(checkCopy+" on backend "+b.Name, imageCheck(s, st))
	}
	if len(computes) > 0 {
		add(checkComputes)
	}
	writes := len(s.Cinder) > 0
	for _, c := range computes {
		needs := []string{checkComputes, checkImage}
		if writes {
			needs = append(needs, checkVolumes)
		}
		add(vmOn(c), needs...)
	}
	return append(legs, guestLegs(s, computes)...)
}

// guestLegs are the checks that guests take part in.
func guestLegs(s *want.Site, computes []string) (legs []leg) {
	add := func(name string, needs ...string) { legs = append(legs, leg{name: name, needs: needs}) }
	writes, some, two := len(s.Cinder) > 0, len(computes) > 0, len(computes) > 1
	if writes && some {
		add(checkWrite, checkVolumes, vmOn(computes[0]))
		add(checkRead, checkWrite)
		if two {
			legs[1].needs = append(legs[1].needs, vmOn(computes[1]))
		}
	}
	if writes {
		add(checkSnapshot, checkRead)
		if s.Backup != nil {
			add(checkFull, checkRead)
			add(checkPartial, checkFull)
			add(checkRestored, checkPartial)
			if some {
				add(checkSparse, checkVolumes, vmOn(computes[0]))
			}
		}
	}
	if two {
		needs := []string{vmOn(computes[0]), vmOn(computes[1])}
		if writes {
			needs = append(needs, checkRead)
		}
		add(checkMigration, needs...)
	}
	if some && s.Nova != nil {
		add(checkVMImage, vmOn(computes[0]))
	}
	return legs
}

// leg is a check of the journey, with what it needs. A check that is not among those of the journey needs itself, so
// that it cannot be made.
func (j *journey) leg(name, next string) leg {
	legs := legsOf(j.Site, j.computes())
	if i := slices.IndexFunc(legs, func(l leg) bool { return l.name == name }); i >= 0 {
		return leg{name, next, legs[i].needs}
	}
	return leg{name, next, []string{name}}
}

// computes are the computes with guests.
func (j *journey) computes() (names []string) {
	for _, c := range j.Options.Pick.Guests {
		names = append(names, c.Name)
	}
	return names
}

// wants reports whether a check of the journey is made.
func (v *verifier) wants(name string) bool {
	return v.Options.Wanted == nil || v.Options.Wanted[slug(name)]
}

// chosen says on which computes guests boot, and why.
func (j *journey) chosen(ctx context.Context) {
	j.step(ctx, j.leg(checkComputes, ""), func(context.Context) (string, error) { return j.Options.Pick.String(), nil })
}
