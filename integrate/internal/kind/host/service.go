package host

import (
	"fmt"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/remote"
)

// service is the gate of a service on a host. It is refused where something keeps
// the service from being sent to Ceph: its container, its release, its packages.
type service struct {
	*Node
	name string
}

func newServices(n *Node) []step.Resource {
	var all []step.Resource
	for _, name := range n.Services {
		all = append(all, service{n, name})
	}
	return all
}

// ID implements step.Resource.
func (s service) ID() step.ID { return s.ServiceID(s.name) }

// Needs implements step.Resource. What is said of a service's container and release
// does not depend on packages, so Compare looks at these itself.
func (s service) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (s service) Asks() step.Asks {
	ops := s.containerAsks(s.name)
	if program := s.Service(s.name).Program; program != "" {
		ops = append(ops, remote.Packages{Names: []string{program}})
	}
	return step.Asks{Host: ops}
}

// Compare implements step.Resource.
func (s service) Compare(v step.View) step.Delta {
	d := step.Delta{Needs: []step.ID{s.PackagesID(), s.UpgradeID()}}
	unfit := s.unfitContainer(v.Host, s.name)
	if unfit != nil {
		d = left(d, "container of "+s.name, unfit, "container-unfit")
	}
	another, first, because := s.release(v.Host, &d), s.firstOfProgram(), s.packagesRefused(v)
	switch {
	case unfit != nil, another && first == s.ID():
		d.Refused = true
	case another:
		d.Refused, d.Because = true, first
	case !because.IsZero():
		d.Refused, d.Because = true, because
	}
	return d
}

// release compares the Spec's release with that of the installed package, or of the
// container's image. A service of another release would be given options that it
// does not know. What is installed another way than by packages is believed.
func (s service) release(h *step.Host, d *step.Delta) (another bool) {
	l, wanted := s.Service(s.name), s.Site.Release
	version := l.Version(h, s.Site.Containers(h))
	if version == "" {
		return false
	}
	have, err := l.ReleaseOf(version)
	another = err == nil && have != wanted
	object := "release of " + l.ReleasedAs()
	switch {
	case s.firstOfProgram() != s.ID(): // the first service of the program says it
	case err != nil:
		d.Note("release-unknown", object, "whether it is %s cannot be told: %v", wanted, err)
	case another:
		d.Problem("release-differs", object, fmt.Errorf("version %s is of %s, and the Spec says %s, "+
			"so that its options are left alone; "+
			"name the release that is installed, or upgrade this host", version, have, wanted))
	}
	return another
}

// firstOfProgram is the first service of this host whose release the same program
// tells.
func (s service) firstOfProgram() step.ID {
	program := s.Service(s.name).ReleasedAs()
	i := slices.IndexFunc(s.Services, func(name string) bool { return s.Service(name).ReleasedAs() == program })
	return s.ServiceID(s.Services[i])
}

// packagesRefused is the resource because of which the service does not get the
// packages that it needs; zero where it has them, or gets them.
func (s service) packagesRefused(v step.View) step.ID {
	switch {
	case v.Ledger.Refused(s.RepositoryID()):
		return s.RepositoryID()
	case v.Ledger.Refused(s.UpgradeID()):
		return s.UpgradeID()
	case v.Ledger.Refused(s.PackagesID()) && len(s.missingPackages(v.Host, s.name)) > 0:
		return s.PackagesID()
	}
	return step.ID{}
}
