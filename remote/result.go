package remote

import (
	"io/fs"
	"time"
)

// A Result is what one Op brought about.
type Result struct {
	Err      error // nil, or an *OpError
	Changed  bool  // the op changed the host; not known of Run
	Data     []byte
	Stderr   []byte
	Exit     int
	File     File
	Files    []Result // of a ReadDir: File, Data and Err of each, as of its ReadFile
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
	// ACL says that there is an access control list. It gives others rights, within the
	// bits of Mode for the group. That of a folder may be for new files alone.
	ACL      bool
	Modified time.Time // content
	Changed  time.Time // inode: content, owner, mode or name
	SHA256   string    // hex; empty unless read or written
	Target   string    // of a symlink
}

// A Unit is the state of a systemd unit.
type Unit struct {
	Name       string
	Load       string    // loaded, not-found, masked
	Active     string    // active, inactive, failed, activating
	Sub        string    // running, dead
	Since      time.Time // when the running main process (or else the unit) started; zero when not active
	Invocation string    // changes with each start
	Boot       string    // changes with each start of the machine, and differs between machines; "" if not known
	Enabled    string
}
