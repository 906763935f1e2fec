package proof

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/engine"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A Known is a check that a verification can make.
type Known struct {
	ID     string
	Target step.Target // of a check that compares
	User   spec.User   // of a check that tries rights
	leg    *leg        // of a check of the journey
	needs  []string    // IDs
}

// Journey reports whether the check is one of the journey.
func (k Known) Journey() bool { return k.leg != nil }

// An Extent says how far a verification goes.
type Extent struct {
	Targets  []step.Target
	Static   bool
	Computes []string // on which guests boot
}

// KnownOf lists the checks of a verification, in their order.
func KnownOf(s *want.Site, catalog engine.Catalog, e Extent) []Known {
	var all []Known
	for _, t := range e.Targets {
		ids := []string{"ceph-health/" + t.Name}
		switch t.Where {
		case step.OnHost:
			ids = nil
		case step.OnCloud:
			ids = nil
			if !s.Cloud.None() {
				ids = append(ids, "services-up")
			}
			if !s.Cloud.None() && hasZones(s) {
				ids = append(ids, "availability-zones")
			}
		}
		for _, e := range catalog.Of(t) {
			if id := checkID(e.Check, t); !e.Gate && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		for _, id := range ids {
			all = append(all, Known{ID: id, Target: t})
		}
	}
	if e.Static {
		return all
	}
	for _, u := range s.Users {
		all = append(all, Known{ID: slug(rightsOf(s, u)), User: u.User})
	}
	if s.Cloud.None() {
		return all
	}
	for _, l := range append(legsOf(s, e.Computes), leg{name: checkLeft}) {
		k := Known{ID: slug(l.name), leg: &l}
		for _, name := range l.needs {
			k.needs = append(k.needs, slug(name))
		}
		all = append(all, k)
	}
	return all
}

// checkID is the ID of a check that compares.
func checkID(check string, t step.Target) string {
	if t.Where == step.OnCloud {
		return slug(check)
	}
	return slug(check) + "/" + t.Name
}

// OnlyByDoing names the checks of names that are not among those of a static verification, and are among all checks.
func OnlyByDoing(static, all []Known, names []string) error {
	var faults []error
	for _, name := range names {
		is := func(k Known) bool { return matches(name, k.ID) }
		if !slices.ContainsFunc(static, is) && slices.ContainsFunc(all, is) {
			faults = append(faults, fmt.Errorf("the check %q does more than read: it needs a verification that is not static",
				name))
		}
	}
	return errors.Join(faults...)
}

// Select gives the checks that names stand for, and those that they need; nil for all, where there are no names. A name
// is an ID, the first words of IDs (all up to a / or a -), or a pattern in which * stands for any characters.
func Select(all []Known, names []string) (map[string]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	needs := map[string][]string{}
	suggest := map[string]bool{}
	for _, k := range all {
		needs[k.ID] = k.needs
		kind, _, _ := strings.Cut(k.ID, "/")
		suggest[k.ID], suggest[kind] = true, true
	}
	wanted := map[string]bool{}
	var want func(id string)
	want = func(id string) {
		if !wanted[id] {
			wanted[id] = true
			for _, need := range needs[id] {
				want(need)
			}
		}
	}
	var faults []error
	for _, name := range names {
		found := false
		for _, k := range all {
			if matches(name, k.ID) {
				found = true
				want(k.ID)
			}
		}
		if !found {
			faults = append(faults, fmt.Errorf("no check is named %q%s", name, spec.DidYouMean(name, suggest)))
		}
	}
	for _, k := range all {
		if k.leg != nil && wanted[k.ID] && slices.ContainsFunc(all, func(k Known) bool { return k.ID == slug(checkLeft) }) {
			wanted[slug(checkLeft)] = true
		}
	}
	return wanted, errors.Join(faults...)
}

// matches reports whether a name stands for an ID.
func matches(name, id string) bool {
	if name == "" {
		return false
	}
	parts := strings.Split(name, "*")
	if len(parts) == 1 {
		rest, ok := strings.CutPrefix(id, name)
		return ok && (rest == "" || rest[0] == '/' || rest[0] == '-')
	}
	last := parts[len(parts)-1]
	rest, ok := strings.CutPrefix(id, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		if ok {
			_, rest, ok = strings.Cut(rest, part)
		}
	}
	return ok && strings.HasSuffix(rest, last)
}

// NeedsImage reports whether a guest image is needed for the wanted checks.
func NeedsImage(all []Known, wanted map[string]bool) bool {
	return slices.ContainsFunc(all, func(k Known) bool {
		return k.leg != nil && strings.HasPrefix(k.leg.name, checkImage) && (wanted == nil || wanted[k.ID])
	})
}

// fewDoors is how many hosts are read for each user whose rights are tried: the first of them that can be read does.
const fewDoors = 3

// Scope is what has to be read for the wanted checks.
func Scope(s *want.Site, all []Known, wanted map[string]bool, guests []Compute) engine.Scope {
	var scope engine.Scope
	add := func(list *[]string, name string) {
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, k := range all {
		if !wanted[k.ID] {
			continue
		}
		switch {
		case k.ID == slug(checkOlder):
			for _, u := range s.Users {
				addDoors(s, &scope, u.User)
			}
		case k.leg != nil && strings.HasPrefix(k.leg.name, vmOn("")):
			for _, g := range guests {
				add(&scope.Hosts, g.Name)
			}
		case k.leg != nil:
		case k.Target.Where == step.OnCluster:
			add(&scope.Clusters, k.Target.Name)
		case k.Target.Where == step.OnHost:
			add(&scope.Hosts, k.Target.Name)
		case k.Target.Where == step.OnCloud:
			return engine.Scope{} // all hosts tell what has to be in the APIs
		default:
			addDoors(s, &scope, k.User)
		}
	}
	if scope.All() && len(s.Clusters) > 0 {
		scope.Clusters = []string{s.Clusters[0].Name} // the least that can be read
	}
	return scope
}

// addDoors adds the first hosts that use a user's keyring.
func addDoors(s *want.Site, scope *engine.Scope, id spec.User) {
	found := 0
	for _, h := range s.InOrder() {
		if found < fewDoors && slices.Contains(s.UsersOf(s.ServicesOf(h)), id) {
			if found++; !slices.Contains(scope.Hosts, h.Name) {
				scope.Hosts = append(scope.Hosts, h.Name)
			}
		}
	}
}
