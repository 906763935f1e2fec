package remote

import (
	"io/fs"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// SetAttr sets owner, group and mode of an existing file or folder without
// rewriting it. Owner and Group are as of Mkdir. Zero fields stay, but a file
// that gets another owner or group is not setuid or setgid any more, unless Mode asks for that.
// An access control list is removed. A symlink, and what is neither a file nor a folder, is an
// error. Result: File, Changed.
type SetAttr struct {
	Path         string
	Owner, Group string
	Mode         fs.FileMode
}

func (SetAttr) nature() nature   { return nature{name: "attr", patience: slowDisk} }
func (o SetAttr) object() string { return o.Path }

func (o SetAttr) fault() string {
	return first(pathFault(o.Path), attrFault(o.Owner, o.Group, o.Mode))
}

func (o SetAttr) encode() wire.Op {
	return wire.Op{Name: "attr", Args: []string{o.Path, o.Owner, o.Group, octal(o.Mode)}}
}

func (o SetAttr) decode(a answer, r *Result) error {
	if !a.described() {
		return nil
	}
	return a.changedFile(o.Path, &r.File)
}
