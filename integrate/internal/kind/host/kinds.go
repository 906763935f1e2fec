package host

import "github.com/cephstack/cephstack/integrate/internal/step"

// Kinds are the kinds of resources of a host, in the order in which they are
// compared and changed.
func Kinds() []step.Kind[*Node] {
	memo := &contentMemo{}
	confs := func(n *Node) []step.Resource { return newConfs(n, memo) }
	return []step.Kind[*Node]{
		{Name: "access", Check: "login", Gate: true, New: newAccess},
		{Name: "authorized-keys", Check: "login", New: newAuthorizedKeys},
		{Name: "sudo-rule", Check: "login", New: newSudoRule},
		{Name: helperKind, Check: "login", New: newHelper},
		{Name: "login", Check: "login", Gate: true, New: newLogin},
		{Name: "repository", Check: "packages", New: newRepository},
		{Name: "packages", Check: "packages", New: newPackages},
		{Name: "upgrade", Check: "packages", New: newUpgrade},
		{Name: "service", Check: "settings", Gate: true, New: newServices},
		{Name: "directory", Check: "files", New: newFolders},
		{Name: "cephconf", Check: "files", New: confs},
		{Name: "keyring", Check: "files", New: newKeyrings},
		{Name: "secret", Check: "secrets", New: newSecrets},
		{Name: "secretfile", Check: "files", New: newSecretFiles},
		{Name: "guestfolder", Check: "files", New: newGuestFolders},
		{Name: "guestfile", Check: "files", New: newGuestFile},
		{Name: "apparmor", Check: "files", New: newAppArmor},
		{Name: "settings", Check: "settings", New: newSettings},
		{Name: "unit", Check: "units", New: newUnits},
		{Name: "kolla", Check: "settings", Gate: true, New: newKolla},
	}
}
