package host

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

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
	held := x.held(len(local) == 0)
	if len(local) == 0 {
		return !held
	}
	x.d.Note("vm-disks-local", diskObject, "left local, because the next hard reboot of %s would fail after the switch. "+
		"Do not resize, cold-migrate or evacuate such VMs to a compute with disks in Ceph: Nova does not convert the "+
		"disks, and the VMs end in ERROR, or without their data. There are two ways into Ceph, for which the guide has "+
		"the commands; for both the VM is stopped, and each of its disks is converted with qemu-img to a raw image "+
		"in pool %s (<id>_disk). If another compute has its disks in Ceph, and has room, cold-migrate the VM to that "+
		"compute then, and confirm. Or convert the disks of all such VMs here, set `disks: ceph` for this host, "+
		"and start them after the switch. If the VMs may stay local, migrate them to a compute with local disks, "+
		"and run again",
		words.JoinShort(local), x.Site.Nova.Pool)
	return false
}

// confirmed reports whether the Spec's word that this compute has its disks in Ceph can be followed:
// no VM is on its way to or from here, or may have to come back to a disk here. It notes the VMs that
// have local disks all the same.
func (x *editing) confirmed(cur openstack.Current) bool {
	if x.saysCeph(cur) || cloudErr(x.v.Cloud, false) != nil {
		return true
	}
	if x.held(true) {
		return false
	}
	if local := localAmong(x.v.Cloud.Servers[x.Spec.Name], x.images(), false); len(local) > 0 {
		x.d.Note("vm-disks-left-behind", diskObject, "go to Ceph, as the Spec says `disks: ceph`, and %s have local disks: "+
			"Nova then finds no disk when such a VM is started or hard-rebooted, and the VM ends in ERROR; the local disks "+
			"stay. Stop these VMs before the switch, convert each of their disks with qemu-img to a raw image in pool %s "+
			"(<id>_disk), and start them after it; the guide (local-disks.md) has the commands",
			words.JoinShort(local), x.Site.Nova.Pool)
	}
	return true
}

// saysCeph reports whether the files put VM disks into Nova's pool already.
func (x *editing) saysCeph(cur openstack.Current) bool { return x.poolOfDisks(cur) == x.Site.Nova.Pool }

// poolOfDisks is the pool into which the files put VM disks, or nothing where the disks are local.
func (x *editing) poolOfDisks(cur openstack.Current) string {
	section, prefix := x.Site.DiskOptions()
	now := x.inForce(openstack.NovaCompute, cur)
	if kind, _ := now.Lookup(section, prefix+"images_type"); kind != "rbd" {
		return ""
	}
	pool, _ := now.Lookup(section, prefix+"images_rbd_pool")
	return cmp.Or(pool, "rbd")
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
