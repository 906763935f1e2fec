package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cephstack/cephstack/ceph"
	"github.com/cephstack/cephstack/openstack/api"
)

const cinderLogs = "look at nova-compute's log on the compute, and at cinder-volume's"

// bytes writes in one guest and reads in another.
func (j *journey) bytes(ctx context.Context) {
	if len(j.Site.Cinder) == 0 || len(j.guests) == 0 {
		return
	}
	j.step(ctx, j.leg(checkWrite, cinderLogs), func(ctx context.Context) (string, error) {
		if err := j.cloud.Attach(ctx, j.guests[0].server.ID, j.data.ID); err != nil {
			return "", err
		}
		sum, err := j.answer(ctx, j.guests[0].server.ID, "write "+serialOf(j.data.ID))
		if err == nil && !isDigest(sum) {
			err = fmt.Errorf("the guest said %q", sum)
		}
		j.sum = sum
		return fmt.Sprintf("mkfs, mount, 8 MiB, sync in the guest on %s: sha256 %.16s", j.guests[0].compute, sum), err
	})
	if len(j.guests) < 2 {
		l := leg{name: checkRead}
		j.step(ctx, l, func(context.Context) (string, error) { return "", unable("a guest boots on only one compute") })
		return
	}
	j.step(ctx, j.leg(checkRead, cinderLogs), func(ctx context.Context) (string, error) {
		if err := j.cloud.Detach(ctx, j.guests[0].server.ID, j.data.ID); err != nil {
			return "", err
		}
		if err := j.cloud.Attach(ctx, j.guests[1].server.ID, j.data.ID); err != nil {
			return "", err
		}
		said, err := j.answer(ctx, j.guests[1].server.ID, "tick "+serialOf(j.data.ID))
		if err != nil {
			return "", err
		}
		console, err := j.cloud.Console(ctx, j.guests[1].server.ID, 0)
		if err != nil || !strings.Contains(console, "CEPHSTACK tick "+serialOf(j.data.ID)+" "+j.sum) {
			return "", fmt.Errorf("the guest on %s said %q, not sha256 %s", j.guests[1].compute, said, j.sum)
		}
		return fmt.Sprintf("detached from %s, attached on %s: sha256 %.16s again", j.guests[0].compute,
			j.guests[1].compute, j.sum), nil
	})
}

