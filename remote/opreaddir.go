package remote

import (
	"strconv"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// ReadDir reads the regular files of a folder whose names end in Suffix and do
// not begin with a dot, in the order of their names. Result: Files. A missing
// folder is fs.ErrNotExist.
type ReadDir struct {
	Path   string
	Suffix string
	Max    int64 // bytes of a file; 0 is 8 MiB; a longer file is ErrTooLarge
}

func (o ReadDir) nature() nature { return nature{name: "dir", looks: true, max: orMax(o.Max)} }
func (o ReadDir) object() string { return o.Path }

func (o ReadDir) fault() string {
	return first(pathFault(o.Path), when(o.Max < 0, "a negative limit"), suffixFault(o.Suffix))
}

func (o ReadDir) encode() wire.Op {
	return wire.Op{Name: "dir", Args: []string{o.Path, o.Suffix, strconv.FormatInt(orMax(o.Max), 10)}}
}

func (o ReadDir) decode(a answer, r *Result) error {
	for i := 0; ; i++ {
		sub := a.Sub(i)
		if _, ok := sub.Facts["name"]; !ok {
			return nil
		}
		name, err := sub.Bytes("name")
		if err != nil {
			r.Files = nil
			return wire.ErrAnswer
		}
		r.Files = append(r.Files, decode(a.host, ReadFile{Path: string(name), Max: o.Max}, sub))
	}
}
