package remote

import (
	"context"
	"fmt"
	"io/fs"
	"time"
)

// A Host is a machine on which operations run with root's rights.
//
// Implementations: SSH, Local, and the fake in remotetest. remotetest.TestHost
// is the contract in executable form.
type Host interface {
	// Do runs ops in order, in one exchange, and returns one Result for
	// each, index-aligned. An op that fails does not keep the following
	// ones from running. The error is for the exchange as a whole
	// (a *HostError): results that came back before it are still returned,
	// and Results of ops whose end is not known carry ErrUnknown.
	Do(ctx context.Context, ops ...Op) ([]Result, error)
}

// An Op is one operation: ReadFile, ReadDir, Stat, WriteFile, SetAttr, Mkdir,
// Remove, UnitState, RestartUnit, Packages, InstallPackages or Run; or If one
// of those.
type Op interface{ op() string }

// If runs Op only if those before it in the same Do that OK has the indexes of
// ended well: without an error and, a Run, with exit status 0. Otherwise Op has
// no effect, and its error is ErrSkipped. Nothing else makes an op depend on
// the ones before it.
type If struct {
	OK []int
	Op Op
}

// ReadFile reads a regular file. Result: File and Data. A missing file is
// fs.ErrNotExist, and only positive evidence counts as missing.
type ReadFile struct {
	Path string
	Max  int64 // bytes; 0 is 8 MiB; a longer file is ErrTooLarge
}

// ReadDir reads the regular files of a folder whose names end in Suffix and do
// not begin with a dot, in the order of their names. Result: Files. A missing
// folder is fs.ErrNotExist.
type ReadDir struct {
	Path   string
	Suffix string
	Max    int64 // bytes of a file; 0 is 8 MiB; a longer one is ErrTooLarge
}

// Stat describes a path without following a symlink. Result: File.
type Stat struct{ Path string }

// WriteFile replaces or creates a file atomically: a reader sees the old file
// or the new one with its final owner, group and mode. Result: File, Changed.
type WriteFile struct {
	Path         string
	Data         []byte      `json:"-"`
	Owner, Group string      // names; empty keeps the old file's, root for a new file
	Mode         fs.FileMode // permission bits; 0 keeps the old file's, 0600 for a new file
	// Was is the digest (File.SHA256) that the file must still have, Absent
	// when it must not exist, or empty for no check. ErrConflict otherwise.
	Was string
}

// Absent is the WriteFile.Was of a file that must not exist yet.
const Absent = "absent"

// SetAttr sets owner, group and mode of an existing file or folder without
// rewriting it. Zero fields stay. Result: File, Changed.
type SetAttr struct {
	Path         string
	Owner, Group string
	Mode         fs.FileMode
}

// Mkdir makes a folder (with missing parents, root 0755) and sets the last
// one's owner, group and mode. Result: File, Changed.
type Mkdir struct {
	Path         string
	Owner, Group string
	Mode         fs.FileMode
}

// Remove removes a file; one that is not there is unchanged, not an error.
type Remove struct {
	Path string
	Was  string // as in WriteFile
}

// UnitState reads a systemd unit. Result: Unit.
type UnitState struct{ Unit string }

// RestartUnit restarts a unit and waits until it has been active without a
// new start for Settle. A unit that does not get there is ErrUnitFailed, with
// its last journal lines in the error. Result: Unit, Changed.
type RestartUnit struct {
	Unit   string
	Settle time.Duration // 0 is 3 s
}

// Packages reads which packages are installed. Result: Versions, each as dpkg or
// rpm writes it: with the epoch, if there is one, and the revision or release.
type Packages struct{ Names []string }

// InstallPackages installs what is missing of Names, without recommended
// packages and without touching held ones. Result: Changed, Versions.
type InstallPackages struct{ Names []string }

// Run runs a program without a shell. Result: Exit, Data (standard output)
// and Stderr; an exit status other than 0 is not an error by itself. Argv and
// Env are visible to every user of the host: secrets go into Stdin.
type Run struct {
	Argv    []string
	Stdin   []byte        `json:"-"`
	User    string        // run as this user instead of root; empty is root
	Timeout time.Duration // 0 is 60 s; then the program is ended and Err is ErrTimeout
}

// String tells everything but the data.
func (o WriteFile) String() string {
	return fmt.Sprintf("write %s %s:%s %04o, %d bytes", o.Path, o.Owner, o.Group, o.Mode, len(o.Data))
}

// GoString is String: the data may be a secret.
func (o WriteFile) GoString() string { return o.String() }

// String tells everything but the standard input.
func (o Run) String() string { return fmt.Sprintf("run %q, %d bytes of input", o.Argv, len(o.Stdin)) }

// GoString is String: the standard input may be a secret.
func (o Run) GoString() string { return o.String() }

func (ReadFile) op() string        { return "read" }
func (ReadDir) op() string         { return "dir" }
func (Stat) op() string            { return "stat" }
func (WriteFile) op() string       { return "write" }
func (SetAttr) op() string         { return "attr" }
func (Mkdir) op() string           { return "mkdir" }
func (Remove) op() string          { return "remove" }
func (UnitState) op() string       { return "unit" }
func (RestartUnit) op() string     { return "restart" }
func (Packages) op() string        { return "packages" }
func (InstallPackages) op() string { return "install" }
func (Run) op() string             { return "run" }
func (If) op() string              { return "if" }

// A Result is what one Op brought about.
type Result struct {
	Err      error // nil, or an *OpError
	Changed  bool  // the op changed the host; not known of Run
	Data     []byte
	Stderr   []byte
	Exit     int
	File     File
	Files    []FileData
	Unit     Unit
	Versions map[string]string // installed packages only: name to version
}

// A File describes a path.
type File struct {
	Path         string
	Kind         string // file, dir, symlink or other
	Size         int64
	Owner, Group string
	Mode         fs.FileMode // permission bits with setuid, setgid and sticky
	Modified     time.Time   // content
	Changed      time.Time   // inode: content, owner, mode or name
	SHA256       string      // hex; empty unless read or written
	Target       string      // of a symlink
}

// A FileData is a file of a folder, with its content or the error why that
// could not be read.
type FileData struct {
	File File
	Data []byte
	Err  error
}

// A Unit is the state of a systemd unit.
type Unit struct {
	Name       string
	Load       string    // loaded, not-found, masked
	Active     string    // active, inactive, failed, activating
	Sub        string    // running, dead
	Since      time.Time // when the running main process (or else the unit) started; zero when not active
	Invocation string    // changes with each start
	Enabled    string
}
