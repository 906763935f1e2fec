package remote

import (
	"io/fs"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// Mkdir makes a folder (with missing parents, root 0755) and sets the last
// folder's owner, group and mode. A new folder appears with all of them at once. Owner
// and Group are names, or the numbers of accounts that have no name on the machine. The
// folder has no access control list afterwards, and no default list for new files.
// Result: File, Changed.
type Mkdir struct {
	Path         string
	Owner, Group string
	Mode         fs.FileMode
}

func (Mkdir) nature() nature   { return nature{name: "mkdir", patience: slowDisk} }
func (o Mkdir) object() string { return o.Path }

func (o Mkdir) fault() string {
	return first(pathFault(o.Path), attrFault(o.Owner, o.Group, o.Mode))
}

func (o Mkdir) encode() wire.Op {
	return wire.Op{Name: "mkdir", Args: []string{o.Path, o.Owner, o.Group, octal(o.Mode)}}
}

func (o Mkdir) decode(a answer, r *Result) error {
	if !a.described() {
		return nil
	}
	return a.changedFile(o.Path, &r.File)
}
