package remote

import (
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/cephstack/cephstack/remote/internal/wire"
)

// WriteFile replaces or creates a file atomically: a reader sees the old file
// or the new one with its final owner, group and mode. The folder has to be there:
// if it is missing, the error is fs.ErrNotExist. Mkdir makes it. The file has no access
// control list afterwards. With another owner or group than before and no Mode, the file is
// not setuid or setgid any more. Result: File, Changed.
type WriteFile struct {
	Path string
	// Data is the content. It may be a keyring: every format of a WriteFile gives its length
	// alone. In an unexported field of your struct, fmt asks no method and writes the bytes.
	Data         []byte      `json:"-" yaml:"-"`
	Owner, Group string      // names or numbers; empty keeps the old file's, root for a new file
	Mode         fs.FileMode // permission bits; 0 keeps the old file's, 0600 for a new file
	// Was is the digest (File.SHA256) that the file must still have, Absent
	// when it must not exist, or empty for no check. ErrConflict otherwise. A file that
	// has the content of Data already is in conflict with nothing.
	Was string
}

// Absent is the WriteFile.Was of a file that must not exist yet.
const Absent = "absent"

// slowDisk is how long writing a small file and syncing it may take.
const slowDisk = 2 * time.Minute

// String tells everything but the data.
func (o WriteFile) String() string {
	return fmt.Sprintf("write %s %s:%s %04o, %d bytes", o.Path, o.Owner, o.Group, o.Mode, len(o.Data))
}

// GoString is the same as String: the data may be a secret.
func (o WriteFile) GoString() string { return o.String() }

// Format is String for every verb: some, such as %d, ask for no String.
func (o WriteFile) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

func (WriteFile) nature() nature   { return nature{name: "write", private: true, patience: slowDisk} }
func (o WriteFile) object() string { return o.Path }

func (o WriteFile) fault() string {
	return first(pathFault(o.Path), when(o.Path == "/", "not a file"),
		attrFault(o.Owner, o.Group, o.Mode), wasFault(o.Was))
}

func (o WriteFile) encode() wire.Op {
	args := []string{o.Path, o.Was, o.Owner, o.Group, octal(o.Mode), hexSum(o.Data), token(6)}
	return wire.Op{Name: "write", Args: args, Data: o.Data}
}

func (o WriteFile) decode(a answer, r *Result) error {
	if !a.described() {
		return nil
	}
	r.File.SHA256 = a.Facts["sha"]
	return a.changedFile(o.Path, &r.File)
}