func isDigest(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

// ticks waits until the second guest has appended at least n lines, and
// returns how many it has.
func (j *journey) ticks(ctx context.Context, n int) (int, error) {
	have := 0
	prefix := "CEPHSTACK tick " + serialOf(j.data.ID) + " "
	err := j.await(ctx, j.guests[1].server.ID, fmt.Sprintf("tick %d", n), func(console string) bool {
		for _, line := range strings.Split(console, "\n") {
			if _, rest, ok := strings.Cut(line, prefix); ok {
				if k, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil {
					have = max(have, k)
				}
			}
		}
		return have >= n
	})
	return have, err
}

// backups takes a snapshot and two backups of the volume while the second
// guest writes to it, and restores the newer backup.
func (j *journey) backups(ctx context.Context) {
	if len(j.Site.Cinder) == 0 {
		return
	}
	j.step(ctx, j.leg(checkSnapshot, cinderLogs), j.snapshot)
	if j.Site.Backup == nil {
		return
	}
	const next = "look at cinder-backup's log, at backup_driver and at the rights of its user"
	j.step(ctx, j.leg(checkFull, next), func(ctx context.Context) (string, error) {
		if _, err := j.ticks(ctx, 1); err != nil {
			return "", err
		}
		var err error
		j.full, err = j.backup(ctx, j.data, "full", false)
		if err != nil {
			return "", err
		}
		return j.inBackupPool(ctx, j.full)
	})
	atBackup := 0
	j.step(ctx, j.leg(checkPartial, next), func(ctx context.Context) (string, error) {
		have, err := j.ticks(ctx, 1)
		if err == nil {
			atBackup, err = j.ticks(ctx, have+1)
		}
		if err != nil {
			return "", err
		}
		if j.partial, err = j.backup(ctx, j.data, "incremental", true); err != nil {
			return "", err
		}
		if !j.partial.Incremental {
			return "", fmt.Errorf("backup %s is not incremental", j.partial.ID)
		}
		return j.inBackupPool(ctx, j.partial)
	})
	j.step(ctx, j.leg(checkRestored, next), func(ctx context.Context) (string, error) {
		return j.restore(ctx, atBackup)
	})
}

func (j *journey) snapshot(ctx context.Context) (string, error) {
	id, err := j.cloud.CreateSnapshot(ctx, api.SnapshotRequest{VolumeID: j.data.ID, Name: j.name("snapshot"),
		Description: description(j.prefix)})
	if id != "" {
		j.remember(snapshot, id)
	}
	if err != nil {
		return "", err
	}
	b := j.Site.Cinder[0]
	rbd, err := j.images(b.Cluster).Inspect(ctx, b.Pool, "volume-"+j.data.ID)
	if err != nil {
		return "", err
	}
	if !hasSnapshot(rbd, "snapshot-"+id, false) {
		return "", fmt.Errorf("%s/volume-%s has no snapshot-%s", b.Pool, j.data.ID, id)
	}
	return fmt.Sprintf("%s/volume-%s@snapshot-%s", b.Pool, j.data.ID, id), nil
}

// backupNotReady is what Cinder's scheduler says of a backup while it thinks that the driver
// of cinder-backup is not ready. The service tells the scheduler when it starts, often before
// its driver has connected to Ceph. It tells the scheduler again one to two minutes later.
// Its record is up all that time.
const backupNotReady = "Service not found for creating backup"

// backupTries is how often a backup is tried that the scheduler refuses: for 2.5 minutes and more.
const backupTries = 15

// backup makes a backup. It waits for a cinder-backup that was started a moment ago.
func (j *journey) backup(ctx context.Context, of api.Volume, name string, more bool) (api.Backup, error) {
	zone, err := j.backupZone(of)
	if err != nil {
		return api.Backup{}, err
	}
	r := api.BackupRequest{VolumeID: of.ID, Name: j.name(name), Incremental: more, Force: true,
		AvailabilityZone: zone, Description: description(j.prefix)}
	for try := 1; ; try++ {
		b, err := j.cloud.CreateBackup(ctx, r)
		if b.ID != "" {
			kind := backup
			if more {
				kind = incremental
			}
			j.remember(kind, b.ID)
		}
		switch {
		case err == nil || !strings.Contains(b.FailReason, backupNotReady):
			return b, err
		case try == backupTries:
			return b, fmt.Errorf("%w (the scheduler said so %d times in %s)", err, try, 5*j.poll*(backupTries-1))
		}
		select {
		case <-ctx.Done():
			return b, errors.Join(err, ctx.Err())
		case <-time.After(5 * j.poll):
		}
	}
}

// inBackupPool passes when a backup is a snapshot in the backups pool, and
// Cinder says that its container is that pool: not Swift, not a folder.
func (j *journey) inBackupPool(ctx context.Context, b api.Backup) (string, error) {
	spec := j.Site.Backup
	images := j.images(spec.Cluster)
	names, err := images.List(ctx, spec.Pool)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "volume-"+b.VolumeID+".backup.") {
			continue
		}
		rbd, err := j.inspect(ctx, spec.Use(), name)
		if err != nil {
			return "", err
		}
		if !hasSnapshot(rbd, "backup."+b.ID+".snap.", false) {
			continue
		}
		if b.Container != "" && b.Container != spec.Pool {
			return "", fmt.Errorf("cinder says that its container is %q", b.Container)
		}
		return fmt.Sprintf("%s/%s@backup.%s, container %s", spec.Pool, name, b.ID, b.Container), nil
	}
	return "", fmt.Errorf("backup %s is available (container %q), but pool %s has no snapshot of it", b.ID,
		b.Container, spec.Pool)
}

