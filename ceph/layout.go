package ceph

import (
	"slices"
	"strings"
)

// A Layout says which pools the OpenStack services use; caps are computed
// from it. Names of pools that are empty are left out; names may repeat.
type Layout struct {
	ImagePools  []string // Glance
	VolumePools []string // Cinder
	BackupPool  string   // cinder-backup
	VMPool      string   // Nova's own disks; empty when they stay local
	// Data pools hold the objects of images whose headers are in one of the
	// pools above; they may be erasure-coded.
	ImageDataPools []string // behind ImagePools
	DataPools      []string // behind VolumePools or VMPool
	BackupDataPool string   // behind BackupPool
	// ImagesWritable lets Cinder's and Nova's user write to ImagePools, which
	// Nova needs to snapshot a VM without a download and an upload.
	ImagesWritable bool
	// MgrCaps adds mgr profiles; false only for clusters before Luminous.
	MgrCaps bool
	// Classic writes the rights as they were before Luminous, the first release
	// with profiles for librbd. They are "allow" clauses, without clauses for the
	// mgr and for data pools. A client with such rights cannot break the lock that
	// a crashed host left on an image.
	Classic bool
}

// GlanceCaps are the rights of Glance's user.
//
// Similar To: ceph auth get-or-create client.glance mon 'profile rbd'
// osd 'profile rbd pool=images' mgr 'profile rbd pool=images'
func (l Layout) GlanceCaps() Caps { return l.data(l.caps(l.ImagePools, nil), l.ImageDataPools, nil) }

// CinderCaps are the rights of the user that cinder-volume and, in the usual
// layout, Nova share: volumes, VM disks, and images to clone from.
//
// Similar To: ceph auth get-or-create client.cinder mon 'profile rbd'
// osd 'profile rbd pool=volumes, profile rbd pool=vms, profile rbd-read-only pool=images'
func (l Layout) CinderCaps() Caps {
	return l.withImages(slices.Concat(l.VolumePools, []string{l.VMPool}))
}

// BackupCaps are the rights of cinder-backup's user: its pool, and reading
// volumes (with the data pools behind them).
//
// Similar To: ceph auth get-or-create client.cinder-backup mon 'profile rbd'
// osd 'profile rbd pool=backups, profile rbd-read-only pool=volumes'
func (l Layout) BackupCaps() Caps {
	if l.Classic { // the driver reads a volume as that volume's user
		return l.caps([]string{l.BackupPool}, nil)
	}
	return l.data(l.caps([]string{l.BackupPool}, l.VolumePools), []string{l.BackupDataPool}, l.DataPools)
}

// NovaCaps are the rights of a user that only Nova has: VM disks, and images
// to clone from. Volumes are attached with Cinder's user.
//
// Similar To: ceph auth get-or-create client.nova mon 'profile rbd'
// osd 'profile rbd pool=vms, profile rbd-read-only pool=images'
func (l Layout) NovaCaps() Caps { return l.withImages([]string{l.VMPool}) }

// withImages adds the image pools, read-only or not, and the data pools.
func (l Layout) withImages(pools []string) Caps {
	if l.ImagesWritable {
		return l.data(l.caps(slices.Concat(pools, l.ImagePools), nil), slices.Concat(l.DataPools, l.ImageDataPools), nil)
	}
	return l.data(l.caps(pools, l.ImagePools), l.DataPools, l.ImageDataPools)
}

// data adds the rights in data pools, which the mgr never speaks of.
func (l Layout) data(c Caps, write, read []string) Caps {
	if l.Classic {
		return c
	}
	return c.add(join(clauses("profile rbd pool=", write), clauses("profile rbd-read-only pool=", without(read, write))))
}

func without(pools, others []string) []string {
	return slices.DeleteFunc(slices.Clone(pools), func(p string) bool { return slices.Contains(others, p) })
}

func (l Layout) caps(write, read []string) Caps {
	read = without(read, write)
	if l.Classic {
		osd := join("allow class-read object_prefix rbd_children", clauses("allow rwx pool=", write),
			clauses("allow rx pool=", read))
		return Caps{"mon": "allow r", "osd": osd}
	}
	osd := join(clauses("profile rbd pool=", write), clauses("profile rbd-read-only pool=", read))
	c := Caps{"mon": "profile rbd"}.add(osd)
	if l.MgrCaps && osd != "" {
		c["mgr"] = osd
	}
	return c
}

// add appends clauses to the osd's.
func (c Caps) add(osd string) Caps {
	if osd = join(c["osd"], osd); osd != "" {
		c["osd"] = osd
	}
	return c
}

// clauses repeats a clause for each pool once.
func clauses(prefix string, pools []string) string {
	var out []string
	for _, p := range pools {
		if clause := prefix + quoteWord(p); p != "" && !slices.Contains(out, clause) {
			out = append(out, clause)
		}
	}
	return strings.Join(out, ", ")
}

func join(lists ...string) string {
	return strings.Join(slices.DeleteFunc(lists, func(s string) bool { return s == "" }), ", ")
}
