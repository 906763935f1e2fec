package host

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// packages are the Ceph client packages that the services of a host need.
type packages struct{ *Node }

func newPackages(n *Node) []step.Resource { return []step.Resource{packages{n}} }

// ID implements step.Resource.
func (p packages) ID() step.ID { return p.PackagesID() }

// Needs implements step.Resource.
func (p packages) Needs() []step.ID { return p.needsRepository() }

// Asks implements step.Resource.
func (p packages) Asks() step.Asks {
	var names []string
	for _, service := range p.Services {
		for _, wanted := range p.Service(service).Packages {
			for _, name := range place.Alternatives(wanted) {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	if len(names) == 0 {
		return step.Asks{}
	}
	return step.Asks{Host: []remote.Op{remote.Packages{Names: names}}}
}

// Compare implements step.Resource.
func (p packages) Compare(v step.View) step.Delta {
	missing := p.missingPackages(v.Host, p.Services...)
	if len(missing) == 0 {
		return step.Delta{Have: p.installed(v.Host)}
	}
	list := strings.Join(missing, " ")
	if p.Site.Packages != "install" {
		return step.Refuse("packages-missing", "packages",
			fmt.Errorf("not installed: %s; install them, or set packages: install in the Spec", list))
	}
	w := installStep{host: p.Spec.Name, floor: p.Floor(), names: missing}
	return step.Delta{Action: step.Create, Name: list, Reason: "not installed",
		Do: step.HostStep{Alone: true, Entry: p.Site.Helps(), Judge: w.judge,
			Ops: func(step.Late) ([]remote.Op, error) { return w.ops(), nil }}}
}

// An installStep installs packages and looks whether what was there is new enough.
type installStep struct {
	host, floor string
	names       []string
}

func (w installStep) ops() []remote.Op {
	return []remote.Op{remote.InstallPackages{Names: w.names}, remote.Packages{Names: w.names}}
}

func (w installStep) judge(results []remote.Result) (changed bool, err error) {
	if n := len(w.ops()); len(results) != n {
		return false, fmt.Errorf("%s: %d results for %d operations", w.host, len(results), n)
	}
	done, looked := results[0], results[1]
	if err := cmp.Or(done.Err, looked.Err); err != nil {
		return done.Changed, err
	}
	for _, name := range w.names {
		if now := looked.Versions[name]; w.floor != "" && slices.Contains(cephPackages(), name) && tooOldFor(w.floor, now) {
			err = errors.Join(err, fmt.Errorf("%s: %s is %s now, and not %s or newer: see which version the repositories "+
				"of that host have", w.host, name, now, w.floor))
		}
	}
	return done.Changed, err
}

// installed lists the packages that services need, with their versions.
func (p packages) installed(h *step.Host) string {
	var all []string
	for _, name := range p.Services {
		for _, wanted := range p.Service(name).Packages {
			for _, one := range place.Alternatives(wanted) {
				if text := one + " " + h.Packages[one]; h.Packages[one] != "" && !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// missingPackages lists what services need and the host does not have.
func (n *Node) missingPackages(h *step.Host, services ...string) []string {
	var missing []string
	for _, name := range services {
		for _, p := range n.Service(name).Packages {
			anyOf := place.Alternatives(p)
			have := slices.ContainsFunc(anyOf, func(p string) bool { return h.Packages[p] != "" })
			if !have && !slices.Contains(missing, anyOf[0]) {
				missing = append(missing, anyOf[0])
			}
		}
	}
	slices.Sort(missing)
	return missing
}
