package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// emptied is what an operator does before the whole integration goes, as the guide has it: cinder-backup gets its old
// driver back, which nobody has recorded, and what is in Ceph is deleted or moved away.
func (d *dayTwo) emptied(ctx context.Context) (string, error) {
	cloud := d.world.Cloud
	d.ws.end()
	for _, w := range d.ws.all {
		if err := cloud.DeleteServer(ctx, w.id); err != nil {
			return "", err
		}
		if err := cloud.DeleteVolume(ctx, w.volume); err != nil {
			return "", err
		}
	}
	if err := d.planted.clear(ctx); err != nil {
		return "", err
	}
	images, err := cloud.Images(ctx, "witness")
	if err != nil {
		return "", err
	}
	for _, i := range images {
		if err := cloud.DeleteImage(ctx, i.ID); err != nil {
			return "", err
		}
	}
	if err := d.moveDiskBack(ctx); err != nil {
		return "", err
	}
	if err := d.oldBackupDriver(ctx); err != nil {
		return "", err
	}
	left, err := d.sh(ctx, "ceph01", "for p in images volumes backups vms; do rbd ls $p; rbd trash ls --all $p; done")
	if err == nil && strings.TrimSpace(left) != "" {
		err = fmt.Errorf("in the pools there still is %s", left)
	}
	return "no image in a pool or in the trash; the old vm has a local disk, and cinder-backup its old driver", err
}

// oldBackupDriver sets the driver that cinder-backup had before the integration.
func (d *dayTwo) oldBackupDriver(ctx context.Context) error {
	const option = "/etc/cinder/cinder.conf [DEFAULT] backup_driver = "
	for line := range strings.SplitSeq(d.was["controller"], "\n") {
		if driver, ok := strings.CutPrefix(line, option); ok {
			_, err := d.sh(ctx, "controller", "sed -i 's/^backup_driver *=.*/backup_driver = "+driver+"/' "+
				"/etc/cinder/cinder.conf && systemctl restart cinder-backup")
			return err
		}
	}
	return errors.New("the untouched cinder.conf had no backup_driver")
}

// moveDiskBack copies the disks of the old VM out of Ceph, over those that it had before, and in their format.
func (d *dayTwo) moveDiskBack(ctx context.Context) error {
	old := d.lab.before.Server
	const script = `set -e; cd /var/lib/nova/instances/ID
for disk in disk disk.config; do
  [ -e $disk ] || continue
  format=$(qemu-img info -U $disk | awk '/^file format/{print $3}')
  AS qemu-img convert -f raw -O $format rbd:vms/ID_$disk:id=cinder:conf=/etc/ceph/ceph.conf $disk.new
  chown --reference=$disk $disk.new; chmod --reference=$disk $disk.new; mv $disk.new $disk
done`
	if _, err := d.sh(ctx, old.Host, strings.NewReplacer("ID", old.ID, "AS", d.asNova).Replace(script)); err != nil {
		return err
	}
	_, err := d.sh(ctx, "ceph01", "for i in $(rbd ls vms | grep '^"+old.ID+"_disk'); do rbd rm --no-progress vms/$i; done")
	return err
}
