package proof

import (
	"context"
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/openstack/api"
)

// sparseBackup backs up a volume with holes, and restores the backup into a volume that has other bytes where the first
// one has holes. A restore that skips the holes leaves those bytes there, and Cinder says that all went well. A guest
// compares the two disks as a whole.
func (j *journey) sparseBackup(ctx context.Context) {
	if len(j.Site.Cinder) == 0 || j.Site.Backup == nil || len(j.guests) == 0 {
		return
	}
	const next = "restore no backup over a volume that has data, but into a new volume, and look for a newer cinder-backup"
	j.step(ctx, j.leg(checkSparse, next), func(ctx context.Context) (string, error) {
		for _, p := range []struct {
			verb string
			on   api.Volume
		}{{"sparse", j.sparse}, {"dirty", j.dirty}} {
			if err := j.fill(ctx, p.verb, p.on); err != nil {
				return "", err
			}
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
		if err := j.compare(ctx); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s; restored over other data, and the guest on %s compared all %d GiB, zeros included", where,
			j.guests[0].compute, j.sparse.SizeGiB), nil
	})
}

// fill lets the first guest write to a volume, which is detached again.
func (j *journey) fill(ctx context.Context, verb string, on api.Volume) error {
	vm := j.guests[0].server.ID
	if err := j.cloud.Attach(ctx, vm, on.ID); err != nil {
		return err
	}
	said, err := j.answer(ctx, vm, verb+" "+serialOf(on.ID))
	if err == nil && said != "written" {
		err = fmt.Errorf("the guest on %s could not write to volume %s: it said %q", j.guests[0].compute, on.ID, said)
	}
	if err != nil {
		return err
	}
	return j.cloud.Detach(ctx, vm, on.ID)
}

// compare lets the first guest compare the two volumes byte by byte.
func (j *journey) compare(ctx context.Context) error {
	vm := j.guests[0].server.ID
	for _, v := range []api.Volume{j.sparse, j.dirty} {
		if err := j.cloud.Attach(ctx, vm, v.ID); err != nil {
			return err
		}
	}
	said, err := j.answer(ctx, vm, "same "+serialOf(j.sparse.ID))
	switch want := fmt.Sprintf("same size=%d", int64(j.sparse.SizeGiB)*gib); {
	case err != nil:
		return err
	case said == want:
		return nil
	case said == "no-cmp":
		return unable("the guest image has no program cmp to compare disks with: install diffutils in the image")
	case strings.HasPrefix(said, "same "):
		return fmt.Errorf("the guest compared two disks of another size: it said %q, not %q", said, want)
	default:
		return fmt.Errorf("the restored volume %s is not what was backed up: the guest says %q of volume %s and the "+
			"restored one, in this order. Where the first has a hole, the second may have kept what was there before",
			j.dirty.ID, strings.TrimPrefix(said, "differ "), j.sparse.ID)
	}
}
