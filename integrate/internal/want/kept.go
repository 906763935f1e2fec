package want

import (
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
)

// A keeper is an entry of what the Spec keeps as found.
type keeper struct {
	spec.Keep
	index int
}

// A scope is what an entry is about: a kind, and a target. Without a target, it is about all targets.
type scope struct{ kind, target string }

func keepers(given spec.Spec) map[scope][]*keeper {
	all := map[scope][]*keeper{}
	for i, k := range given.Keep {
		entry, on := &keeper{Keep: k, index: i}, k.Targets()
		if len(k.Where) == 0 {
			on = []string{""}
		}
		for _, name := range on {
			at := scope{k.Kind, name}
			if have := all[at]; len(have) > 0 && have[len(have)-1].index == i { // where names a target twice
				continue
			}
			all[at] = append(all[at], entry)
		}
	}
	return all
}

// A Keeping asks of one resource which of its differences the Spec keeps as found, and remembers those.
type Keeping struct {
	entries []*keeper
	name    string
	// Kept are the differences that stay, each once.
	Kept []step.Kept
}

// Keeping is what the Spec keeps of a resource. name is the name that a plan shows.
func (s *Site) Keeping(id step.ID, kind, name string) *Keeping {
	everywhere, here := s.kept[scope{kind, ""}], s.kept[scope{kind, id.Target.Name}]
	k := &Keeping{name: name, entries: everywhere}
	if len(here) > 0 {
		k.entries = slices.Concat(everywhere, here)
		slices.SortFunc(k.entries, func(a, b *keeper) int { return a.index - b.index })
	}
	return k
}

// Any reports whether an entry of the Spec is about the kind and the target.
func (k *Keeping) Any() bool { return k != nil && len(k.entries) > 0 }

// Keeps reports whether a difference stays as found. The first entry that is about it counts.
func (k *Keeping) Keeps(d step.FieldDiff) bool {
	if !k.Any() {
		return false
	}
	found, wanted := words.Value(d.Field, d.Observed), words.Value(d.Field, d.Desired)
	for _, e := range k.entries {
		if !e.Covers(k.name, d.Field, found, wanted) {
			continue
		}
		if !slices.ContainsFunc(k.Kept, func(o step.Kept) bool { return o.Field == d.Field }) {
			k.Kept = append(k.Kept, step.Kept{Entry: e.index, Name: k.name, Field: d.Field})
		}
		return true
	}
	return false
}

// All are the differences that stay; none of a nil Keeping.
func (k *Keeping) All() []step.Kept {
	if k == nil {
		return nil
	}
	return k.Kept
}
