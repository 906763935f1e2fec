package openstacktest

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/cephstack/cephstack/openstack/api"
)

type backup struct {
	api.Backup
	parent string
	size   int
}

func (b *backup) json() map[string]any {
	var reason any
	if b.FailReason != "" {
		reason = b.FailReason
	}
	return map[string]any{"id": b.ID, "name": b.Name, "status": b.Status, "volume_id": b.VolumeID,
		"is_incremental": b.Incremental, "description": b.Description, "created_at": b.Created.Format(zoneless),
		"container": b.Container, "fail_reason": reason, "size": b.size,
		"snapshot_id": nil, "has_dependent_backups": b.HasDependents,
		"os-backup-project-attr:project_id": cmp.Or(b.Project, project)}
}

func createBackup(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Backup struct {
			VolumeID    string `json:"volume_id"`
			Name        string `json:"name"`
			Text        string `json:"description"`
			Incremental bool   `json:"incremental"`
			Force       bool   `json:"force"`
			Zone        string `json:"availability_zone"`
		} `json:"backup"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Backup.Zone != "" && minor(r, "volume") < 51 {
		return 0, nil, refuse(http.StatusBadRequest,
			"Additional properties are not allowed ('availability_zone' was unexpected)")
	}
	v := s.volumes.byID[in.Backup.VolumeID]
	if v == nil {
		return 0, nil, noSuch("Volume", in.Backup.VolumeID)
	}
	if v.Status == "in-use" && !in.Backup.Force {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid volume: Backing up an in-use volume must use the force flag.")
	}
	if v.Status != "in-use" && v.Status != "available" {
		return 0, nil, refuse(http.StatusBadRequest,
			"Invalid volume: Volume to be backed up must be available or in-use, but the current status is \"%s\".", v.Status)
	}
	if len(s.inZone("cinder-backup", cmp.Or(in.Backup.Zone, v.Zone))) == 0 {
		return 0, nil, refuse(http.StatusServiceUnavailable, "Service cinder-backup could not be found.")
	}
	parent := ""
	for _, b := range s.backups.all() {
		if b.VolumeID == v.ID && b.Status == "available" {
			parent = b.ID
		}
	}
	if in.Backup.Incremental && parent == "" {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid backup: No backups available to do an incremental backup.")
	}
	if !in.Backup.Incremental {
		parent = ""
	}
	made := s.backUp(v, api.Backup{Name: in.Backup.Name, Description: in.Backup.Text}, parent)
	return http.StatusAccepted, map[string]any{"backup": made.json()}, nil
}

// backUp starts a backup.
func (s *Server) backUp(v *volume, in api.Backup, parent string) *backup {
	id := s.id()
	b := s.backups.add(id, backup{api.Backup{ID: id, Name: in.Name, Description: in.Description, Status: "creating",
		VolumeID: v.ID, Created: s.now(),
		Incremental: parent != ""}, parent, v.SizeGiB})
	before, now := v.Status, b.Backup
	v.Status = "backing-up"
	s.later(func() error {
		if s.cfg.Hooks.BackupCreated == nil {
			return nil
		}
		return s.cfg.Hooks.BackupCreated(&now, parent)
	}, func(err error) {
		v.Status, b.Backup = before, now
		b.Status = word(err == nil, "available", "error")
		if err != nil {
			b.FailReason = err.Error()
		}
	})
	return b
}

func listBackups(s *Server, r *http.Request) (int, any, error) {
	if err := s.queries(r, "all_tenants", "marker", "limit"); err != nil {
		return 0, nil, err
	}
	found, next := page(s, r, &s.backups, nil)
	out := []any{}
	for _, b := range found {
		out = append(out, b.json())
	}
	return http.StatusOK, map[string]any{"backups": out, "backups_links": links(r, next)}, nil
}

func showBackup(s *Server, r *http.Request) (int, any, error) {
	b := s.backups.byID[r.PathValue("id")]
	if b == nil {
		return 0, nil, noSuch("Backup", r.PathValue("id"))
	}
	return http.StatusOK, map[string]any{"backup": b.json()}, nil
}

func restoreBackup(s *Server, r *http.Request) (int, any, error) {
	var in struct {
		Restore struct {
			Name     string `json:"name"`
			VolumeID string `json:"volume_id"`
		} `json:"restore"`
	}
	if err := s.decode(r, &in); err != nil {
		return 0, nil, err
	}
	b := s.backups.byID[r.PathValue("id")]
	if b == nil {
		return 0, nil, noSuch("Backup", r.PathValue("id"))
	}
	if b.Status != "available" {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid backup: Backup status must be available")
	}
	v, err := s.restoreTarget(in.Restore.Name, in.Restore.VolumeID, b.size)
	if err != nil {
		return 0, nil, err
	}
	b.Status = "restoring"
	now := b.Backup
	s.build(v, v.Host, func(to *api.Volume) error {
		if s.cfg.Hooks.BackupRestored == nil {
			return nil
		}
		return s.cfg.Hooks.BackupRestored(now, to)
	}, func(error) { b.Status = "available" })
	return http.StatusAccepted, map[string]any{"restore": map[string]any{"backup_id": b.ID, "volume_id": v.ID,
		"volume_name": v.Name}}, nil
}

// restoreTarget is the volume that a restore writes into: a new volume of the
// default type, or the volume that was named.
func (s *Server) restoreTarget(name, id string, size int) (*volume, error) {
	if id == "" {
		host, err := s.backend("__DEFAULT__", defaultZone)
		if err != nil {
			return nil, err
		}
		return s.addVolume(api.Volume{Name: name, Status: "restoring-backup", SizeGiB: size, Host: host, Type: "__DEFAULT__",
			Zone: defaultZone}), nil
	}
	v := s.volumes.byID[id]
	switch {
	case v == nil:
		return nil, noSuch("Volume", id)
	case v.Status != "available":
		return nil, refuse(http.StatusBadRequest, "Invalid volume: Volume to be restored to must be available")
	case v.SizeGiB < size:
		return nil, refuse(http.StatusBadRequest, "Invalid volume: volume size %d is too small to restore backup of size %d.",
			v.SizeGiB, size)
	}
	v.Status = "restoring-backup"
	return v, nil
}

func deleteBackup(s *Server, r *http.Request) (int, any, error) {
	b := s.backups.byID[r.PathValue("id")]
	if b == nil {
		return 0, nil, noSuch("Backup", r.PathValue("id"))
	}
	if b.Status != "available" && b.Status != "error" {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid backup: Backup status must be available or error")
	}
	if slices.ContainsFunc(s.backups.all(), func(o *backup) bool { return o.parent == b.ID }) {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid backup: Incremental backups exist for this backup.")
	}
	b.Status = "deleting"
	now := b.Backup
	s.later(func() error {
		if s.cfg.Hooks.BackupDeleted == nil {
			return nil
		}
		return s.cfg.Hooks.BackupDeleted(now)
	}, func(err error) {
		if err == nil {
			s.backups.remove(b.ID)
			return
		}
		b.Status, b.FailReason = "error", err.Error()
	})
	return http.StatusAccepted, nil, nil
}
