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
}

// Contents of the files. They stand for secrets.
func older() []byte { return []byte("[client.cinder]\n\tkey = older\n") }
func newer() []byte { return []byte("[client.cinder]\n\tkey = newer, and longer\n") }
func larger() []byte {
	return bytes.Repeat([]byte("# a line of a file that is not a short text\n"), 500)
}
func secrets() []string {
	return []string{"key = older", "key = newer", "a line of a file that is not"}
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
	return []scenario{
		{name: "create", path: target(), mode: 0o640, begin: nothing, op: write(newer(), remote.Absent)},
		{name: "replace", path: target(), mode: 0o640, begin: file(older()), op: write(newer(), digestOf(older()))},
		{name: "replace large", path: target(), mode: 0o640, begin: file(older()), op: write(larger(), "")},
		{name: "remove", path: target(), mode: 0o640, begin: file(older()),
			op: func() remote.Op { return remote.Remove{Path: target(), Was: digestOf(older())} }},
		{name: "mode", path: target(), mode: 0o640, begin: file(older()), narrow: true,
			op: func() remote.Op { return remote.SetAttr{Path: target(), Mode: 0o640, Group: other} }},
		{name: "folder", path: subject(), mode: 0o750, begin: nothing, narrow: true,
			op: func() remote.Op { return remote.Mkdir{Path: subject(), Mode: 0o750, Group: other} }},
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
