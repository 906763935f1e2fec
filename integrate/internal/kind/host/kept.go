package host

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/place"
	"github.com/cephstack/cephstack/integrate/internal/step"
)

// staysMissing is the Delta of a keyring that the Spec keeps missing. Nothing on the host may need the file: only
// QEMU logs in as the user, by libvirt's secret.
func (r keyring) staysMissing(w wantedFile, f step.File) (step.Delta, bool) {
	if !f.Missing || !slices.Equal(r.copy.Services, []string{"nova-compute"}) || r.Site.SharedWithNova(r.user) {
		return step.Delta{}, false
	}
	if l, leaves := r.Site.Replaced(r.user); leaves && r.Site.SharedWithNova(l.New()) {
		return step.Delta{}, false
	}
	kept := w.keep.Keeps(step.FieldDiff{Field: "file", Observed: "missing", Desired: "there"})
	return step.Delta{Name: w.path, Kept: w.keep.All()}, kept
}

// noteHole says of a file with a key that others on the host can read the file, where the Spec keeps that.
func noteHole(d *step.Delta, f step.File) {
	if keeps(d, f, "acl") {
		d.Note("kept-hole", d.Name, "an access control list may let other accounts read the key in it, and the Spec keeps "+
			"that: take the entry out of keep, and apply")
	}
	if keeps(d, f, "mode") && f.Mode&0o004 != 0 {
		d.Note("kept-hole", d.Name, "everybody on the host can read the key in it (%s), and the Spec keeps that: take the "+
			"entry out of keep, and apply", f.Ownership())
	}
}

// noteMode says of a file that everybody can change it, or that none of the accounts that need it can read it, where
// the Spec keeps that. Of a group, it is not known who is in it; in root's are no accounts of services.
func noteMode(d *step.Delta, f step.File, accounts []string) {
	if !keeps(d, f, "mode") {
		return
	}
	if f.Mode&0o002 != 0 {
		d.Note("kept-hole", d.Name, "everybody on the host can change it (%s), and the Spec keeps that: take the entry out "+
			"of keep, and apply", f.Ownership())
	}
	closed := f.Mode&0o004 == 0 && (f.Mode&0o040 == 0 || f.Group == place.Root)
	if closed && f.Owner == place.Root && len(accounts) > 0 && !slices.Contains(accounts, place.Root) {
		d.Note("kept-unreadable", d.Name, "only root can read it (%s), and the Spec keeps that; a service that runs as %s "+
			"cannot: take the entry out of keep, and apply", f.Ownership(), strings.Join(accounts, " or "))
	}
}

// keeps reports whether a field of a file that is there stays as found.
func keeps(d *step.Delta, f step.File, field string) bool {
	return !f.Missing && slices.ContainsFunc(d.Kept, func(k step.Kept) bool { return k.Field == field })
}
