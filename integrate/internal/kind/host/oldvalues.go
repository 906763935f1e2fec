package host

import (
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/want"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/openstack/api"
)

// notesGuests says who keeps old monitors, and old keys, where the plan changes them on a compute:
// what QEMU has read, and what Nova has stored, does not follow.
func (r unit) notesGuests(d *step.Delta, v step.View) {
	if r.service != "nova-compute" {
		return
	}
	who := "VMs that run here"
	if cloudErr(v.Cloud, false) == nil {
		var vms []string
		for _, s := range v.Cloud.Servers[r.Spec.Name] {
			if running(s) {
				vms = append(vms, named(s))
			}
		}
		if who = words.JoinShort(vms); len(vms) == 0 {
			return
		}
	}
	replaced := func(id step.ID, field string) bool {
		change, _ := v.Ledger.Lookup(id)
		return change.Do != nil && slices.ContainsFunc(change.Diffs, func(f step.FieldDiff) bool {
			return strings.HasSuffix(f.Field, field) && f.Observed != ""
		})
	}
	for _, name := range want.ClustersOf(r.Site.UsersOn(r.service)) {
		if slices.ContainsFunc(r.confIDs(r.service, name), func(id step.ID) bool { return replaced(id, "] mon_host") }) {
			d.Note("guests-keep-old-monitors", "monitors of cluster "+name, "%s: each VM that runs keeps the addresses that it "+
				"started with, also when it is migrated, and attached volumes keep those that Nova has stored. Leave a monitor "+
				"at an old address until the VMs have started anew; %s", who, refreshText(r.Site))
		}
	}
	for _, u := range r.Site.Secrets {
		if replaced(r.SecretID(u), "value") {
			d.Note("guests-keep-old-key", "key of "+u.Entity, "%s: each VM that runs keeps the key that it started with, and "+
				"Ceph refuses that key when the VM logs in again. While they still work, start the VMs anew, or live-migrate "+
				"each to a compute that keeps VM disks in the same place", who)
		}
	}
}

// refreshText says how attached volumes get the monitors of now.
func refreshText(s *want.Site) string {
	if s.Release.Before("xena") {
		return "a volume gets the new addresses when it is attached anew"
	}
	return "nova-manage volume_attachment refresh gives a volume of a stopped VM the new addresses"
}

// running reports whether a VM may have its disks open, or be moved with them.
func running(s api.Server) bool {
	return !slices.Contains([]string{"SHUTOFF", "SHELVED_OFFLOADED", "DELETED", "SOFT_DELETED"}, s.Status)
}
