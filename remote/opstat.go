package remote

import "github.com/cephstack/cephstack/remote/internal/wire"

// Stat describes a path without following a symlink, and tells where a symlink of root leads (see
// File.Real). Result: File.
type Stat struct{ Path string }

func (Stat) nature() nature    { return nature{name: "stat", looks: true, together: true} }
func (o Stat) object() string  { return o.Path }
func (o Stat) fault() string   { return pathFault(o.Path) }
func (o Stat) encode() wire.Op { return encodeLooks(0, o) }

func (o Stat) decode(a answer, r *Result) error {
	if !a.described() {
		return nil
	}
	return a.file(o.Path, &r.File)
}
