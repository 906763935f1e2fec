//go:build linux && amd64

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/cephstack/cephstack/remote"
)

// A scenario is a change of one file or folder, and what is there before it.
type scenario struct {
	name  string
	path  string
	mode  uint32
	begin func() error
	op    func() remote.Op
	// narrow says that owner and mode change one after the other. In between there is less
	// access than before and than after.
	narrow bool
	// refused says that somebody else changed the file after it was looked at: the change is a conflict.
	refused bool
	// steps are how the names of the system calls begin that change what is at the path.
	steps []string
}

// wanted is what is there if the change ends well, or is refused as it has to be.
func (s scenario) wanted(older state) state {
	if s.refused {
		return older
	}
	return wantedBy(s.op(), older)
}

// end is the outcome of the change without a fault.
func (s scenario) end() string {
	if s.refused {
		return "conflict"
	}
	return "done"
}

// renewed is the change as somebody asks for it who has looked at what is there.
func (s scenario) renewed(found state) scenario {
	was := remote.Absent
	if found.kind != "" {
		was = digestOf([]byte(found.content))
	}
	op := s.op()
	switch o := op.(type) {
	case remote.WriteFile:
		o.Was = was
		op = o
	case remote.Remove:
		o.Was = was
		op = o
	}
	s.refused, s.op = false, func() remote.Op { return op }
	return s
}

// Contents of the files. They stand for secrets.
func older() []byte { return []byte("[client.cinder]\n\tkey = older\n") }
func newer() []byte { return []byte("[client.cinder]\n\tkey = newer, and longer\n") }
func foreign() []byte {
	return []byte("[client.cinder]\n\tkey = of somebody else, and the longest but for the large one\n")
}
func larger() []byte {
	return bytes.Repeat([]byte("# a line of a file that is not a short text\n"), 500)
}
func secrets() []string {
	return []string{"key = older", "key = newer", "key = of somebody", "a line of a file that is not"}
}

func target() string  { return targets + "/ceph.client.cinder.keyring" }
func subject() string { return targets + "/folder" }

// Numbers of the group and the user that own what is written.
const (
	daemon = 1
	other  = "1"
)

func scenarios() []scenario {
	file := func(data []byte) func() error {
		return func() error { return os.WriteFile(target(), data, 0o600) }
	}
	nothing := func() error { return nil }
	write := func(data []byte, was string) func() remote.Op {
		return func() remote.Op {
			return remote.WriteFile{Path: target(), Data: data, Mode: 0o640, Group: other, Was: was}
		}
	}
	remove := func() remote.Op { return remote.Remove{Path: target(), Was: digestOf(older())} }
	moves, unlinks, attrs := []string{"rename"}, []string{"unlink"}, []string{"chmod", "chown", "fchmod", "fchown"}
	return []scenario{
		{name: "create", path: target(), mode: 0o640, begin: nothing, op: write(newer(), remote.Absent), steps: moves},
		{name: "replace", path: target(), mode: 0o640, begin: file(older()), op: write(newer(), digestOf(older())),
			steps: moves},
		{name: "replace large", path: target(), mode: 0o640, begin: file(older()), op: write(larger(), ""), steps: moves},
		{name: "remove", path: target(), mode: 0o640, begin: file(older()), op: remove, steps: unlinks},
		{name: "mode", path: target(), mode: 0o640, begin: file(older()), narrow: true, steps: attrs,
			op: func() remote.Op { return remote.SetAttr{Path: target(), Mode: 0o640, Group: other} }},
		{name: "folder", path: subject(), mode: 0o750, begin: nothing, narrow: true, steps: moves,
			op: func() remote.Op { return remote.Mkdir{Path: subject(), Mode: 0o750, Group: other} }},
		{name: "conflict", path: target(), mode: 0o640, begin: file(foreign()), op: write(newer(), digestOf(older())),
			steps: moves, refused: true},
		{name: "conflict of a new file", path: target(), mode: 0o640, begin: file(foreign()),
			op: write(newer(), remote.Absent), steps: moves, refused: true},
		{name: "conflict of a removal", path: target(), mode: 0o640, begin: file(foreign()), op: remove, steps: unlinks,
			refused: true},
	}
}

// A state is what is at a path, as anybody sees it from outside.
type state struct {
	kind    string
	mode    uint32
	user    uint32
	group   uint32
	content string
}

func (s state) String() string {
	if s.kind == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s %04o %d:%d %d bytes %.8s", s.kind, s.mode, s.user, s.group, len(s.content),
		digestOf([]byte(s.content)))
}

// stateOf looks at a path.
func stateOf(path string) (state, error) {
	var st syscall.Stat_t
	err := syscall.Lstat(path, &st)
	if err == syscall.ENOENT {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	s := state{kind: fmt.Sprintf("%o", st.Mode>>12), mode: st.Mode & 0o7777, user: st.Uid, group: st.Gid}
	if st.Mode&syscall.S_IFMT == syscall.S_IFREG {
		data, err := os.ReadFile(path)
		if err != nil {
			return state{}, err
		}
		s.content = string(data)
	}
	return s, nil
}

// strays lists what is in the folder besides the path: temp files and others.
func strays(path string) (temp, others []string, err error) {
	entries, err := os.ReadDir(targets)
	for _, e := range entries {
		switch {
		case e.Name() == filepath.Base(path):
		case strings.HasPrefix(e.Name(), ".cephstack."):
			temp = append(temp, e.Name())
		default:
			others = append(others, e.Name())
		}
	}
	return temp, others, err
}

// durable says whether the events of a clean run make what was written survive a power cut: all
// is synced before the rename, and the folder after it.
func durable(events []string) string {
	rename := slices.IndexFunc(events, func(e string) bool { return strings.HasPrefix(e, "rename") })
	if rename < 0 {
		return "nothing was renamed"
	}
	written, synced := -1, -1
	for n, e := range events[:rename] {
		name, file, _ := strings.Cut(e, " ")
		switch {
		case !strings.HasPrefix(file, ".cephstack."):
		case name == "fsync" || name == "fdatasync":
			synced = n
		default:
			written = n
		}
	}
	switch {
	case synced < 0 || synced < written:
		return "the file was renamed before it was synced"
	case !slices.ContainsFunc(events[rename:], func(e string) bool {
		return e == "fsync "+filepath.Base(targets) || e == "fdatasync "+filepath.Base(targets)
	}):
		return "the folder was not synced after the rename"
	case slices.ContainsFunc(events[rename+1:], func(e string) bool {
		return strings.HasPrefix(e, "fchmod") || strings.HasPrefix(e, "fchown")
	}):
		return "owner or mode changed after the rename"
	}
	return ""
}
