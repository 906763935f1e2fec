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

// cephRun belongs to Ceph's daemons. Their own tmpfiles.d file keeps everybody else
// from entering it.
const cephRun = "/run/ceph"

// guestDirs are the folders that the options of guests name, sorted. /var/run is
// /run.
func guestDirs(g spec.Guests) []string {
	var dirs []string
	all := g.AllOptions()
	for _, option := range []string{"admin_socket", "log_file"} {
		if all[option] == "" {
			continue
		}
		dir := path.Dir(all[option])
		if rest, ok := strings.CutPrefix(dir, "/var/run/"); ok {
			dir = "/run/" + rest
		}
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}

// allGuestDirs are the folders of guests, and the folder of Ceph's daemons where
// QEMU has to go through it.
func allGuestDirs(g spec.Guests) []string {
	dirs := guestDirs(g)
	if slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(dir, cephRun+"/") }) {
		dirs = append(dirs, cephRun)
	}
	slices.Sort(dirs)
	return dirs
}

// newGuestFolders are the folders for sockets and logs of guests.
func newGuestFolders(n *Node) []step.Resource {
	g := n.Site.GuestsOn(n.Spec)
	if g == nil {
		return nil
	}
	var all []step.Resource
	for _, dir := range allGuestDirs(*g) {
		all = append(all, guestFolder{n, *g, dir})
	}
	return all
}

// A guestFolder is a folder that guests write to, or go through.
type guestFolder struct {
	*Node
	guests spec.Guests
	path   string
}

// ID implements step.Resource.
func (r guestFolder) ID() step.ID { return r.DirectoryID(r.path) }

// Needs implements step.Resource: packages make the account of QEMU.
func (r guestFolder) Needs() []step.ID { return []step.ID{r.PackagesID()} }

// Asks implements step.Resource.
func (r guestFolder) Asks() step.Asks {
	return step.Asks{Host: []remote.Op{remote.Stat{Path: r.path}, remote.ReadFile{Path: place.OSRelease}}}
}

// Compare implements step.Resource. The folder of Ceph's daemons keeps its owner.
// It only has to let QEMU through.
func (r guestFolder) Compare(v step.View) step.Delta {
	f := v.Host.Files[r.path]
	switch {
	case f.Err != nil:
		return step.Refuse("folder-unreadable", r.path, fmt.Errorf("cannot be read: %w", f.Err))
	case !f.Missing && f.Kind != "dir":
		return step.Refuse("not-a-folder", r.path,
			fmt.Errorf("is a %s, not a folder; move it away, or name another place in prepare.guests.options", f.Kind))
	}
	op, reason := r.op(v.Host, f), "guests write there"
	desired, have := words.Ownership(op.Owner, op.Group, op.Mode), f.Ownership()
	if op.Owner == "" {
		desired, have, reason = words.Octal(op.Mode), words.Octal(f.Mode), "guests go through it"
	}
	d := step.Delta{Action: step.Update, Reason: reason}
	switch {
	case f.Missing:
		d.Action, have = step.Create, ""
	case have == desired && op.Owner == "":
		return noted(f)
	case have == desired && !f.ACL:
		return step.Delta{}
	}
	if have != desired {
		d.Diffs = []step.FieldDiff{{Field: "mode", Observed: have, Desired: desired}}
	}
	d.Diffs = append(d.Diffs, f.ACLDiffs()...)
	d.Do = doing(op)
	return d
}

// op makes the folder, or gives it its owner and mode.
func (r guestFolder) op(h *step.Host, f step.File) remote.Mkdir {
	if r.path != cephRun {
		owner, group := qemuAccount(h, r.guests)
		return remote.Mkdir{Path: r.path, Owner: owner, Group: group, Mode: 0o770}
	}
	mode := fs.FileMode(0o771)
	if f.Kind == "dir" {
		mode = f.Mode | 0o001
	}
	return remote.Mkdir{Path: r.path, Mode: mode}
}

// qemuAccount is what QEMU runs as: as the Spec says, or as the distribution has it.
func qemuAccount(h *step.Host, g spec.Guests) (owner, group string) {
	if owner, group, ok := strings.Cut(g.Account, ":"); ok {
		return owner, group
	}
	if place.DistributionOf(h).Family == place.RPM {
		return "qemu", "qemu"
	}
	return "libvirt-qemu", "kvm"
}
