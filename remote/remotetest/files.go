package remotetest

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cephstack/cephstack/remote"
	"github.com/cephstack/cephstack/remote/internal/wire"
)

const (
	kindFile    = "file"
	kindDir     = "dir"
	kindSymlink = "symlink"
)

type node struct {
	kind, owner, group, target string
	mode                       fs.FileMode
	acl                        bool
	data                       []byte
	modified, changed          time.Time
}

// AddUser adds a user with its primary group.
func (h *Host) AddUser(name, group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users[name] = group
	h.groups[group] = true
}

// AddFile puts a file there that belongs to root, and makes missing folders. It
// does not count as a change. SetAttr through Do gives it another owner.
func (h *Host) AddFile(name string, data []byte, mode fs.FileMode) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mustDir(path.Dir(name))
	n := h.newNode(kindFile, "root", "root", mode)
	n.data = slices.Clone(data)
	h.nodes[name] = n
}

// AddSymlink puts a symlink there, and makes missing folders.
func (h *Host) AddSymlink(name, target string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mustDir(path.Dir(name))
	h.nodes[name] = h.newNode(kindSymlink, "root", "root", 0o777)
	h.nodes[name].target = target
}

// RemoveDir removes a folder with all in it. It does not count as a change.
func (h *Host) RemoveDir(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.nodes, func(at string, _ *node) bool { return at == name || strings.HasPrefix(at, name+"/") })
}

// Contents returns the contents of a file, and whether it is there.
func (h *Host) Contents(name string) ([]byte, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, n, err := h.find(name, true)
	if err != nil || at == "" || n.kind != kindFile {
		return nil, false
	}
	return slices.Clone(n.data), true
}

func (h *Host) newNode(kind, owner, group string, mode fs.FileMode) *node {
	now := h.tick()
	return &node{kind: kind, owner: owner, group: group, mode: mode, modified: now, changed: now}
}

func (h *Host) mustDir(name string) {
	if h.nodes[name] == nil {
		h.mustDir(path.Dir(name))
		h.nodes[name] = h.newNode(kindDir, "root", "root", 0o755)
	}
}

// find resolves symlinks in the folders of name; with follow, name itself is
// resolved, too. If only the last part is missing, find gives the resolved path
// with fs.ErrNotExist. If a folder is missing, it gives no path.
func (h *Host) find(name string, follow bool) (string, *node, error) {
	at := "/"
	parts := strings.Split(strings.Trim(name, "/"), "/")
	if name == "/" {
		parts = nil
	}
	for links := 0; len(parts) > 0; {
		if h.nodes[at].kind != kindDir {
			return "", nil, syscall.ENOTDIR
		}
		next := path.Join(at, parts[0])
		parts = parts[1:]
		n := h.nodes[next]
		switch {
		case n == nil && len(parts) == 0:
			return next, nil, fs.ErrNotExist
		case n == nil:
			return "", nil, fs.ErrNotExist
		case n.kind == kindSymlink && (follow || len(parts) > 0):
			if links++; links > 40 {
				return "", nil, syscall.ELOOP
			}
			target := n.target
			if !path.IsAbs(target) {
				target = path.Join(at, target)
			}
			parts = append(strings.FieldsFunc(target, func(r rune) bool { return r == '/' }), parts...)
			at = "/"
		default:
			at = next
		}
	}
	return at, h.nodes[at], nil
}

func (h *Host) describe(name string, n *node) remote.File {
	return remote.File{
		Path: name, Kind: n.kind, Size: int64(len(n.data) + len(n.target)), Owner: n.owner, Group: n.group,
		Mode: n.mode, ACL: n.acl, Modified: n.modified, Changed: n.changed, Target: n.target,
	}
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// readKinds are the operations that look at files.
func (h *Host) readKinds() []kind {
	content := func(a answer, r remote.Result) {
		if r.Err == nil {
			a.raw["data"] = r.Data
		}
	}
	dir := kind{
		name: "dir", looks: true,
		decode: func(w wire.Op) (remote.Op, error) {
			limit, err := strconv.ParseInt(w.Args[2], 10, 64)
			return remote.ReadDir{Path: w.Args[0], Suffix: w.Args[1], Max: limit}, err
		},
		tell: func(a answer, r remote.Result) {
			var names []byte
			for i, file := range r.Files {
				one := newAnswer(file)
				content(one, file)
				a.add(i, one)
				names = append(names, file.File.Path+"\x00"...)
			}
			if len(names) > 0 {
				a.raw["names0"] = names
			}
		},
	}
	return []kind{
		doing(kind{name: "read", looks: true, tell: content}, h.readFile),
		doing(kind{name: "stat", looks: true}, h.stat),
		doing(dir, h.readDir),
	}
}

func (h *Host) stat(o remote.Stat) remote.Result {
	_, n, err := h.find(o.Path, false)
	if err != nil {
		return remote.Result{Err: err}
	}
	f := h.describe(o.Path, n)
	if n.kind == kindSymlink {
		f.Real = h.real(o.Path)
	}
	return remote.Result{File: f}
}

func (h *Host) readFile(o remote.ReadFile) remote.Result {
	var target string
	if _, link, err := h.find(o.Path, false); err == nil {
		target = link.target
	}
	_, n, err := h.find(o.Path, true)
	if err != nil {
		return remote.Result{Err: err, File: remote.File{Target: target}}
	}
	r := remote.Result{File: h.describe(o.Path, n)}
	r.File.Target = target
	limit := o.Max
	if limit == 0 {
		limit = 8 << 20
	}
	switch {
	case n.kind == kindDir:
		r.Err = syscall.EISDIR
	case int64(len(n.data)) > limit:
		r.Err = remote.ErrTooLarge
	default:
		r.Data = append([]byte{}, n.data...)
		r.File.SHA256 = sum(n.data)
	}
	return r
}

func (h *Host) readDir(o remote.ReadDir) remote.Result {
	at, dir, err := h.find(o.Path, true)
	if err == nil && dir.kind != kindDir {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return remote.Result{Err: err}
	}
	var r remote.Result
	for _, name := range slices.Sorted(maps.Keys(h.nodes)) {
		base := path.Base(name)
		if name == "/" || path.Dir(name) != at || !strings.HasSuffix(base, o.Suffix) || strings.HasPrefix(base, ".") {
			continue
		}
		read := remote.ReadFile{Path: path.Join(o.Path, base), Max: o.Max}
		if _, n, err := h.find(name, true); err != nil || n.kind != kindFile {
			continue
		}
		file := h.readFile(read)
		if file.Err != nil {
			file.Err = h.opError(read, file.Err)
		}
		r.Files = append(r.Files, file)
	}
	return r
}
