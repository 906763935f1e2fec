package proof

import (
	"cmp"
	"context"
	"fmt"

	"github.com/cephstack/cephstack/openstack/api"
)

// sparseBackup backs up a volume with holes, and restores the backup into a volume that has other bytes where the first
// one has holes. A restore that skips the holes leaves those bytes there, and Cinder says that all went well. A guest
// reads both disks as a whole. The disks are attached one after the other, as some machine types of QEMU have room for
// one more disk only.
func (j *journey) sparseBackup(ctx context.Context) {
	if len(j.Site.Cinder) == 0 || j.Site.Backup == nil || len(j.guests) == 0 {
		return
	}
	const next = "restore no backup over a volume that has data, but into a new volume, and look for a newer cinder-backup"
	j.step(ctx, j.leg(checkSparse, next), func(ctx context.Context) (string, error) {
		if err := j.cloud.Detach(ctx, j.guests[0].server.ID, j.restored.ID); err != nil {
			return "", err
		}
		sum, err := j.told(ctx, "sparse", j.sparse)
		if err == nil && !isDigest(sum) {
			err = fmt.Errorf("the guest on %s could not write to volume %s: it said %q", j.guests[0].compute, j.sparse.ID, sum)
		}
		if err != nil {
			return "", err
		}
		if said, err := j.told(ctx, "dirty", j.dirty); err != nil || said != "written" {
			return "", cmp.Or(err, fmt.Errorf("the guest on %s could not write to volume %s: it said %q", j.guests[0].compute,
				j.dirty.ID, said))
		}
		b, err := j.backup(ctx, j.sparse, "sparse", false)
		if err != nil {
			return "", err
		}
		where, err := j.inBackupPool(ctx, b)
		if err != nil {
			return "", err
		}
		if _, err := j.cloud.RestoreBackupInto(ctx, b.ID, j.dirty.ID); err != nil {
			return "", err
		}
		again, err := j.told(ctx, "whole", j.dirty)
		if err != nil {
			return "", err
		}
		if again != sum {
			return "", fmt.Errorf("volume %s was restored from the backup of volume %s, and is another: the guest read sha256 "+
				"%.16s of all %d GiB, not %.16s. Where the backup has holes, the restored volume may have kept what was there "+
				"before", j.dirty.ID, j.sparse.ID, again, j.sparse.SizeGiB, sum)
		}
		return fmt.Sprintf("%s; restored over other data: the guest on %s read sha256 %.16s again of all %d GiB, zeros "+
			"included", where, j.guests[0].compute, sum, j.sparse.SizeGiB), nil
	})
}

// told is what the first guest says of its task with a volume, which is attached for that.
func (j *journey) told(ctx context.Context, verb string, on api.Volume) (string, error) {
	vm := j.guests[0].server.ID
	if err := j.cloud.Attach(ctx, vm, on.ID); err != nil {
		return "", err
	}
	said, err := j.answer(ctx, vm, verb+" "+serialOf(on.ID))
	if err != nil {
		return "", err
	}
	return said, j.cloud.Detach(ctx, vm, on.ID)
}
