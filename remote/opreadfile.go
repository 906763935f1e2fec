package remote

import "github.com/cephstack/cephstack/remote/internal/wire"

// ReadFile reads a regular file. Result: File and Data. A missing file is
// fs.ErrNotExist, and only positive evidence counts as missing. Of a symlink to a missing
// file, File has the Target all the same.
type ReadFile struct {
	Path string
	Max  int64 // bytes; 0 is 8 MiB; a longer file is ErrTooLarge
}

// defaultMax bounds a file, and each output of a program.
const defaultMax = 8 << 20

func (o ReadFile) nature() nature {
	return nature{name: "read", looks: true, together: true, max: orMax(o.Max)}
}

func (o ReadFile) object() string { return o.Path }

func (o ReadFile) fault() string {
	return first(pathFault(o.Path), when(o.Max < 0, "a negative limit"))
}

func (o ReadFile) encode() wire.Op { return encodeLooks(orMax(o.Max), o) }

func (o ReadFile) decode(a answer, r *Result) error {
	if !a.described() {
		target, err := a.Bytes("link")
		r.File.Target = string(target)
		return err
	}
	if b, ok := a.Raw["data"]; ok {
		if int64(len(b)) > orMax(o.Max) {
			return ErrTooLarge
		}
		r.Data, r.File.SHA256 = b, hexSum(b)
	}
	return a.file(o.Path, &r.File)
}

func orMax(n int64) int64 {
	if n == 0 {
		return defaultMax
	}
	return n
}