// restore puts the incremental backup into another volume and lets the first
// guest read it: the file of the full backup, and the lines since.
func (j *journey) restore(ctx context.Context, ticks int) (string, error) {
	if _, err := j.cloud.RestoreBackupInto(ctx, j.partial.ID, j.restored.ID); err != nil {
		return "", err
	}
	if err := j.cloud.Attach(ctx, j.guests[0].server.ID, j.restored.ID); err != nil {
		return "", err
	}
	said, err := j.answer(ctx, j.guests[0].server.ID, "read "+serialOf(j.restored.ID))
	if err != nil {
		return "", err
	}
	sum, count, _ := strings.Cut(said, " ticks=")
	n, _ := strconv.Atoi(count) // not a number: no lines
	if sum != j.sum || n < ticks {
		return "", fmt.Errorf("the guest read sha256 %q and %d lines, not %q and at least %d", sum, n, j.sum, ticks)
	}
	return fmt.Sprintf("sha256 %.16s again, and %d lines that only the incremental backup has", sum, n), nil
}

func (j *journey) vmSnapshot(ctx context.Context) {
	if len(j.guests) == 0 || j.Site.Nova == nil {
		return
	}
	j.step(ctx, j.leg(checkVMImage, "look at nova-compute's log"), func(ctx context.Context) (string, error) {
		made, err := j.cloud.SnapshotServer(ctx, j.guests[0].server.ID, j.name("vm-image"), description(j.prefix))
		if made.ID != "" {
			j.remember(image, made.ID)
		}
		if err != nil {
			return "", err
		}
		g := j.Site.Glance
		rbd, err := j.images(g.Cluster).Inspect(ctx, g.Pool, made.ID)
		return fmt.Sprintf("%s/%s, %d bytes", g.Pool, made.ID, rbd.Size), err
	})
}

const cleanUpTime = 10 * time.Minute

// leftovers lists what is in a pool or its trash and bears one of the IDs. Services remove
// some things late, so it looks several times.
func (j *journey) leftovers(ctx context.Context, ids []string) (left []string, err error) {
	for range 15 {
		if left, err = j.leftNow(ctx, ids); err != nil || len(left) == 0 {
			return left, err
		}
		select {
		case <-ctx.Done():
			return left, ctx.Err()
		case <-time.After(j.poll):
		}
	}
	return left, err
}

func (j *journey) leftNow(ctx context.Context, ids []string) ([]string, error) {
	var left []string
	if len(ids) == 0 {
		return nil, nil
	}
	mine := func(name string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(name, id) })
	}
	for cluster, pools := range j.Site.Pools {
		images := j.images(cluster)
		c := ceph.New(j.World.Clusters[cluster].Mon).WithImages(images)
		for _, p := range pools {
			names, err := images.List(ctx, p.Name)
			trash, trashErr := c.Trash(ctx, p.Name)
			if errors.Is(err, ceph.ErrNotFound) || errors.Is(trashErr, ceph.ErrNotFound) { // the pool may go in between
				continue
			}
			if err := errors.Join(err, trashErr); err != nil {
				return nil, err
			}
			for _, t := range trash {
				names = append(names, t.Name)
			}
			for _, name := range names {
				if mine(name) {
					left = append(left, p.Name+"/"+name)
				}
			}
		}
	}
	return left, nil
}

// backupZone is the zone that a backup of a volume must name. It is empty if a
// cinder-backup is in the zone of the volume, and else the zone of some cinder-backup.
func (j *journey) backupZone(of api.Volume) (string, error) {
	var zones []string
	for _, r := range j.View.Cloud.Records {
		if r.Binary == "cinder-backup" && r.Up && r.Enabled {
			zones = append(zones, r.Zone)
		}
	}
	switch {
	case len(zones) == 0 || of.Zone == "" || slices.Contains(zones, of.Zone):
		return "", nil
	case j.Site.Release.Before("train"):
		return "", unable("the volume is in zone %s, cinder-backup in %s, and a backup can name a zone from Train on",
			of.Zone, strings.Join(zones, ", "))
	}
	return zones[0], nil
}
