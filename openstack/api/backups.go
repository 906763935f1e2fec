package api

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// A Backup is a Cinder backup.
type Backup struct {
	ID, Name, Status string
	Description      string
	VolumeID         string `json:"volume_id"`
	Incremental      bool   `json:"is_incremental"`
	Container        string
	FailReason       string    `json:"fail_reason"`
	Created          time.Time `json:"created_at"`
	SnapshotID       string    `json:"snapshot_id"` // the snapshot that was backed up, if any
	SizeGiB          int       `json:"size"`
	Project          string    `json:"os-backup-project-attr:project_id"` // ID; empty before Train
	HasDependents    bool      `json:"has_dependent_backups"`
}

// A backupJSON is a backup as Cinder tells it: the time has no zone.
type backupJSON struct {
	Backup
	Created stamp `json:"created_at"`
}

func (b backupJSON) backup(c *Cloud) Backup {
	b.Backup.FailReason, b.Backup.Created = c.clean(b.FailReason), time.Time(b.Created)
	return b.Backup
}

// A BackupRequest asks for a backup. A volume that is in use needs Force.
type BackupRequest struct {
	VolumeID, Name string
	Description    string
	Incremental    bool
	Force          bool
	// AvailabilityZone is the zone of the cinder-backup that makes the backup. When
	// it is empty, the zone of the volume is used. The cloud has to be of Train or
	// newer.
	AvailabilityZone string
}

// CreateBackup backs a volume up. It waits until the backup is available and the
// volume is not busy any more. A backup that went into error is returned with
// the error.
//
// Similar To: openstack volume backup create --incremental --force
func (c *Cloud) CreateBackup(ctx context.Context, r BackupRequest) (Backup, error) {
	const op = "create backup"
	var made struct{ Backup backupJSON }
	in := map[string]any{"volume_id": r.VolumeID, "name": r.Name, "incremental": r.Incremental, "force": r.Force,
		"description": r.Description}
	k := call{op: op, object: r.Name, method: http.MethodPost, service: c.volume, path: []string{"backups"}, out: &made,
		id: &made.Backup.ID,
		in: map[string]any{"backup": in}}
	if r.AvailabilityZone != "" {
		in["availability_zone"], k.header = r.AvailabilityZone, map[string]string{"OpenStack-API-Version": "volume 3.51"}
	}
	_, err := c.do(ctx, k)
	if err != nil {
		return made.Backup.backup(c), err
	}
	out := made.Backup.backup(c)
	err = c.await(ctx, op, out.ID, func(ctx context.Context) (string, bool, error) {
		now, err := c.Backup(ctx, made.Backup.ID)
		if err != nil {
			return "", false, err
		}
		out = now
		if bad(out.Status) {
			return "", false, c.failed(op, out.ID, first(out.FailReason, "the backup went into "+out.Status))
		}
		return out.Status, out.Status == "available", nil
	})
	if err != nil {
		return out, err
	}
	return out, c.await(ctx, op, out.ID, func(ctx context.Context) (string, bool, error) {
		v, err := c.Volume(ctx, r.VolumeID)
		return "with its volume " + v.Status, v.Status != "backing-up", err
	})
}

// Backup reads one backup, or ErrNotFound.
//
// Similar To: openstack volume backup show
func (c *Cloud) Backup(ctx context.Context, id string) (Backup, error) {
	var out struct{ Backup backupJSON }
	_, err := c.do(ctx, call{op: "read backup", object: id, method: http.MethodGet, service: c.volume,
		path: []string{"backups", id}, out: &out, id: &out.Backup.ID})
	return out.Backup.backup(c), err
}

// Backups is EachBackup, collected.
func (c *Cloud) Backups(ctx context.Context) ([]Backup, error) {
	return collect(c.EachBackup(kept(ctx)))
}

// EachBackup reads the backups of all projects page by page. An error is the last that it gives.
//
// Similar To: openstack volume backup list --all-projects
func (c *Cloud) EachBackup(ctx context.Context) iter.Seq2[Backup, error] {
	return each(ctx, c, list[backupJSON]{key: "backups", call: call{op: "list backups", service: c.volume,
		path: []string{"backups", "detail"}, query: everything()}},
		func(b backupJSON) (Backup, bool) { return b.backup(c), true })
}

// HasBackups reports whether any project has a backup. It reads one backup at most.
//
// Similar To: openstack volume backup list --all-projects --limit 1
func (c *Cloud) HasBackups(ctx context.Context) (bool, error) {
	const op = "look for backups"
	var out struct{ Backups []struct{} }
	query := everything()
	query.Set("limit", "1")
	_, err := c.do(ctx, call{op: op, method: http.MethodGet, service: c.volume, path: []string{"backups", "detail"},
		query: query, out: &out})
	if err == nil && out.Backups == nil {
		err = &Error{Op: op, Detail: "the answer has no list of backups"}
	}
	return len(out.Backups) > 0, err
}

// RestoreBackup restores into a new volume of the default volume type, and waits
// until the volume is available. A volume that could not be restored is returned
// with the error.
//
// Similar To: openstack volume backup restore <backup> <new name>
func (c *Cloud) RestoreBackup(ctx context.Context, backupID, name string) (Volume, error) {
	return c.restore(ctx, backupID, map[string]any{"name": name})
}

// RestoreBackupInto restores over the data of an available volume, which has to be
// at least as large as the backup. It waits until the volume is available again.
//
// Similar To: openstack volume backup restore --force <backup> <volume>
func (c *Cloud) RestoreBackupInto(ctx context.Context, backupID, volumeID string) (Volume, error) {
	return c.restore(ctx, backupID, map[string]any{"volume_id": volumeID})
}

func (c *Cloud) restore(ctx context.Context, backupID string, into map[string]any) (Volume, error) {
	const op = "restore backup"
	var made struct {
		Restore struct {
			Volume string `json:"volume_id"`
			Name   string `json:"volume_name"`
		}
	}
	_, err := c.do(ctx, call{op: op, object: backupID, method: http.MethodPost, service: c.volume,
		path: []string{"backups", backupID, "restore"},
		in:   map[string]any{"restore": into}, out: &made, id: &made.Restore.Volume})
	if err != nil {
		return Volume{ID: made.Restore.Volume, Name: made.Restore.Name}, err
	}
	out, err := c.availableVolume(ctx, op, made.Restore.Volume)
	if err != nil {
		return out, err
	}
	return out, c.await(ctx, op, backupID, func(ctx context.Context) (string, bool, error) {
		b, err := c.Backup(ctx, backupID)
		if err == nil && bad(b.Status) {
			err = c.failed(op, backupID, b.FailReason)
		}
		return b.Status, b.Status == "available", err
	})
}

// DeleteBackup deletes a backup and waits until it is gone. It is not an error
// when there is no such backup. Cinder refuses to delete a backup that an
// incremental backup builds upon: delete the incremental backup first.
//
// Similar To: openstack volume backup delete
func (c *Cloud) DeleteBackup(ctx context.Context, id string) error {
	return c.remove(ctx, c.deletion("backup", id), func(ctx context.Context) (string, error) {
		b, err := c.Backup(ctx, id)
		return b.Status, err
	})
}

// ForceDeleteBackup deletes a backup in whatever status it is, and waits until it is gone.
//
// Similar To: openstack volume backup delete --force
func (c *Cloud) ForceDeleteBackup(ctx context.Context, id string) error {
	k := c.force("backup", id, map[string]any{"os-force_delete": struct{}{}})
	return c.remove(ctx, k, func(ctx context.Context) (string, error) {
		b, err := c.Backup(ctx, id)
		return b.Status, err
	})
}
