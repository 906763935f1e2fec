package remote

import (
	"fmt"
	"io/fs"
	"time"
)

// A Result is what one Op brought about.
type Result struct {
	Err      error  // nil, or an *OpError
	Changed  bool   // the op changed the host; not known of Run
	Data     []byte `json:"-" yaml:"-"`
	Stderr   []byte `json:"-" yaml:"-"`
	Exit     int
	File     File
	Files    []Result // of a ReadDir: File, Data and Err of each, as of its ReadFile
	Unit     Unit
	Versions map[string]string // installed packages only: name to version
}

// Format tells how it went, and the sizes of Data and Stderr, for every verb: they may have a
// secret. In an unexported field of your struct, fmt asks no method and writes the bytes.
func (r Result) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "changed %t, exit status %d, %d bytes, %d bytes of standard error", r.Changed, r.Exit, len(r.Data),
		len(r.Stderr))
	if r.File.Path != "" {
		fmt.Fprintf(f, ", file %+v", r.File)
	}
	if r.Unit.Name != "" {
		fmt.Fprintf(f, ", unit %+v", r.Unit)
	}
	if len(r.Versions) > 0 {
		fmt.Fprintf(f, ", versions %v", r.Versions)
	}
	if len(r.Files) > 0 {
		fmt.Fprintf(f, ", files %v", r.Files)
	}
	if r.Err != nil {
		fmt.Fprintf(f, ", error: %v", r.Err)
	}
}

// A File describes a path.
type File struct {
	Path         string
	Kind         string // file, dir, symlink or other
	Size         int64
	Owner, Group string
	Mode         fs.FileMode // permission bits with setuid, setgid and sticky
	// ACL says that there is an access control list. It gives others rights, within the
	// bits of Mode for the group. That of a folder may be for new files alone.
	ACL      bool
	Modified time.Time // content
	Changed  time.Time // inode: content, owner, mode or name
	SHA256   string    // hex; empty unless read or written
	Target   string    // of a symlink
	// Real is the folder where a symlink leads, if all folders and symlinks on the way, and the folder
	// itself, belong to root and can be changed by root alone, and everybody can enter the folders.
	// Only Stat tells it.
	Real string
}

// A Unit is the state of a systemd unit.
type Unit struct {
	Name   string
	Load   string // loaded, not-found, masked
	Active string // active, inactive, failed, activating
	Sub    string // running, dead
	// Since is when the running main process (or else the unit) started, by the host's clock
	// as it was then, or as it is now if that is earlier; zero when not active.
	Since      time.Time
	Now        time.Time // the host's clock when it was asked; zero if not known
	Invocation string    // changes with each start
	Boot       string    // changes with each start of the machine, and differs between machines; "" if not known
	Enabled    string
	// Read are the Inputs of the RestartUnit that started the running process: each path
	// with the digest (hex, SHA-256) of what the process found there, or Absent. Read is nil
	// if that is not known: something else started the process, or the host did not keep it.
	Read map[string]string
}
