package host

import (
	"fmt"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/spec"
	"github.com/cephstack/cephstack/remote"
)

// guestsFile makes the folders of guests again after a reboot.
const guestsFile = "/etc/tmpfiles.d/cephstack-guests.conf"

// newGuestFile is the file that makes the folders of guests.
func newGuestFile(n *Node) []step.Resource {
	if g := n.Site.GuestsOn(n.Spec); g != nil {
		return []step.Resource{guestFile{n, *g}}
	}
	return nil
}

// A guestFile is the file of systemd-tmpfiles that makes the folders of guests.
type guestFile struct {
	*Node
	guests spec.Guests
}

// ID implements step.Resource.
func (r guestFile) ID() step.ID { return r.FileID(guestsFile) }

// Needs implements step.Resource. What goes by the first entry goes before the folders.
func (r guestFile) Needs() []step.ID {
	var needs []step.ID
	if r.Site.Helps() {
		return []step.ID{r.PackagesID()}
	}
	for _, dir := range allGuestDirs(r.guests) {
		needs = append(needs, r.DirectoryID(dir))
	}
	return append(needs, r.PackagesID())
}

// Asks implements step.Resource.
func (r guestFile) Asks() step.Asks {
	return step.Asks{Host: []remote.Op{remote.ReadFile{Path: guestsFile}, remote.ReadFile{Path: place.OSRelease}}}
}

// Compare implements step.Resource.
func (r guestFile) Compare(v step.View) step.Delta {
	f := v.Host.Files[guestsFile]
	if f.Err != nil {
		return step.Refuse("guest-file-unreadable", guestsFile, fmt.Errorf("cannot be read, so it is left alone: %w", f.Err))
	}
	w := wantedFile{path: guestsFile, owner: place.Root, group: place.Root, mode: 0o644, data: []byte(r.text(v.Host))}
	if string(f.Data) != string(w.data) {
		w.diffs = f.ContentDiffs(w.data)
	}
	return r.byEntry(w.delta(f))
}

// text is the file's content. The line for the folder of Ceph's daemons is of
// another type (z) than the line of their own file (d), so that both count.
func (r guestFile) text(h *step.Host) string {
	text := "# Written by cephstack: folders for the sockets and logs of guests' librbd.\n"
	owner, group := qemuAccount(h, r.guests)
	for _, dir := range allGuestDirs(r.guests) {
		if dir == cephRun {
			text += "z " + dir + " 0771 - - -\n"
			continue
		}
		text += "d " + dir + " 0770 " + owner + " " + group + " -\n"
	}
	return text
}
