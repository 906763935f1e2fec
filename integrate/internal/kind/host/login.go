package host

import (
	"errors"
	"fmt"

	"github.com/cephstack/cephstack/integrate/internal/step"
)

// ErrNoWayIn marks a host that the first entry got into, but that the normal login
// cannot get into by what a plan may do.
var ErrNoWayIn = errors.New("is refused, though its keys and its sudo rule are in place; " +
	"see AuthorizedKeysFile and AllowUsers of sshd there, files of /etc/sudoers.d that come later, " +
	"and whether prepare.authorize.keys has the key of ssh")

// login is the gate of the normal login. Where the host was read by its first entry,
// everything else on the host needs the changes that let the normal login in.
type login struct{ *Node }

func newLogin(n *Node) []step.Resource { return []step.Resource{login{n}} }

// ID implements step.Resource.
func (l login) ID() step.ID { return l.LoginID() }

// Needs implements step.Resource. Keys or a rule that cannot be written are no
// obstacle where the normal login gets in without them, so Compare looks at them.
func (l login) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (l login) Asks() step.Asks { return step.Asks{} }

// Compare implements step.Resource.
func (l login) Compare(v step.View) step.Delta {
	if !v.Host.Entered {
		var d step.Delta
		for _, id := range l.helperIDs() {
			if v.Ledger.Planned(id) {
				d.Needs = append(d.Needs, id)
			}
		}
		if l.Site.PreparesWayIn() {
			d.Have = "the keys and the sudo rule that the Spec asks for are in place"
		}
		return d
	}
	var d step.Delta
	for _, id := range append([]step.ID{l.AuthorizedKeysID(), l.SudoRuleID()}, l.helperIDs()...) {
		if v.Ledger.Refused(id) {
			return step.Delta{Refused: true, Because: id}
		}
		if v.Ledger.Planned(id) {
			d.Needs = append(d.Needs, id)
		}
	}
	if denied := v.Host.Denied; len(d.Needs) == 0 && denied != nil {
		return step.Refuse("no-way-in", "login",
			fmt.Errorf("the helper there refuses what its allow-list cannot have: %w", denied))
	}
	if len(d.Needs) == 0 {
		return step.Refuse("no-way-in", "login", fmt.Errorf("%w", ErrNoWayIn))
	}
	return d
}
