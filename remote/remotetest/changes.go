package remotetest

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"syscall"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

// changeKinds are the operations that change files and folders.
func (h *Host) changeKinds() []kind {
	write := kind{
		name: "write",
		decode: func(w wire.Op) (remote.Op, error) {
			a := w.Args
			mode, err := parseMode(a[4])
			o := remote.WriteFile{Path: a[0], Was: a[1], Owner: a[2], Group: a[3], Mode: mode, Data: w.Data}
			return o, err
		},
		tell: func(a answer, r remote.Result) { a.words["sha"] = r.File.SHA256 },
	}
	attr := kind{name: "attr", decode: func(w wire.Op) (remote.Op, error) {
		mode, err := parseMode(w.Args[3])
		return remote.SetAttr{Path: w.Args[0], Owner: w.Args[1], Group: w.Args[2], Mode: mode}, err
	}}
	mkdir := kind{name: "mkdir", decode: func(w wire.Op) (remote.Op, error) {
		mode, err := parseMode(w.Args[3])
		return remote.Mkdir{Path: w.Args[0], Owner: w.Args[1], Group: w.Args[2], Mode: mode}, err
	}}
	remove := kind{name: "remove", decode: func(w wire.Op) (remote.Op, error) {
		return remote.Remove{Path: w.Args[0], Was: w.Args[1]}, nil
	}}
	return []kind{doing(write, h.writeFile), doing(attr, h.setAttr), doing(mkdir, h.mkdir), doing(remove, h.remove)}
}

// known is an error for a user or group that the host does not have. A number needs
// no account.
func (h *Host) known(owner, group string) error {
	number := func(s string) bool { return s != "" && s[0] >= '1' && s[0] <= '9' }
	if _, ok := h.users[owner]; owner != "" && !ok && !number(owner) {
		return detail{text: "unknown user " + owner}
	}
	if group != "" && !h.groups[group] && !number(group) {
		return detail{text: "unknown group " + group}
	}
	return nil
}

// replaced is the file that o replaces. It is nil when there is no file but its folder is
// there. It is an error when there is something else, or the file is neither as o
// says that it was nor as o would make it.
func (h *Host) replaced(o remote.WriteFile) (string, *node, error) {
	at, n, err := h.find(o.Path, false)
	now := remote.Absent
	switch {
	case errors.Is(err, fs.ErrNotExist) && at != "":
	case err != nil:
		return "", nil, err
	case n.kind == kindSymlink:
		return "", nil, detail{text: wire.Text("symlink")}
	case n.kind == kindDir:
		return "", nil, syscall.EISDIR
	default:
		now = sum(n.data)
	}
	if o.Was != "" && o.Was != now && now != sum(o.Data) {
		return "", nil, remote.ErrConflict
	}
	return at, n, nil
}

func (h *Host) writeFile(o remote.WriteFile) remote.Result {
	if err := h.known(o.Owner, o.Group); err != nil {
		return remote.Result{Err: err}
	}
	at, old, err := h.replaced(o)
	if err != nil {
		return remote.Result{Err: err}
	}
	var r remote.Result
	n := old
	if old != nil && slices.Equal(old.data, o.Data) {
		r.Changed = h.adjust(old, o.Owner, o.Group, o.Mode)
	} else {
		if old == nil {
			old = &node{kind: kindFile, owner: "root", group: "root", mode: 0o600}
		}
		owner, group, mode := old.with(o.Owner, o.Group, o.Mode)
		n = h.newNode(kindFile, owner, group, mode)
		n.data = slices.Clone(o.Data)
		h.nodes[at] = n
		r.Changed = true
	}
	r.File = h.describe(o.Path, n)
	r.File.SHA256 = sum(o.Data)
	return r
}

// with gives owner, group and mode as they are to be: what is zero stays. A file with another owner or group runs as
// nobody else any more.
func (n *node) with(owner, group string, mode fs.FileMode) (string, string, fs.FileMode) {
	owner, group = cmp.Or(owner, n.owner), cmp.Or(group, n.group)
	if mode == 0 {
		mode = n.mode
		if n.kind == kindFile && (owner != n.owner || group != n.group) {
			mode &^= fs.ModeSetuid | fs.ModeSetgid
		}
	}
	return owner, group, mode
}

// adjust sets the attributes that are not zero, removes the access control list, and
// reports whether that changed anything.
func (h *Host) adjust(n *node, owner, group string, mode fs.FileMode) bool {
	owner, group, mode = n.with(owner, group, mode)
	if owner == n.owner && group == n.group && mode == n.mode && !n.acl {
		return false
	}
	n.owner, n.group, n.mode, n.acl, n.changed = owner, group, mode, false, h.tick()
	return true
}

func (h *Host) setAttr(o remote.SetAttr) remote.Result {
	if err := h.known(o.Owner, o.Group); err != nil {
		return remote.Result{Err: err}
	}
	_, n, err := h.find(o.Path, false)
	if err != nil {
		return remote.Result{Err: err}
	}
	if n.kind == kindSymlink {
		return remote.Result{Err: detail{text: wire.Text("symlink")}}
	}
	changed := h.adjust(n, o.Owner, o.Group, o.Mode)
	return remote.Result{Changed: changed, File: h.describe(o.Path, n)}
}

func (h *Host) mkdir(o remote.Mkdir) remote.Result {
	if err := h.known(o.Owner, o.Group); err != nil {
		return remote.Result{Err: err}
	}
	_, n, err := h.find(o.Path, false)
	made := errors.Is(err, fs.ErrNotExist)
	if made {
		n, err = h.makeDirs(o.Path)
	}
	switch {
	case err != nil:
		return remote.Result{Err: err}
	case n.kind == kindSymlink:
		return remote.Result{Err: detail{text: wire.Text("symlink")}}
	case n.kind != kindDir:
		return remote.Result{Err: syscall.ENOTDIR}
	}
	changed := h.adjust(n, o.Owner, o.Group, o.Mode)
	return remote.Result{Changed: made || changed, File: h.describe(o.Path, n)}
}

// makeDirs makes a folder and the missing folders above it.
func (h *Host) makeDirs(name string) (*node, error) {
	at, n, err := h.find(name, true)
	if err == nil && n.kind != kindDir {
		return nil, syscall.ENOTDIR
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return n, err
	}
	if at == "" {
		if _, err := h.makeDirs(path.Dir(name)); err != nil {
			return nil, err
		}
		if at, _, _ = h.find(name, true); at == "" {
			return nil, fs.ErrNotExist
		}
	}
	h.nodes[at] = h.newNode(kindDir, "root", "root", 0o755)
	return h.nodes[at], nil
}

func (h *Host) remove(o remote.Remove) remote.Result {
	at, n, err := h.find(o.Path, false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return remote.Result{}
	case err != nil:
		return remote.Result{Err: err}
	case n.kind == kindDir:
		return remote.Result{Err: syscall.EISDIR}
	case o.Was != "" && (n.kind != kindFile || o.Was != sum(n.data)):
		return remote.Result{Err: remote.ErrConflict}
	}
	delete(h.nodes, at)
	h.tick()
	return remote.Result{Changed: true}
}
