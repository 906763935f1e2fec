package host

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/kind/cluster"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
)

// Doors are the kinds of a host that keeps nothing: the way in is all that is looked at.
func Doors() []step.Kind[*Node] {
	return []step.Kind[*Node]{
		{Name: "access", Check: "login", Gate: true, New: newAccess},
		{Name: "login", Check: "login", Gate: true, New: newLogin},
	}
}

// A Takeback is a resource of a host that is there because of what retires. Its Compare takes the resource back.
type Takeback struct {
	step.Resource
	Check string
	Gate  bool
}

// Leaving lists what is taken back on a host, in the order in which that is done: first the services learn that
// they have nothing in Ceph any more, and then what they needed for it goes. has tells which resources stay.
func Leaving(n *Node, has func(step.ID) bool) []Takeback {
	if n.Site.Going == nil {
		return nil
	}
	was := NewNode(n.Site.Going, n.Site.Going.Host(n.Spec.Name))
	all := []Takeback{{Resource: leaving{n, was}, Check: "settings", Gate: true}}
	for _, name := range was.Services {
		if r := (service{was, name}); !has(r.ID()) {
			all = append(all, Takeback{Resource: containerGate{r}, Check: "settings", Gate: true})
		}
	}
	first := map[string]bool{"settings": true, "unit": true}
	kinds := Kinds()
	var before []step.ID // what has to be done before files go
	for _, k := range kinds {
		if !first[k.Name] {
			continue
		}
		for _, r := range k.New(was) {
			before = append(before, r.ID())
			if _, can := r.(step.Retirer); can && !has(r.ID()) {
				all = append(all, Takeback{Resource: gone{r, n.goingNeeds(was, r)}, Check: k.Check})
			}
		}
	}
	for _, k := range slices.Backward(kinds) {
		if first[k.Name] {
			continue
		}
		for _, r := range k.New(was) {
			if _, can := r.(step.Retirer); can && !has(r.ID()) {
				needs := slices.Concat(n.goingNeeds(was, r), before)
				all = append(all, Takeback{Resource: gone{r, needs}, Check: k.Check})
			}
		}
	}
	return all
}

// goingNeeds are the gates behind which a resource is taken back: the host may be left, and the pools that retire
// are empty. Those of other users do not matter to what is of one user.
func (n *Node) goingNeeds(was *Node, r step.Resource) []step.ID {
	needs := []step.ID{n.LeavingID()}
	users := was.Users
	switch r := r.(type) {
	case keyring:
		users = []spec.User{r.user}
	case secret:
		users = []spec.User{r.user}
	case secretFile:
		users = []spec.User{r.user}
	case unit:
		return append(needs, n.ServiceID(r.service), r.SettingsID(r.place.Config[0]))
	case settings:
		for _, name := range r.Readers(r.path) {
			needs = append(needs, n.ServiceID(name))
		}
		users = was.Site.UsersOf(r.Readers(r.path))
	}
	return append(needs, cluster.EmptiedFor(n.Site, users)...)
}

// A gone resource was wanted before something retired.
type gone struct {
	step.Resource
	needs []step.ID
}

// Needs implements step.Resource.
func (g gone) Needs() []step.ID { return g.needs }

// Compare implements step.Resource.
func (g gone) Compare(v step.View) step.Delta {
	d := g.Resource.(step.Retirer).Retire(v)
	if d.Do != nil && d.Action == "" {
		d.Action = step.Remove
	}
	d.Recheck = rechecked(g.needs)
	return d
}

// rechecked are the gates among some needs that are compared once more right before something is removed: something
// may have come since the plan was made.
func rechecked(needs []step.ID) []step.ID {
	return slices.DeleteFunc(slices.Clone(needs), func(id step.ID) bool {
		return id.Kind != "leaving" && id.Kind != "emptied"
	})
}

// A containerGate is the gate of a service that leaves: its container can be told.
type containerGate struct{ service }

// Compare implements step.Resource.
func (g containerGate) Compare(v step.View) step.Delta {
	if err := g.unfitContainer(v.Host, g.name); err != nil {
		return left(step.Delta{}, "container of "+g.name, err, "container-unfit")
	}
	return step.Delta{}
}

// stays is the Delta of something that is not provably cephstack's. The note says how to remove it by hand.
func stays(name, object, why, byHand string) step.Delta {
	d := step.Delta{Name: name}
	d.Note("left-in-place", object, "%s, so it stays; if nothing needs it any more, run `%s` on this host", why, byHand)
	return d
}

// KeyPlaces are the resources of a host that have the key of a user, or that may run with it.
func KeyPlaces(n *Node, u spec.User) []step.ID {
	var ids []step.ID
	for _, r := range newKeyrings(n) {
		if r.(keyring).user == u {
			ids = append(ids, r.ID())
		}
	}
	for _, r := range newSecrets(n) {
		if r.(secret).user == u {
			ids = append(ids, r.ID())
		}
	}
	for _, name := range n.Services {
		if slices.Contains(n.Site.UsersOn(name), u) {
			ids = append(ids, n.UnitID(name))
		}
	}
	return ids
}
