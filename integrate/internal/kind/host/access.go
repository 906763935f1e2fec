package host

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// access is the gate behind which everything on a host is: the host can be read, and is
// the machine that its name says.
type access struct{ *Node }

func newAccess(n *Node) []step.Resource { return []step.Resource{access{n}} }

// ID implements step.Resource.
func (a access) ID() step.ID { return a.AccessID() }

// Needs implements step.Resource.
func (a access) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (a access) Asks() step.Asks {
	kernel, root := machineRuns()
	return step.Asks{Host: []remote.Op{kernel, root}}
}

// Compare implements step.Resource.
func (a access) Compare(v step.View) step.Delta {
	if err := v.Host.Err; err != nil {
		d := step.Refuse("host-unreadable", "",
			fmt.Errorf("cannot be read, so nothing is planned for it: %w%s", err, cause.Advice(err)))
		d.Unable = err
		return d
	}
	if len(v.Host.Same) > 0 {
		var d step.Delta
		d.Problem("host-is-the-same-machine", "", fmt.Errorf("is the same machine as %s, so things are planned for "+
			"one of these names only: see where the names and the addresses lead, and list each machine once",
			words.JoinShort(v.Host.Same)))
		d.Refused = v.Host.Twin
		return d
	}
	if name := MachineOf(v.Host).Name; a.isAnother(name) {
		return step.Refuse("host-is-another", "", fmt.Errorf("calls itself %s, which is another host of the Spec, so "+
			"nothing is planned for it: see where its name or its address leads", name))
	}
	return step.Delta{}
}

// isAnother reports whether a name is that of another host with services in the Spec.
func (a access) isAnother(name string) bool {
	if name == "" || sameName(name, a.Spec.Name) {
		return false
	}
	for _, h := range a.Site.InOrder() {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}

// sameName compares two names of hosts. A name without a domain is in any domain.
func sameName(a, b string) bool {
	shortA, domainA, _ := strings.Cut(a, ".")
	shortB, domainB, _ := strings.Cut(b, ".")
	return strings.EqualFold(shortA, shortB) &&
		(domainA == "" || domainB == "" || strings.EqualFold(domainA, domainB))
}
