package host

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// newFolders are the folders of Ceph's files: /etc/ceph, or those of containers.
func newFolders(n *Node) []step.Resource {
	if !n.InContainers() {
		return []step.Resource{cephFolder{n}}
	}
	var all []step.Resource
	for _, c := range n.Copies() {
		all = append(all, copyFolder{n, c, c.Kolla.Folder + "/ceph"})
		if c.Libvirt && len(n.Site.Secrets) > 0 {
			all = append(all, copyFolder{n, c, c.Kolla.Folder + "/secrets"})
		}
	}
	slices.SortFunc(all, func(a, b step.Resource) int { return strings.Compare(a.ID().Name, b.ID().Name) })
	return all
}

// A cephFolder is /etc/ceph.
type cephFolder struct{ *Node }

// ID implements step.Resource.
func (r cephFolder) ID() step.ID { return r.DirectoryID(spec.CephDir) }

// Needs implements step.Resource.
func (r cephFolder) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r cephFolder) Asks() step.Asks {
	return step.Asks{Host: []remote.Op{remote.Stat{Path: spec.CephDir}}}
}

// Compare implements step.Resource. What needs the folder waits for the packages,
// too: they make accounts, and put files of their own there.
func (r cephFolder) Compare(v step.View) step.Delta {
	d := r.byEntry(r.compare(v.Host.Files[spec.CephDir]))
	d.Needs = []step.ID{r.PackagesID()}
	return d
}

func (r cephFolder) compare(f step.File) step.Delta {
	const others = 0o022 // group and others may write
	var mode fs.FileMode
	d := step.Delta{Action: step.Update}
	switch {
	case f.Err != nil:
		return step.Refuse("folder-unreadable", spec.CephDir, fmt.Errorf("cannot be read: %w", f.Err))
	case f.Missing:
		d = step.Delta{Action: step.Create, Reason: "the folder does not exist",
			Diffs: []step.FieldDiff{{Field: "mode", Desired: "root:root 0755"}}}
		d.Do = doing(remote.Mkdir{Path: spec.CephDir, Owner: place.Root, Group: place.Root, Mode: 0o755})
		return d
	case f.Real != "" && !r.Site.Helps():
		return linkedTo(f)
	case f.Kind != "dir":
		return step.Refuse("not-a-folder", spec.CephDir, fmt.Errorf("is a %s, not a folder; move it away%s",
			f.Kind, r.inPlace(f)))
	case f.Mode&others != 0:
		mode, d.Reason = f.Mode&^0o777|0o755, "others may write there"
	case f.Mode&0o005 != 0o005:
		mode, d.Reason = f.Mode|0o055, "services cannot enter it"
	default:
		return noted(f)
	}
	d.Diffs = []step.FieldDiff{{Field: "mode", Observed: words.Octal(f.Mode), Desired: words.Octal(mode)}}
	if keep := r.Site.Keeping(r.ID(), "directory", spec.CephDir); keep.Keeps(d.Diffs[0]) {
		return r.keeps(f, keep.Kept)
	}
	d.Diffs = append(d.Diffs, f.ACLDiffs()...)
	d.Do = doing(remote.SetAttr{Path: spec.CephDir, Mode: mode})
	return d
}

// keeps is the Delta of a folder whose mode the Spec keeps.
func (r cephFolder) keeps(f step.File, kept []step.Kept) step.Delta {
	d := noted(f)
	d.Kept = kept
	if f.Mode&0o022 != 0 {
		d.Note("kept-hole", spec.CephDir, "accounts other than root can put files there (%s), and the Spec keeps that: take "+
			"the entry out of keep, and apply", words.Octal(f.Mode))
	}
	if f.Mode&0o001 == 0 {
		d.Note("kept-unreadable", spec.CephDir, "accounts of services may not be able to enter it (%s), and the Spec keeps "+
			"that: take the entry out of keep, and apply", words.Octal(f.Mode))
	}
	return d
}

// linkedTo is the Delta of a symlink that leads to a folder which root alone decides about.
func linkedTo(f step.File) step.Delta {
	var d step.Delta
	d.Note("folder-is-symlink", f.Path, "is a symlink: files are read and written in %s, and the symlink stays. Whatever "+
		"else writes files there, such as MicroCeph, may undo what cephstack writes, and rules of AppArmor have to name "+
		"that folder", f.Real)
	return d
}

// inPlace is what to do about a symlink in place of the folder.
func (r cephFolder) inPlace(f step.File) string {
	switch {
	case f.Target == "":
		return ""
	case f.Real != "":
		return ", and put a folder with the files of " + f.Real + " in its place, as the helper changes no file behind " +
			"a symlink; or put prepare.sudo.narrow in place of prepare.sudo.helper"
	}
	return ", and put a folder with the files of " + f.Target + " in its place; or have it lead to a folder that " +
		"belongs to root, as each folder and symlink on the way, where nobody else can write and everybody can enter"
}

// noted is the Delta of a folder whose access control list stays as it is. The list
// is the administrator's, and no danger: nobody gets a right by the list that the mode
// does not show for the group, and files that cephstack writes there get none.
func noted(f step.File) step.Delta {
	var d step.Delta
	if f.ACL {
		d.Note("folder-has-list", f.Path, "has an access control list, which stays; "+
			"the files that cephstack writes there do not inherit it")
	}
	return d
}

// doing is a step of operations that are known already, each of which needs the one
// before.
func doing(ops ...remote.Op) step.HostStep {
	return step.HostStep{Ops: func(step.Late) ([]remote.Op, error) { return step.Chain(ops...), nil }}
}

// A copyFolder is a folder on the host from which a container copies Ceph's files,
// or libvirt's secrets. Only a folder that something is copied from is wanted.
type copyFolder struct {
	*Node
	copy Copy
	path string
}

// ID implements step.Resource.
func (r copyFolder) ID() step.ID { return r.DirectoryID(r.path) }

// Needs implements step.Resource.
func (r copyFolder) Needs() []step.ID { return nil }

// Asks implements step.Resource.
func (r copyFolder) Asks() step.Asks {
	return step.Asks{Host: append(r.kollaAsks(r.copy), remote.Stat{Path: r.path})}
}

// Compare implements step.Resource.
func (r copyFolder) Compare(v step.View) step.Delta {
	if d, unfit := r.unfit(v, r.copy.Services[0]); unfit || !r.wanted(v.Host) {
		return d
	}
	like := v.Host.Files[r.copy.Kolla.ConfigJSON()]
	switch f := v.Host.Files[r.path]; {
	case f.Err != nil:
		return step.Refuse("folder-unreadable", r.path, fmt.Errorf("cannot be read: %w", f.Err))
	case f.Missing:
		return step.Delta{Action: step.Create, Reason: "a container's files are copied from there",
			Diffs: []step.FieldDiff{{Field: "mode", Desired: words.Ownership(like.Owner, like.Group, 0o770)}},
			Do:    doing(remote.Mkdir{Path: r.path, Owner: like.Owner, Group: like.Group, Mode: 0o770})}
	case f.Kind != "dir":
		return step.Refuse("not-a-folder", r.path, fmt.Errorf("is a %s, not a folder; move it away", f.Kind))
	}
	return step.Delta{}
}

// wanted reports whether a file that should be on the host is in the folder.
func (r copyFolder) wanted(h *step.Host) bool {
	if path.Base(r.path) == "secrets" {
		return true
	}
	in := r.Site.Containers(h)
	return slices.ContainsFunc(r.copy.files(), func(file string) bool {
		at, ok := r.copy.Path(in, file)
		return ok && path.Dir(at) == r.path
	})
}
