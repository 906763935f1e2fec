package host

import "github.com/cephstack/cephstack/integrate/internal/step"

// Gates are the resources behind which all resources of a kind are: the host can be
// read, and the normal login is let in.
func (n *Node) Gates(kind string) []step.ID {
	switch kind {
	case "access":
		return nil
	case "authorized-keys", "sudo-rule", helperKind, "login":
		return []step.ID{n.AccessID()}
	}
	return []step.ID{n.AccessID(), n.LoginID()}
}
