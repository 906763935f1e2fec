package host

import (
	"fmt"

	"github.com/cephstack/cephstack/integrate/internal/cause"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

// access is the gate before everything on a host: the host can be read, and no other name
// of the Spec leads to the same machine.
type access struct{ *Node }

func newAccess(n *Node) []step.Resource { return []step.Resource{access{n}} }

// ID implements step.Resource.
func (a access) ID() step.ID { return a.AccessID() }

// Needs implements step.Resource.
func (a access) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (a access) Asks() step.Asks {
	return step.Asks{}
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
	var d step.Delta
	if v.Host.From != "" {
		d.Note("way-by-files-of-ssh", "", "is reached as files of ssh say: %s; for another way, set ssh and address in the "+
			"Spec, or ssh: {config: none}", v.Host.From)
	}
	return d
}
