package remote

import (
	"strconv"
	"strings"

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
	var files []Op
	for {
		names, ok := a.Raw["names"+strconv.Itoa(len(files))]
		if !ok {
			break
		}
		for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
			files = append(files, ReadFile{Path: name, Max: o.Max})
		}
	}
	r.Files = decodeLooks(a.host, files, a.Reply)
	return nil
}
