package host

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cephstack/cephstack"
	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/remote"
)

// A wantedFile is a file as it should be.
type wantedFile struct {
	path         string // on the host
	owner, group string
	mode         fs.FileMode
	data         []byte
	// late gives the content in place of data, where it has a key of a user in it.
	late   func(step.Late) ([]byte, error)
	mended bool // Ceph cannot read the file as it is
	pools  []otherDataPool
	keep   *want.Keeping
	diffs  []step.FieldDiff // how the content differs; owner and mode are added by delta
}

// seen is a file of the host; a file of which nothing is known was looked for in a
// folder that was read as a whole, and is missing.
func seen(h *step.Host, path string) step.File {
	if f, ok := h.Files[path]; ok {
		return f
	}
	return step.File{Missing: true}
}

// delta says how a file differs from w: it is created, written anew, or given its
// owner and mode.
func (w wantedFile) delta(f step.File) step.Delta {
	have, want := f.Ownership(), words.Ownership(w.owner, w.group, w.mode)
	d := step.Delta{Name: w.path, Diffs: w.diffs}
	mode := step.FieldDiff{Field: "mode", Observed: have, Desired: want}
	switch {
	case have == want:
	case !f.Missing && w.keep.Keeps(mode):
		w.owner, w.group, w.mode, want = f.Owner, f.Group, f.Mode, have
	default:
		d.Diffs = append(d.Diffs, mode)
	}
	if acl := f.ACLDiffs(); len(acl) > 0 && (len(d.Diffs) > 0 || !w.keep.Keeps(acl[0])) {
		d.Diffs = append(d.Diffs, acl...) // a file that is written anew has no such list
	}
	d.Kept = w.keep.All()
	switch {
	case f.Missing:
		d.Action, d.Reason = step.Create, "the file does not exist"
	case len(w.diffs) > 0:
		d.Action, d.Reason = step.Update, "its content is not as needed"
		if w.mended {
			d.Reason = "Ceph cannot read the file"
		}
	case len(d.Diffs) > 0:
		d.Action, d.Reason = step.Update, "its owner or mode is not as needed"
		if have == want {
			d.Reason = "its access control list gives others rights"
		}
	default:
		d.Have = w.path + " " + have
		return d
	}
	if err := symlinked(f); err != nil {
		return left(step.Delta{Name: w.path}, w.path, err, "file-is-symlink")
	}
	d.Do = w.write(f)
	return d
}

// symlinked is why a file that has to change is left alone: cephstack writes through no
// symlink.
func symlinked(f step.File) error {
	if f.Target == "" {
		return nil
	}
	path := cephstack.ShellQuote(f.Path)
	return refuse("file-is-symlink", "has to change, but is a symlink to %s, and cephstack does not write through "+
		"symlinks of files, as the file there belongs to whoever made the symlink; put a file in its place: run `cp -p -- "+
		"%s %s.new && mv -T -- %s.new %s` on this host", f.Target, path, path, path, path)
}

// write is the step that writes the file, if it still is as it was seen.
func (w wantedFile) write(f step.File) step.HostStep {
	op := remote.WriteFile{Path: w.path, Data: w.data, Owner: w.owner, Group: w.group, Mode: w.mode, Was: f.Was()}
	late := w.late
	return step.HostStep{Size: len(w.data), Ops: func(now step.Late) ([]remote.Op, error) {
		op := op
		if late != nil {
			data, err := late(now)
			if err != nil {
				return nil, err
			}
			op.Data = data
		}
		return []remote.Op{op}, nil
	}}
}

// inKolla is a file of a container's folder with its owner, group and mode: those
// that it has, or those of the files that kolla-ansible puts there. Others have no
// rights in it.
func inKolla(h *step.Host, k place.Kolla, f step.File, mode fs.FileMode) wantedFile {
	like := h.Files[k.ConfigJSON()]
	w := wantedFile{owner: like.Owner, group: like.Group}
	if !f.Missing {
		w.owner, w.group, mode = f.Owner, f.Group, f.Mode
	}
	w.mode = mode &^ 0o007
	return w
}

// A refusal is why a resource is left alone, with the code of the finding.
type refusal struct {
	code string
	err  error
}

func refuse(code, format string, args ...any) error {
	return &refusal{code, fmt.Errorf(format, args...)}
}

// Error implements error.
func (r *refusal) Error() string { return r.err.Error() }

// Unwrap gives the cause.
func (r *refusal) Unwrap() error { return r.err }

// left is d, refused because of err. Errors that are not refusals have the code
// other.
func left(d step.Delta, object string, err error, other string) step.Delta {
	var r *refusal
	if errors.As(err, &r) {
		other = r.code
	}
	d.Problem(other, object, &refusal{other, err})
	d.Refused = true
	return d
}

// behind is the Delta of a resource that is left alone because of the first of some
// others that is refused. They are not among its needs, as it need not wait for
// their changes.
func behind(v step.View, ids ...step.ID) (step.Delta, bool) {
	for _, id := range ids {
		if v.Ledger.Refused(id) {
			return step.Delta{Refused: true, Because: id}, true
		}
	}
	return step.Delta{}, false
}
