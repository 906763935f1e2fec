package host

import (
	"slices"

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
	kept := func(field string) bool {
		return !f.Missing && slices.ContainsFunc(d.Kept, func(k step.Kept) bool { return k.Field == field })
	}
	if kept("acl") {
		d.Note("kept-hole", d.Name, "an access control list may let other accounts read the key in it, and the Spec keeps "+
			"that: take the entry out of keep, and apply")
	}
	if !kept("mode") || f.Mode&0o004 == 0 {
		return
	}
	d.Note("kept-hole", d.Name, "everybody on the host can read the key in it (%s), and the Spec keeps that: take the "+
		"entry out of keep, and apply", f.Ownership())
}
