package api

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// A Snapshot is a snapshot of a volume.
type Snapshot struct {
	ID, Name, Status string
	VolumeID         string `json:"volume_id"`
	Description      string
	Created          time.Time `json:"created_at"`
	SizeGiB          int       `json:"size"`
	Project          string    `json:"os-extended-snapshot-attributes:project_id"` // ID
}

// A snapshotJSON is a snapshot as Cinder tells it: the time has no zone.
type snapshotJSON struct {
	Snapshot
	Created stamp `json:"created_at"`
}

func (s snapshotJSON) snapshot() Snapshot {
	s.Snapshot.Created = time.Time(s.Created)
	return s.Snapshot
}

// A SnapshotRequest asks for a snapshot of a volume.
type SnapshotRequest struct{ VolumeID, Name, Description string }

// CreateSnapshot takes a snapshot and waits until it is available. The volume may
// be attached. The ID of a snapshot that went into error is returned with the
// error.
//
// Similar To: openstack volume snapshot create --force --volume …
func (c *Cloud) CreateSnapshot(ctx context.Context, r SnapshotRequest) (id string, err error) {
	const op = "create snapshot"
	var made struct{ Snapshot snapshotJSON }
	_, err = c.do(ctx, call{op: op, object: r.Name, method: http.MethodPost, service: c.volume,
		path: []string{"snapshots"},
		out:  &made, id: &made.Snapshot.ID,
		in: map[string]any{"snapshot": map[string]any{"volume_id": r.VolumeID, "name": r.Name, "force": true,
			"description": r.Description}}})
	if err != nil {
		return made.Snapshot.ID, err
	}
	id = made.Snapshot.ID
	return id, c.await(ctx, op, id, func(ctx context.Context) (string, bool, error) {
		status, err := c.snapshotStatus(ctx, id)
		if err == nil && bad(status) {
			err = c.failed(op, id, status+": "+c.message(ctx, id))
		}
		return status, status == "available", err
	})
}

func (c *Cloud) snapshotStatus(ctx context.Context, id string) (string, error) {
	var out struct{ Snapshot snapshotJSON }
	_, err := c.do(ctx, call{op: "read snapshot", object: id, method: http.MethodGet, service: c.volume,
		path: []string{"snapshots", id}, out: &out, id: &out.Snapshot.ID})
	return out.Snapshot.Status, err
}

// Snapshots is EachSnapshot, collected.
func (c *Cloud) Snapshots(ctx context.Context) ([]Snapshot, error) {
	return collect(c.EachSnapshot(kept(ctx)))
}

// EachSnapshot reads the volume snapshots of all projects page by page. An error is the last that it gives.
//
// Similar To: openstack volume snapshot list --all-projects
func (c *Cloud) EachSnapshot(ctx context.Context) iter.Seq2[Snapshot, error] {
	return each(ctx, c, list[snapshotJSON]{key: "snapshots", call: call{op: "list snapshots", service: c.volume,
		path: []string{"snapshots", "detail"}, query: everything()}},
		func(s snapshotJSON) (Snapshot, bool) { return s.snapshot(), true })
}

// DeleteSnapshot deletes a snapshot and waits until it is gone. It is not an error
// when there is no such snapshot.
//
// Similar To: openstack volume snapshot delete
func (c *Cloud) DeleteSnapshot(ctx context.Context, id string) error {
	return c.remove(ctx, c.deletion("snapshot", id), func(ctx context.Context) (string, error) {
		return c.snapshotStatus(ctx, id)
	})
}

// ForceDeleteSnapshot deletes a snapshot in whatever status it is, and waits until it is gone.
//
// Similar To: openstack volume snapshot delete --force
func (c *Cloud) ForceDeleteSnapshot(ctx context.Context, id string) error {
	k := c.force("snapshot", id, map[string]any{"os-force_delete": struct{}{}})
	return c.remove(ctx, k, func(ctx context.Context) (string, error) { return c.snapshotStatus(ctx, id) })
}
