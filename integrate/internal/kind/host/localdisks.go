package host

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cephstack/cephstack/integrate/internal/step"
	"github.com/cephstack/cephstack/integrate/internal/words"
	"github.com/cephstack/cephstack/openstack"
	"github.com/cephstack/cephstack/openstack/api"
)

const diskObject = "VM disks"

// disksToCeph reports whether this compute shall put the disks of VMs into Ceph.
func (x *editing) disksToCeph(cur openstack.Current) bool {
	switch x.Spec.Disks {
	case "ceph":
		return x.confirmed(cur)
	case "keep":
		return false
	}
	inCeph := x.saysCeph(cur)
	if inCeph && x.startedAfterFiles() {
		return true
	}
	local, err := x.localDisks(inCeph)
	if err != nil {
		x.d.Problem("vm-disks-unknown", diskObject,
			fmt.Errorf("left as they are: which VMs with local disks are here cannot be told: %w", err))
		return false
	}
	waiting := x.unconfirmed()
	if len(waiting) > 0 {
		x.d.Note("vm-resize-unconfirmed", diskObject, "left as they are, because %s "+unconfirmedText,
			words.JoinShort(waiting))
	}
	if len(local) == 0 {
		return len(waiting) == 0
	}
	x.d.Note("vm-disks-local", diskObject, "left local, because the next hard reboot of %s would fail after the switch. "+
		"Do not resize or cold-migrate such VMs to a compute with disks in Ceph: Nova does not convert the disks, "+
		"and the VMs end in ERROR. Migrate them to a compute with local disks, or delete them, and run again; "+
		"or stop them, convert each of their disks with qemu-img to a raw image in pool %s (<id>_disk), "+
		"set `disks: ceph` for this host, and start them after the switch. As long as there are computes of both kinds, "+
		"keep each kind in a host aggregate of its own, so that no VM is moved from one kind to the other",
		words.JoinShort(local), x.Site.Nova.Pool)
	return false
}

const unconfirmedText = "wait for their resize or migration to be confirmed: the compute that they came from still " +
	"has their old disks, and a revert would not find these after the switch. Confirm or revert them, and run again"

// confirmed reports whether the Spec's word that this compute has its disks in Ceph can be followed:
// no VM waits that may have to come back to a disk here.
func (x *editing) confirmed(cur openstack.Current) bool {
	if x.saysCeph(cur) || cloudErr(x.v.Cloud, false) != nil {
		return true
	}
	waiting := x.unconfirmed()
	if len(waiting) > 0 {
		x.d.Problem("vm-resize-unconfirmed", diskObject, fmt.Errorf("left as they are, because %s "+unconfirmedText,
			words.JoinShort(waiting)))
	}
	return len(waiting) == 0
}

// saysCeph reports whether the files put VM disks into Nova's pool already.
func (x *editing) saysCeph(cur openstack.Current) bool {
	section, prefix := x.Site.DiskOptions()
	now := x.inForce(openstack.NovaCompute, cur)
	kind, _ := now.Lookup(section, prefix+"images_type")
	pool, _ := now.Lookup(section, prefix+"images_rbd_pool")
	return kind == "rbd" && pool == x.Site.Nova.Pool
}

// startedAfterFiles reports whether nova-compute runs with its files as they are. If it
// does not, the files do not tell what the process did.
func (x *editing) startedAfterFiles() bool {
	l := x.Service("nova-compute")
	read := reading{x.v.Host, l, l.State(x.v.Host, x.in)}
	return !read.unit.Since.IsZero() && !read.unknown() && len(read.outdated(l.Inputs(x.v.Host, x.in))) == 0
}

// localDisks lists the VMs on this compute that have a disk or a config drive here.
func (x *editing) localDisks(inCeph bool) ([]string, error) {
	c := x.v.Cloud
	if err := cloudErr(c, false); err != nil {
		return nil, err
	}
	if !c.Computes[x.Spec.Name] {
		known := slices.Sorted(maps.Keys(c.Computes))
		return nil, fmt.Errorf("the APIs know no nova-compute on %q, but on %s; call the host in the Spec as they do",
			x.Spec.Name, words.JoinShort(known))
	}
	return localAmong(c.Servers[x.Spec.Name], x.images(), inCeph), nil
}

// images are those in the pool of VM disks.
func (x *editing) images() map[string]bool {
	n := x.Site.Nova
	return x.v.Clusters[n.Cluster].Images[n.Pool]
}

// localAmong names the VMs that have a disk or a config drive on their compute. A VM
// that has them in Nova's pool is not among them, where its compute puts disks there
// (inCeph), or where it is shut off and its disks were moved.
func localAmong(servers []api.Server, images map[string]bool, inCeph bool) (names []string) {
	for _, s := range servers {
		moved := (inCeph || s.Status == "SHUTOFF") && (images[s.ID+"_disk"] || s.ImageID == "") &&
			(!s.ConfigDrive || images[s.ID+"_disk.config"])
		if s.HasLocalDisk && !moved {
			names = append(names, named(s))
		}
	}
	return names
}

func named(s api.Server) string { return s.Name + " (" + s.ID + ")" }

// unconfirmed lists the VMs that wait for their resize or migration to be confirmed, and came from
// this compute. Where the APIs do not tell from where a VM came, it is listed unless it has its disk
// in Ceph.
func (x *editing) unconfirmed() (names []string) {
	images := x.images()
	for _, host := range slices.Sorted(maps.Keys(x.v.Cloud.Servers)) {
		for _, s := range x.v.Cloud.Servers[host] {
			from := x.v.Cloud.CameFrom[s.ID]
			here := from == x.Spec.Name || from == "" && !images[s.ID+"_disk"]
			if s.Status == "VERIFY_RESIZE" && s.HasLocalDisk && here {
				names = append(names, named(s))
			}
		}
	}
	return names
}

// stillSafe looks for VMs with local disks right before the switch. One may have been
// made since the plan.
func (x *editing) stillSafe() func([]api.Server) error {
	images := x.images()
	return func(servers []api.Server) error {
		if local := localAmong(servers, images, false); len(local) > 0 {
			return fmt.Errorf("%w: %s is there now, with a local disk", step.ErrConflict, words.JoinShort(local))
		}
		return nil
	}
}
