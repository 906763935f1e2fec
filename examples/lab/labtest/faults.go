package main

import (
	"context"
	"strings"
)

// A fault is planted into the cloud, and an audit has to find it.
type fault struct {
	what, host  string
	plant, back string   // shell scripts
	want        []string // "CODE OBJECT", or "CODE HOST OBJECT"; one that ends in * is a beginning
	// mend takes what a script cannot take back.
	mend func(context.Context) error
}

// madeUp are IDs that no object has.
func madeUp(n string) string { return "00000000-0000-4000-8000-0000000000" + n }

// faultsOfData are faults of RBD images and of objects of the APIs.
func (d *dayTwo) faultsOfData() []fault {
	p, first, old := d.planted, d.ws.all[0], d.lab.before.Server.ID
	const before = "exec 2>&1; set -e; "
	on := func(what, plant, back string, want ...string) fault {
		return fault{what: what, host: "ceph01", plant: before + plant, back: before + back, want: want}
	}
	made := func(what, image, code string) fault {
		return on(what, "rbd create --size 1M "+image, "rbd rm --no-progress "+image, code+" RBD image "+image)
	}
	renamed := func(what, from, to, missing, orphan string) fault {
		return on(what, "rbd mv "+from+" "+to, "rbd mv "+to+" "+from, missing+" RBD image "+from, orphan+" RBD image "+to)
	}
	unprotected, noSnap := "images/"+p.images["unprotected"]+"@snap", "images/"+p.images["no-snap"]+"@snap"
	trashed := "volume-" + p.volumes["in-trash"]
	whole := "volumes/volume-" + p.volumes["whole"]
	flat := on("copy-on-write is lost", "rbd flatten --no-progress "+whole, "true",
		"lost-copy-on-write image "+p.images["copied"]+" in pool volumes")
	copied := p.volumes["whole"]
	flat.mend = func(ctx context.Context) error {
		delete(d.planted.volumes, "whole")
		return p.cloud.DeleteVolume(ctx, copied)
	}
	return []fault{
		made("a disk without a server", "vms/"+madeUp("01")+"_disk", "orphan-disk"),
		made("a backup that Cinder does not know", "backups/volume-"+madeUp("02")+".backup."+madeUp("03"), "orphan-backup"),
		made("a deleted volume that nobody needs", "volumes/volume-"+madeUp("04")+".deleted", "deleted-volume-left"),
		made("a disk of a rescue that is over", first.disks[0]+".rescue", "rescue-disk-left"),
		made("a disk that was brought into Ceph once more", "vms/"+first.id+"_new", "converted-disk-left"),
		made("a copy in another pool", "vms/volume-"+p.volumes["unused"], "copy-in-another-pool"),
		on("an image of somebody else", "rbd create --size 1M vms/golden", "rbd rm --no-progress vms/golden",
			"foreign-images pool vms"),
		renamed("an image of Glance has lost its data", "images/"+p.images["renamed"], "images/"+madeUp("05"),
			"missing-image", "orphan-image"),
		renamed("a volume has lost its data", "volumes/volume-"+p.volumes["moved"], "volumes/volume-"+madeUp("06"),
			"missing-volume", "orphan-volume"),
		renamed("a backup has lost its data", "backups/volume-"+p.volumes["backed-up"]+".backup."+p.backup,
			"backups/volume-"+madeUp("07")+".backup."+madeUp("08"), "missing-backup", "orphan-backup"),
		renamed("a server has lost its disk", "vms/"+old+"_disk", "vms/"+madeUp("09")+"_disk", "missing-disk", "orphan-disk"),
		on("a volume is in the trash", "rbd trash mv volumes/"+trashed,
			"rbd trash restore -p volumes $(rbd trash ls volumes | awk '/"+trashed+"/{print $1}')",
			"in-trash RBD image volumes/"+trashed),
		on("an image's snapshot is not protected", "rbd snap unprotect "+unprotected, "rbd snap protect "+unprotected,
			"image-snap-unprotected RBD image "+strings.TrimSuffix(unprotected, "@snap")),
		on("an image has no snapshot", "rbd snap unprotect "+noSnap+"; rbd snap rm --no-progress "+noSnap,
			"rbd snap create --no-progress "+noSnap+"; rbd snap protect "+noSnap,
			"image-snap-missing RBD image "+strings.TrimSuffix(noSnap, "@snap")),
		on("a snapshot of a resize was left", "rbd snap create --no-progress "+first.disks[0]+"@nova-resize",
			"rbd snap rm --no-progress "+first.disks[0]+"@nova-resize", "resize-snapshot-left RBD image "+first.disks[0]),
		flat,
	}
}

// faultsOfRows are faults in the databases of the controller.
func (d *dayTwo) faultsOfRows() []fault {
	p, first := d.planted, d.ws.all[0]
	return []fault{
		row("a volume is being deleted for years", "volume-stuck volume "+p.volumes["stuck"],
			"UPDATE cinder.volumes SET status = 'deleting', updated_at = '2020-01-01 00:00:00' WHERE id = '"+
				p.volumes["stuck"]+"'",
			"UPDATE cinder.volumes SET status = 'available', updated_at = NOW() WHERE id = '"+p.volumes["stuck"]+"'"),
		row("a volume is in use by nobody", "volume-used-by-nobody volume "+p.volumes["unused"],
			"UPDATE cinder.volumes SET status = 'in-use' WHERE id = '"+p.volumes["unused"]+"'",
			"UPDATE cinder.volumes SET status = 'available' WHERE id = '"+p.volumes["unused"]+"'"),
		row("an image is not raw", "image-not-raw image "+p.images["not-raw"],
			"UPDATE glance.images SET disk_format = 'qcow2' WHERE id = '"+p.images["not-raw"]+"'",
			"UPDATE glance.images SET disk_format = 'raw' WHERE id = '"+p.images["not-raw"]+"'"),
		row("an attachment names a monitor that is gone", "attachment-monitors-gone attachment *",
			monitorInRow(first.volume, monitor, goneMonitor), monitorInRow(first.volume, goneMonitor, monitor)),
	}
}

// row is a fault in a row of a database.
func row(what, want, plant, back string) fault {
	sql := func(statement string) string {
		return "set -e; n=$(mariadb -N -e " + quote(statement+"; SELECT ROW_COUNT()") + `); [ "$n" = 1 ]`
	}
	return fault{what: what, host: "controller", plant: sql(plant), back: sql(back), want: []string{want}}
}
